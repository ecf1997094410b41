/* SPDX-License-Identifier: MIT
 *
 * The tables of a scenario's `target`: the embedded server, its faults, or an address.
 */
#include "harness/base/ledger.h"
#include "harness/scenario/resolve.h"
#include "harness/scenario/shape.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const struct choice tls_versions[] = {{"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};

static const struct choice certificates[] = {
    {"valid", CERTIFICATE_VALID},           {"expired", CERTIFICATE_EXPIRED},
    {"wrong-host", CERTIFICATE_WRONG_HOST}, {"unknown-ca", CERTIFICATE_UNKNOWN_CA},
    {"long-chain", CERTIFICATE_LONG_CHAIN}, {NULL, 0},
};

static const struct choice certificate_keys[] = {{"ecdsa", KEY_ECDSA}, {"rsa", KEY_RSA}, {NULL, 0}};

/* ---- versions ---- */

static int check_versions(struct reading *reading, const struct place *place, const cJSON *object,
                          void *model)
{
    const struct embedded_model *embedded = model;
    (void)object;
    if (embedded->tls_min > embedded->tls_max) {
        return reading_fail(reading, place, "`min` is above `max`");
    }
    return 0;
}

static const struct key versions_keys[] = {
    {.name = "min",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct embedded_model, tls_min),
     .choices = tls_versions,
     .fallback = "\"1.2\"",
     .help = "lowest TLS version that the target accepts"},
    {.name = "max",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct embedded_model, tls_max),
     .choices = tls_versions,
     .fallback = "\"1.3\"",
     .help = "highest TLS version that the target accepts"},
};

static const struct shape shape_versions = {
    .name = "versions",
    .help = "TLS versions that the target accepts",
    .keys = versions_keys,
    .count = sizeof versions_keys / sizeof *versions_keys,
    .check = check_versions,
};

/* ---- embedded ---- */

static cJSON *faults_schema(void)
{
    return shape_literal(
        "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"$ref\":\"#/$defs/fault\"}}");
}

static int read_faults(struct reading *reading, const struct place *place, cJSON *value,
                       void *model)
{
    struct embedded_model *embedded = model;
    char text[READING_QUOTE];
    if (!cJSON_IsArray(value)) {
        return reading_fail(reading, place, "expected a list of faults, got %s",
                            reading_describe(text, value));
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    if (count > LEDGER_FAULTS) {
        return reading_fail(reading, place, "at most %u faults can be given", LEDGER_FAULTS);
    }
    embedded->faults = calloc(count + 1, sizeof *embedded->faults);
    if (embedded->faults == NULL) {
        return reading_no_memory(reading);
    }
    embedded->fault_count = count;
    struct place item_place = {place, NULL, 0};
    for (cJSON *item = value->child; item != NULL; item = item->next, item_place.index++) {
        if (shape_read(reading, &item_place, item, &shape_fault,
                       &embedded->faults[item_place.index]) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_embedded(struct reading *reading, const struct place *place, const cJSON *object,
                          void *model)
{
    const struct embedded_model *embedded = model;
    (void)object;
    if (embedded->tls) {
        return 0;
    }
    if (embedded->certificate != CERTIFICATE_VALID) {
        struct place at = {place, "certificate", 0};
        return reading_fail(reading, &at,
                            "a certificate of this kind needs TLS, but `tls` is false");
    }
    struct place list = {place, "faults", 0};
    for (size_t i = 0; i < embedded->fault_count; i++) {
        const struct fault_kind *kind = fault_kind_of(embedded->faults[i].id);
        if (kind->tls_only) {
            struct place item = {&list, NULL, i};
            struct place at = {&item, "fault", 0};
            return reading_fail(reading, &at, "the fault `%s` needs TLS, but `tls` is false",
                                kind->name);
        }
    }
    return 0;
}

static const struct key embedded_keys[] = {
    {.name = "tls",
     .type = VALUE_FLAG,
     KEY_FIELD(struct embedded_model, tls),
     .fallback = "true",
     .help = "TLS; without it clear text: HTTP/2 with prior knowledge (h2c), or HTTP/1.1"},
    {.name = "versions",
     .type = VALUE_OBJECT,
     .shape = &shape_versions,
     .fallback = "{}",
     .help = "TLS versions that the target accepts"},
    {.name = "certificate",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct embedded_model, certificate),
     .choices = certificates,
     .fallback = "\"valid\"",
     .help = "what is wrong with the certificate of every connection, if anything"},
    {.name = "key",
     .type = VALUE_CHOICE,
     KEY_FIELD(struct embedded_model, key),
     .choices = certificate_keys,
     .fallback = "\"ecdsa\"",
     .help = "kind of the certificate's key: ECDSA P-256 or RSA 2048"},
    {.name = "tickets",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct embedded_model, tickets),
     .minimum = 0,
     .maximum = 16,
     .fallback = "2",
     .help = "session tickets sent after a full handshake (TLS 1.2: 0 or 1); 0: no resumption"},
    {.name = "renew_tickets",
     .type = VALUE_FLAG,
     KEY_FIELD(struct embedded_model, renew_tickets),
     .fallback = "false",
     .help = "a new ticket at every resumption, with TLS 1.2 too"},
    {.name = "alpn",
     .type = VALUE_TEXT,
     KEY_FIELD(struct embedded_model, alpn),
     .form = &form_protocols,
     .fallback = "\"h2,http/1.1\"",
     .help = "protocols that the target selects from, in its order of preference"},
    {.name = "threads",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct embedded_model, threads),
     .minimum = 0,
     .maximum = LEDGER_THREADS,
     .fallback = "0",
     .help = "threads of the target; 0: one for each processor"},
    {.name = "port",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct embedded_model, port),
     .minimum = 0,
     .maximum = 65535,
     .fallback = "0",
     .help = "port on 127.0.0.1; 0: any that is free"},
    {.name = "max_streams",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct embedded_model, max_streams),
     .minimum = 1,
     .maximum = 2147483647,
     .fallback = "100",
     .help = "SETTINGS_MAX_CONCURRENT_STREAMS"},
    {.name = "faults",
     .type = VALUE_CUSTOM,
     .read = read_faults,
     .schema = faults_schema,
     .fallback = "[]",
     .expected = "list of faults",
     .help = "what goes wrong on purpose, and on which connections; the first rule that hits a "
             "connection wins"},
};

