/* SPDX-License-Identifier: MIT
 *
 * Decides which endpoints this client accepts.
 */
#include "client/h2/endpoint.h"

#include "client/h2/error.h"
#include "client/h2/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct eighth_error *error, const char *what)
{
    return h2_error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0, "%s", what);
}

static bool known_version(uint16_t version)
{
    return version == 0 || version == 0x0303 || version == 0x0304;
}

static int check(const struct eighth_endpoint *source, struct eighth_error *error)
{
    if (source->host == NULL || source->host[0] == '\0') {
        return refuse(error, "the endpoint has no host");
    }
    if (!known_version(source->tls_min) || !known_version(source->tls_max)) {
        return refuse(error, "TLS version bounds must be 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3)");
    }
    if (source->tls_max != 0 && source->tls_min > source->tls_max) {
        return refuse(error, "the lowest TLS version is above the highest");
    }
    if (source->session < EIGHTH_SESSION_NONE || source->session > EIGHTH_SESSION_IMPORT) {
        return refuse(error, "unknown session policy");
    }
    return 0;
}

/* "h2,http/1.1" becomes "\2h2\10http/1.1": each name takes the place of its comma. */
static int write_alpn(struct h2_endpoint *endpoint, const char *list, struct eighth_error *error)
{
    if (list == NULL || list[0] == '\0') {
        return 0;
    }
    size_t length = strlen(list);
    char *wire = h2_allocate(length + 2);
    if (wire == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    endpoint->alpn = wire;
    memcpy(wire + 1, list, length);
    for (size_t start = 0; start <= length;) {
        size_t name = strcspn(list + start, ",");
        if (name == 0 || name > 255) {
            return refuse(error, "a protocol name in the ALPN list is empty or too long");
        }
        wire[start] = (char)name;
        start += name + 1;
    }
    endpoint->alpn_length = (unsigned)(length + 1);
    return 0;
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : h2_allocate_raw((size_t)length + 1);
    if (text != NULL) {
        va_start(arguments, format);
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}

static char *write_authority(const struct h2_endpoint *endpoint)
{
    const char *name = endpoint->sni != NULL ? endpoint->sni : endpoint->host;
    bool bracket = strchr(name, ':') != NULL; /* an IPv6 literal */
    const char *open = bracket ? "[" : "";
    const char *close = bracket ? "]" : "";
    if (endpoint->port == (endpoint->tls ? 443 : 80)) {
        return print("%s%s%s", open, name, close);
    }
    return print("%s%s%s:%u", open, name, close, endpoint->port);
}

/* A session stands for a verified peer: who verifies less must not lend its sessions to who
 * verifies more. The separator is no part of a name. */
static char *write_identity(const struct h2_endpoint *endpoint, const char *alpn)
{
    return print("%s\n%u\n%s\n%s\n%x-%x\n%d\n%s", endpoint->host, endpoint->port,
                 endpoint->sni != NULL ? endpoint->sni : "", alpn != NULL ? alpn : "",
                 endpoint->tls_min, endpoint->tls_max, endpoint->verify,
                 endpoint->ca_file != NULL ? endpoint->ca_file : "");
}

int h2_endpoint_copy(struct h2_endpoint *endpoint, const struct eighth_endpoint *given,
                     struct eighth_error *error)
{
    struct eighth_endpoint source = {0};
    memcpy(&source, given, given->size < sizeof(source) ? given->size : sizeof(source));
    if (check(&source, error) != 0) {
        return -1;
    }
    endpoint->port = source.port;
    endpoint->tls = source.tls != 0;
    endpoint->verify = source.verify != 0;
    endpoint->tls_min = source.tls_min;
    endpoint->tls_max = source.tls_max;
    endpoint->session = (enum eighth_session_policy)source.session;
    endpoint->host = h2_copy_text(source.host);
    endpoint->sni = h2_copy_text(source.sni);
    endpoint->ca_file = h2_copy_text(source.ca_file);
    if (endpoint->host == NULL || (endpoint->sni == NULL) != (source.sni == NULL) ||
        (endpoint->ca_file == NULL) != (source.ca_file == NULL)) {
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    endpoint->authority = write_authority(endpoint);
    endpoint->identity = write_identity(endpoint, source.alpn);
    if (endpoint->authority == NULL || endpoint->identity == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    return write_alpn(endpoint, source.alpn, error);
}

void h2_endpoint_release(struct h2_endpoint *endpoint)
{
    h2_release(endpoint->host);
    h2_release(endpoint->sni);
    h2_release(endpoint->ca_file);
    h2_release(endpoint->alpn);
    h2_release(endpoint->authority);
    h2_release(endpoint->identity);
    *endpoint = (struct h2_endpoint){0};
}

bool h2_endpoint_offers(const struct h2_endpoint *endpoint, const unsigned char *protocol,
                        unsigned length)
{
    const unsigned char *list = (const unsigned char *)endpoint->alpn;
    for (unsigned at = 0; at < endpoint->alpn_length; at += list[at] + 1U) {
        if (list[at] == length && memcmp(list + at + 1, protocol, length) == 0) {
            return true;
        }
    }
    return false;
}
