/* SPDX-License-Identifier: MIT
 *
 * Decides which phase and class a CURLcode is. Where one code stands for several, how far the
 * transfer came decides, and last the text, in which libcurl passes on what the TLS library said.
 */
#include "client/adapters/base/error.h"
#include "client/adapters/curl_instance.h"

#include <string.h>

static enum eighth_phase phase_reached(const eighth_instance *instance)
{
    return instance->ready     ? EIGHTH_PHASE_REQUEST
           : instance->shaking ? EIGHTH_PHASE_TLS
                               : EIGHTH_PHASE_TCP;
}

static bool mentions(const eighth_instance *instance, const char *words)
{
    return strstr(instance->text, words) != NULL;
}

/* The connection's end, not a breach of a protocol, made the TLS or the HTTP/2 library fail. */
static bool was_cut(const eighth_instance *instance)
{
    return mentions(instance, "SSL_ERROR_SYSCALL") || mentions(instance, "reset by peer") ||
           mentions(instance, "unexpected eof") || mentions(instance, "Broken pipe");
}

static int explain_handshake(const eighth_instance *instance, CURLcode code, const char *text,
                             struct eighth_error *error)
{
    bool no_protocol = mentions(instance, "no application protocol");
    return error_set(error, no_protocol ? EIGHTH_PHASE_ALPN : EIGHTH_PHASE_TLS,
                     was_cut(instance) ? EIGHTH_RESET : EIGHTH_PROTOCOL, code, "%s", text);
}

struct meaning {
    CURLcode code;
    enum eighth_phase phase; /* EIGHTH_PHASE_NONE: as far as the transfer came */
    enum eighth_class class;
};

static const struct meaning meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, EIGHTH_PHASE_RESOLVE, EIGHTH_REFUSED},
    {CURLE_COULDNT_CONNECT, EIGHTH_PHASE_TCP, EIGHTH_REFUSED},
    {CURLE_OPERATION_TIMEDOUT, EIGHTH_PHASE_NONE, EIGHTH_TIMEOUT},
    {CURLE_PEER_FAILED_VERIFICATION, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE},
    {CURLE_SSL_ISSUER_ERROR, EIGHTH_PHASE_TLS, EIGHTH_CERTIFICATE},
    {CURLE_SSL_CACERT_BADFILE, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL},
    {CURLE_GOT_NOTHING, EIGHTH_PHASE_NONE, EIGHTH_RESET},
    {CURLE_SEND_ERROR, EIGHTH_PHASE_NONE, EIGHTH_RESET},
    {CURLE_RECV_ERROR, EIGHTH_PHASE_NONE, EIGHTH_RESET},
    {CURLE_PARTIAL_FILE, EIGHTH_PHASE_REQUEST, EIGHTH_RESET},
    {CURLE_HTTP2_STREAM, EIGHTH_PHASE_REQUEST, EIGHTH_RESET},
    {CURLE_HTTP2, EIGHTH_PHASE_REQUEST, EIGHTH_PROTOCOL},
    {CURLE_WEIRD_SERVER_REPLY, EIGHTH_PHASE_REQUEST, EIGHTH_PROTOCOL},
    {CURLE_UNSUPPORTED_PROTOCOL, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED},
};

int curl_explain(const eighth_instance *instance, CURLcode code, struct eighth_error *error)
{
    const char *text = instance->text[0] != '\0' ? instance->text : curl_easy_strerror(code);
    if (instance->wrong_protocol) {
        return error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, code,
                         "the server selected none of the protocols asked for");
    }
    if (code == CURLE_SSL_CONNECT_ERROR) {
        return explain_handshake(instance, code, text, error);
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *meaning = &meanings[i];
        if (meaning->code == code) {
            return error_set(
                error,
                meaning->phase != EIGHTH_PHASE_NONE ? meaning->phase : phase_reached(instance),
                code == CURLE_HTTP2 && was_cut(instance) ? EIGHTH_RESET : meaning->class, code,
                "%s", text);
        }
    }
    return error_set(error, phase_reached(instance), EIGHTH_INTERNAL, code, "%s", text);
}
