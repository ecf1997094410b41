/* SPDX-License-Identifier: MIT
 *
 * Decides what GnuTLS's errors mean.
 */
#include "client/adapters/gnutls_link.h"

#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MOST_PROTOCOLS 8U

int gnutls_link_init(struct gnutls_link *link, const struct endpoint *endpoint,
                     struct eighth_error *error)
{
    *link = (struct gnutls_link){.endpoint = endpoint, .fd = -1};
    if (!endpoint->tls) {
        return 0;
    }
    if (gnutls_certificate_allocate_credentials(&link->credentials) < 0) {
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    int loaded = endpoint->ca_file != NULL
                     ? gnutls_certificate_set_x509_trust_file(link->credentials, endpoint->ca_file,
                                                              GNUTLS_X509_FMT_PEM)
                     : gnutls_certificate_set_x509_system_trust(link->credentials);
    return loaded >= 0 || !endpoint->verify
               ? 0
               : error_set(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, loaded, "the roots: %s",
                           gnutls_strerror(loaded));
}

void gnutls_link_release(struct gnutls_link *link)
{
    gnutls_link_close(link, true);
    if (link->credentials != NULL) {
        gnutls_certificate_free_credentials(link->credentials);
        link->credentials = NULL;
    }
}

/* ---- the handshake ---- */

static int set_protocols(gnutls_session_t session, char *list)
{
    gnutls_datum_t names[MOST_PROTOCOLS];
    unsigned count = 0;
    for (char *name = list; name != NULL && count < MOST_PROTOCOLS; count++) {
        size_t length = strcspn(name, ",");
        names[count].data = (unsigned char *)name;
        names[count].size = (unsigned)length;
        name = name[length] == ',' ? name + length + 1 : NULL;
    }
    return gnutls_alpn_set_protocols(session, names, count, 0);
}

static int set_versions(gnutls_session_t session, const struct endpoint *endpoint)
{
    char priority[64];
    bool with_12 = endpoint->tls_min <= 0x0303;
    bool with_13 = endpoint->tls_max == 0 || endpoint->tls_max >= 0x0304;
    (void)snprintf(priority, sizeof priority, "NORMAL:-VERS-ALL%s%s",
                   with_13 ? ":+VERS-TLS1.3" : "", with_12 ? ":+VERS-TLS1.2" : "");
    return gnutls_priority_set_direct(session, priority, NULL);
}

/* 0, or an error of GnuTLS. */
static int prepare(struct gnutls_link *link)
{
    const struct endpoint *endpoint = link->endpoint;
    /* Without GNUTLS_NO_SIGNAL a write to a connection that was reset would raise SIGPIPE. */
    int result = gnutls_init(&link->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
    if (result < 0) {
        link->session = NULL;
        return result;
    }
    result = set_versions(link->session, endpoint);
    if (result == 0) {
        result = gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, link->credentials);
    }
    if (result == 0 && !endpoint_name_is_literal(endpoint)) {
        result = gnutls_server_name_set(link->session, GNUTLS_NAME_DNS, endpoint->name,
                                        strlen(endpoint->name));
    }
    if (result == 0 && endpoint->alpn != NULL) {
        result = set_protocols(link->session, endpoint->alpn);
    }
    if (endpoint->verify) {
        gnutls_session_set_verify_cert(link->session, endpoint->name, 0);
    }
    gnutls_transport_set_int(link->session, link->fd);
    return result;
}

static int explain(struct gnutls_link *link, enum eighth_phase phase, int code,
                   struct eighth_error *error)
{
    enum eighth_class class = EIGHTH_PROTOCOL;
    const char *text = gnutls_strerror(code);
    switch (code) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
        class = EIGHTH_CERTIFICATE;
        break;
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PUSH_ERROR:
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_SESSION_EOF:
        class = EIGHTH_RESET;
        break;
    case GNUTLS_E_MEMORY_ERROR:
        class = EIGHTH_INTERNAL;
        break;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        text = gnutls_alert_get_name(gnutls_alert_get(link->session));
        if (gnutls_alert_get(link->session) == GNUTLS_A_NO_APPLICATION_PROTOCOL) {
            phase = EIGHTH_PHASE_ALPN;
        }
        break;
    default:
        break;
    }
    return error_set(error, phase, class, code, "%s", text != NULL ? text : "TLS failed");
}

