/* SPDX-License-Identifier: MIT
 *
 * The fault records, and which connection a rule hits.
 */
#include "harness/scenario/fault.h"
#include "client/eighth_client.h"
#include "harness/base/clock.h"
#include "harness/base/prf.h"

#include <string.h>

/* A client that waits for the server's SETTINGS in open meets a broken connection there, one that
 * does not meets it in its first request; and a close may be the first to write to it. */
#define CONNECTION_LOST                                                    \
    {EIGHTH_PHASE_H2, EIGHTH_RESET}, {EIGHTH_PHASE_REQUEST, EIGHTH_RESET}, \
    {                                                                      \
        EIGHTH_PHASE_CLOSE, EIGHTH_RESET                                   \
    }

static const struct fault_kind kinds[] = {
    {
        .id = FAULT_REFUSE,
        .name = "refuse",
        .help = "refuse the TCP connection",
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_TCP, EIGHTH_REFUSED}},
    },
    {
        .id = FAULT_NEVER_ANSWER,
        .name = "never-answer",
        .help = "accept the connection, then never send a byte",
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_TIMEOUT},
                     {EIGHTH_PHASE_H2, EIGHTH_TIMEOUT},
                     {EIGHTH_PHASE_REQUEST, EIGHTH_TIMEOUT},
                     {EIGHTH_PHASE_CLOSE, EIGHTH_TIMEOUT}},
    },
    {
        .id = FAULT_STALL_HANDSHAKE,
        .name = "stall-handshake",
        .help = "read the ClientHello, then never send a byte",
        .tls_only = true,
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_TIMEOUT}},
    },
    {
        .id = FAULT_RESET_HANDSHAKE,
        .name = "reset-handshake",
        .help = "read the ClientHello, then reset the TCP connection",
        .tls_only = true,
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_RESET}},
    },
    {
        .id = FAULT_FATAL_ALERT,
        .name = "fatal-alert",
        .help = "read the ClientHello, then send the fatal alert handshake_failure",
        .tls_only = true,
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_PROTOCOL}},
    },
    {
        .id = FAULT_CERTIFICATE_EXPIRED,
        .name = "certificate-expired",
        .help = "show a certificate that expired yesterday",
        .tls_only = true,
        .must_fail = true,
        .open = FAULT_OPEN_UNVERIFIED,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE}},
    },
    {
        .id = FAULT_CERTIFICATE_WRONG_HOST,
        .name = "certificate-wrong-host",
        .help = "show a certificate for another host",
        .tls_only = true,
        .must_fail = true,
        .open = FAULT_OPEN_UNVERIFIED,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE}},
    },
    {
        .id = FAULT_CERTIFICATE_UNKNOWN_CA,
        .name = "certificate-unknown-ca",
        .help = "show a certificate of an authority that the client does not know",
        .tls_only = true,
        .must_fail = true,
        .open = FAULT_OPEN_UNVERIFIED,
        .outcomes = {{EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE}},
    },
    {
        .id = FAULT_NO_ALPN,
        .name = "no-alpn",
        .help = "end the handshake without selecting a protocol",
        .tls_only = true,
        .must_fail = true,
        .open = FAULT_OPEN_WITHOUT_ALPN,
        .outcomes = {{EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL}},
    },
    {
        .id = FAULT_NO_CLOSE_NOTIFY,
        .name = "no-close-notify",
        .help = "after the first response close TCP without close_notify",
        .tls_only = true,
        .outcomes = {CONNECTION_LOST},
    },
    {
        .id = FAULT_RESET_AFTER_HANDSHAKE,
        .name = "reset-after-handshake",
        .help =
            "reset the TCP connection as soon as the handshake is done (in clear text: when the "
            "first bytes came)",
        .must_fail = true,
        .outcomes = {CONNECTION_LOST, {EIGHTH_PHASE_TLS, EIGHTH_RESET}},
    },
    {
        .id = FAULT_GOAWAY,
        .name = "goaway",
        .help =
            "with the response number `after` send GOAWAY, serve no later request, and close the "
            "connection once all before it are served",
        .parameters = FAULT_TAKES_AFTER | FAULT_TAKES_CODE,
        .outcomes = {CONNECTION_LOST,
                     {EIGHTH_PHASE_H2, EIGHTH_REFUSED},
                     {EIGHTH_PHASE_REQUEST, EIGHTH_REFUSED}},
    },
    {
        .id = FAULT_RST_STREAM,
        .name = "rst-stream",
        .help = "answer each request after the first `after` ones with RST_STREAM",
        .parameters = FAULT_TAKES_AFTER | FAULT_TAKES_CODE,
        .default_code = 2, /* INTERNAL_ERROR */
        .outcomes = {{EIGHTH_PHASE_REQUEST, EIGHTH_RESET}, {EIGHTH_PHASE_REQUEST, EIGHTH_REFUSED}},
    },
    {
        .id = FAULT_DELAYED_BODY,
        .name = "delayed-body",
        .help = "send the header section at once and the body after `delay`",
        .parameters = FAULT_TAKES_DELAY,
        .default_delay_ns = 250 * NS_PER_MS,
        .outcomes = {{EIGHTH_PHASE_REQUEST, EIGHTH_TIMEOUT}},
    },
    {
        .id = FAULT_DRIPPED_BODY,
        .name = "dripped-body",
        .help = "send the body in pieces of one byte, `delay` between them",
        .parameters = FAULT_TAKES_DELAY,
        .default_delay_ns = 5 * NS_PER_MS,
        .outcomes = {{EIGHTH_PHASE_REQUEST, EIGHTH_TIMEOUT}},
    },
    {
        .id = FAULT_TRUNCATED_BODY,
        .name = "truncated-body",
        .help =
            "end the stream before content-length is reached (a response that can have no body: "
            "RST_STREAM)",
        .must_fail = true,
        .outcomes = {{EIGHTH_PHASE_REQUEST, EIGHTH_PROTOCOL}, {EIGHTH_PHASE_REQUEST, EIGHTH_RESET}},
    },
};

_Static_assert(sizeof kinds / sizeof kinds[0] == FAULT_COUNT - 1, "one record for each fault");

const struct fault_kind *fault_kind_of(unsigned id)
{
    return id > FAULT_NONE && id < FAULT_COUNT ? &kinds[id - 1] : NULL;
}

const struct fault_kind *fault_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool fault_explains(const struct fault_kind *kind, int phase, int error_class)
{
    for (size_t i = 0; i < FAULT_OUTCOMES && kind->outcomes[i].phase != 0; i++) {
        if (kind->outcomes[i].phase == phase && kind->outcomes[i].error_class == error_class) {
            return true;
        }
    }
    return false;
}

/* index keeps the draws of several rules with a probability independent of each other. */
static bool rule_hits(const struct fault_rule *rule, size_t index, uint64_t seed, uint64_t ordinal)
{
    if (rule->every != 0) {
        return ordinal % rule->every == 0;
    }
    if (rule->at != 0) {
        return ordinal == rule->at;
    }
    enum prf_domain domain = rule->id == FAULT_REFUSE ? PRF_REFUSE : PRF_FAULT;
    return prf_unit(prf(seed, domain, ordinal, index, 0)) < rule->probability;
}

const struct fault_rule *fault_choose(const struct fault_rule *rules, size_t count, uint64_t seed,
                                      uint64_t ordinal, bool refuse)
{
    for (size_t i = 0; i < count; i++) {
        if ((rules[i].id == FAULT_REFUSE) == refuse && rule_hits(&rules[i], i, seed, ordinal)) {
            return &rules[i];
        }
    }
    return NULL;
}