static const struct shape shape_embedded = {
    .name = "embedded",
    .help = "the server that eighth starts",
    .keys = embedded_keys,
    .count = sizeof embedded_keys / sizeof *embedded_keys,
    .check = check_embedded,
};

/* ---- target ---- */

/* Splits what has the form of an address into the model: 0, -1 if the port is none, -2 without
 * memory. */
static int split_address(const char *text, struct target_model *target)
{
    const char *colon = strrchr(text, ':');
    long port = strtol(colon + 1, NULL, 10);
    if (port < 1 || port > 65535) {
        return -1;
    }
    bool bracketed = *text == '[';
    const char *host = text + bracketed;
    free(target->host);
    target->host = strndup(host, (size_t)(colon - host) - bracketed);
    target->port = (uint16_t)port;
    return target->host != NULL ? 0 : -2;
}

static int read_address(struct reading *reading, const struct place *place, cJSON *value,
                        void *model)
{
    struct target_model *target = model;
    target->kind = TARGET_ADDRESS;
    bool fits = cJSON_IsString(value) && strlen(value->valuestring) <= 300 &&
                form_address.fits(value->valuestring);
    int split = fits ? split_address(value->valuestring, target) : -1;
    if (split == -2) {
        return reading_no_memory(reading);
    }
    if (split != 0) {
        char text[READING_QUOTE];
        return reading_fail(reading, place, "expected %s, got %s", form_address.expected,
                            reading_describe(text, value));
    }
    return 0;
}

static cJSON *address_schema(void)
{
    return shape_text_schema(&form_address);
}

static int read_ca(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct target_model *target = model;
    char text[READING_QUOTE];
    if (!cJSON_IsString(value) || *value->valuestring == '\0' ||
        !resolve_is_path(value->valuestring)) {
        return reading_fail(reading, place, "expected the path of a PEM file, got %s",
                            reading_describe(text, value));
    }
    /* Unlike a library, a file without a folder is still a file. */
    if (strchr(value->valuestring, '/') == NULL) {
        char *path = resolve_path("./", value->valuestring);
        if (path == NULL || cJSON_SetValuestring(value, path) == NULL) {
            free(path);
            return reading_no_memory(reading);
        }
        free(path);
    }
    return resolve_into(reading, value, &target->ca_file);
}

static cJSON *ca_schema(void)
{
    return shape_literal("{\"type\":\"string\",\"minLength\":1}");
}

static const struct key target_keys[] = {
    {.name = "embedded",
     .type = VALUE_OBJECT,
     KEY_FIELD(struct target_model, embedded),
     .shape = &shape_embedded,
     .fallback = "{}",
     .unless = "address",
     .help = "the server that eighth starts for the run"},
    {.name = "address",
     .type = VALUE_CUSTOM,
     .read = read_address,
     .schema = address_schema,
     .expected = "\"host:port\"",
     .help = "a server that runs already; other machines need `--allow-remote`"},
    {.name = "tls",
     .type = VALUE_FLAG,
     KEY_FIELD(struct target_model, tls),
     .needs = "address",
     .fallback = "true",
     .help = "the server at the address speaks TLS"},
    {.name = "ca",
     .type = VALUE_CUSTOM,
     .read = read_ca,
     .schema = ca_schema,
     .needs = "address",
     .expected = "path",
     .help = "PEM file with the roots to trust, relative to the scenario's folder; without it the "
             "system's"},
    {.name = "sni",
     .type = VALUE_TEXT,
     KEY_FIELD(struct target_model, sni),
     .needs = "address",
     .form = &form_host,
     .help = "name to send and to verify, instead of the host of the address"},
    {.name = "nonce",
     .type = VALUE_FLAG,
     KEY_FIELD(struct target_model, nonce),
     .needs = "address",
     .fallback = "false",
     .help = "the server sends the request header `eighth-nonce` back, so cross-talk can be seen"},
};

const struct shape shape_target = {
    .name = "target",
    .help = "the server that the clients talk to",
    .keys = target_keys,
    .count = sizeof target_keys / sizeof *target_keys,
    .alternatives = {"embedded", "address"},
};

/* ---- loopback ---- */

bool scenario_target_is_loopback(const struct scenario *scenario)
{
    if (scenario->target.kind == TARGET_EMBEDDED) {
        return true;
    }
    const char *host = scenario->target.host;
    struct in_addr address;
    struct in6_addr address6;
    if (inet_pton(AF_INET, host, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &address6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&address6);
    }
    return strcasecmp(host, "localhost") == 0;
}