static int shake_hands(struct gnutls_link *link, uint64_t deadline, struct eighth_error *error)
{
    int code;
    while ((code = gnutls_handshake(link->session)) != 0) {
        if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED) {
            bool writes = gnutls_record_get_direction(link->session) == 1;
            if (!socket_wait(link->fd, writes ? POLLOUT : POLLIN, deadline)) {
                return error_set(error, EIGHTH_PHASE_TLS, EIGHTH_TIMEOUT, 0,
                                 "the handshake did not end in time");
            }
        } else if (gnutls_error_is_fatal(code)) {
            return explain(link, EIGHTH_PHASE_TLS, code, error);
        }
    }
    return 0;
}

static int note_handshake(struct gnutls_link *link, struct eighth_connection *connection,
                          struct eighth_error *error)
{
    gnutls_datum_t protocol = {NULL, 0};
    bool selected = gnutls_alpn_get_selected_protocol(link->session, &protocol) == 0;
    connection->resumed = gnutls_session_is_resumed(link->session) != 0;
    connection->tls_version =
        gnutls_protocol_get_version(link->session) == GNUTLS_TLS1_3 ? 0x0304 : 0x0303;
    if (selected && protocol.size < sizeof connection->alpn) {
        memcpy(connection->alpn, protocol.data, protocol.size);
    }
    if (link->endpoint->alpn == NULL ||
        (selected && protocol.size == 2 && memcmp(protocol.data, "h2", 2) == 0)) {
        return 0;
    }
    return error_set(error, EIGHTH_PHASE_ALPN, EIGHTH_PROTOCOL, 0, "the server did not select h2");
}

int gnutls_link_open(struct gnutls_link *link, uint64_t deadline,
                     struct eighth_connection *connection, struct eighth_error *error)
{
    link->fd = socket_dial(link->endpoint, deadline, connection, error);
    if (link->fd < 0) {
        return -1;
    }
    if (!link->endpoint->tls) {
        return 0;
    }
    uint64_t begun = clock_ns();
    int code = prepare(link);
    int result = code < 0 ? error_set(error, EIGHTH_PHASE_TLS, EIGHTH_INTERNAL, code,
                                      "preparing TLS: %s", gnutls_strerror(code))
                          : shake_hands(link, deadline, error);
    connection->tls_ns = clock_ns() - begun;
    if (result == 0) {
        result = note_handshake(link, connection, error);
    }
    if (result != 0) {
        gnutls_link_close(link, true);
    }
    return result;
}

/* ---- bytes ---- */

/* A result of the socket or of GnuTLS: at least 0; -1 for "not now"; -2 with *error. */
static ssize_t judge(struct gnutls_link *link, ssize_t moved, enum eighth_phase phase,
                     struct eighth_error *error)
{
    if (moved >= 0) {
        return moved;
    }
    if (link->session != NULL) {
        return moved == GNUTLS_E_AGAIN || moved == GNUTLS_E_INTERRUPTED ||
                       !gnutls_error_is_fatal((int)moved)
                   ? -1
                   : explain(link, phase, (int)moved, error) - 1;
    }
    return errno == EAGAIN || errno == EINTR
               ? -1
               : error_errno(error, phase, errno, "the connection failed") - 1;
}

ssize_t gnutls_link_send(struct gnutls_link *link, const void *bytes, size_t length,
                         enum eighth_phase phase, struct eighth_error *error)
{
    ssize_t sent = link->session != NULL ? gnutls_record_send(link->session, bytes, length)
                                         : send(link->fd, bytes, length, MSG_NOSIGNAL);
    sent = judge(link, sent, phase, error);
    return sent >= 0 ? sent : sent + 1;
}

ssize_t gnutls_link_receive(struct gnutls_link *link, void *bytes, size_t capacity,
                            enum eighth_phase phase, struct eighth_error *error)
{
    ssize_t got = link->session != NULL ? gnutls_record_recv(link->session, bytes, capacity)
                                        : recv(link->fd, bytes, capacity, 0);
    got = judge(link, got, phase, error);
    if (got == 0) {
        return error_set(error, phase, EIGHTH_RESET, 0, "the server closed the connection");
    }
    return got > 0 ? got : got + 1;
}

void gnutls_link_close(struct gnutls_link *link, bool abrupt)
{
    if (link->session != NULL) {
        if (!abrupt) {
            (void)gnutls_bye(link->session, GNUTLS_SHUT_WR);
        }
        gnutls_deinit(link->session);
        link->session = NULL;
    }
    socket_close(&link->fd, abrupt);
}
