/* SPDX-License-Identifier: MIT
 *
 * From a request to its frames, and from frames to its response.
 */
#include "client/adapters/gnutls_h2.h"

#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/response.h"
#include "client/adapters/base/socket.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
    const struct eighth_request *request;
    struct eighth_response *response;
    uint64_t begun;
    size_t sent; /* of the request's body */
    bool closed;
    uint32_t code; /* with closed: an HTTP/2 error code */
};

/* ---- what nghttp2 reports ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user)
{
    (void)flags, (void)user, (void)name_length;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (exchange == NULL) {
        return 0;
    }
    struct eighth_response *response = exchange->response;
    if (strcmp((const char *)name, ":status") == 0) {
        response->status = (int32_t)strtol((const char *)value, NULL, 10);
    }
    response_take_header(response, (const char *)name, (const char *)value, value_length);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t length, void *user)
{
    (void)flags, (void)user;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, id);
    if (exchange == NULL) {
        return 0;
    }
    response_add_body(exchange->response, bytes, length);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct exchange *exchange =
        frame->hd.stream_id != 0
            ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id)
            : NULL;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        ((struct h2 *)user)->ponged = true;
    }
    if (frame->hd.type == NGHTTP2_HEADERS && exchange != NULL &&
        exchange->response->first_byte_ns == 0) {
        exchange->response->first_byte_ns = clock_ns() - exchange->begun;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    (void)user;
    struct exchange *exchange = nghttp2_session_get_stream_user_data(session, id);
    if (exchange != NULL) {
        exchange->closed = true;
        exchange->code = code;
    }
    return 0;
}

static ssize_t on_body_wanted(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t capacity,
                              uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session, (void)id, (void)user;
    struct exchange *exchange = source->ptr;
    size_t left = exchange->request->body_length - exchange->sent;
    size_t length = left < capacity ? left : capacity;
    memcpy(bytes, (const char *)exchange->request->body + exchange->sent, length);
    exchange->sent += length;
    if (length == left) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)length;
}

/* ---- bytes ---- */

static int fail_h2(struct eighth_error *error, enum eighth_phase phase, int code)
{
    return error_set(error, phase,
                     code == NGHTTP2_ERR_NOMEM                      ? EIGHTH_INTERNAL
                     : code == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED ? EIGHTH_REFUSED
                                                                    : EIGHTH_PROTOCOL,
                     code, "%s", nghttp2_strerror(code));
}

/* Sends what there is, as far as the socket takes it: 0, or -1. */
static int flush(struct h2 *h2, enum eighth_phase phase, struct eighth_error *error)
{
    for (;;) {
        if (h2->unsent_length == 0) {
            ssize_t length = nghttp2_session_mem_send(h2->session, &h2->unsent);
            if (length < 0) {
                return fail_h2(error, phase, (int)length);
            }
            if (length == 0) {
                return 0;
            }
            h2->unsent_length = (size_t)length;
        }
        ssize_t sent = gnutls_link_send(h2->link, h2->unsent, h2->unsent_length, phase, error);
        if (sent <= 0) {
            return (int)sent;
        }
        h2->unsent += sent;
        h2->unsent_length -= (size_t)sent;
    }
}

/* Takes what there is: 0, or -1. */
static int take(struct h2 *h2, enum eighth_phase phase, struct eighth_error *error)
{
    uint8_t bytes[16384];
    ssize_t got;
    while ((got = gnutls_link_receive(h2->link, bytes, sizeof bytes, phase, error)) > 0) {
        ssize_t taken = nghttp2_session_mem_recv(h2->session, bytes, (size_t)got);
        if (taken < 0) {
            return fail_h2(error, phase, (int)taken);
        }
    }
    return (int)got;
}

/* Sends and receives until *done: 0; -1 with *error, EIGHTH_TIMEOUT among them. */
static int pump(struct h2 *h2, const bool *done, enum eighth_phase phase, uint64_t deadline,
                struct eighth_error *error)
{
    while (!*done) {
        if (flush(h2, phase, error) != 0) {
            /* The server's last words may explain it better. */
            struct eighth_error ignored = *error;
            (void)take(h2, phase, &ignored);
            return *done ? 0 : -1;
        }
        if (take(h2, phase, error) != 0) {
            return *done ? 0 : -1;
        }
        short events = h2->unsent_length > 0 ? POLLIN | POLLOUT : POLLIN;
        if (!*done && !nghttp2_session_want_write(h2->session) &&
            !socket_wait(h2->link->fd, events, deadline)) {
            return error_set(error, phase, EIGHTH_TIMEOUT, 0, "no answer in time");
        }
    }
    return flush(h2, phase, error);
}

/* ---- requests ---- */

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* The stream's id, or an error of nghttp2. */
static int32_t submit(struct h2 *h2, struct exchange *exchange)
{
    const struct endpoint *endpoint = h2->link->endpoint;
    const struct eighth_request *request = exchange->request;
    char authority[300];
    endpoint_authority(endpoint, authority, sizeof authority);
    size_t count = 4 + request->header_count;
    nghttp2_nv *fields = malloc(count * sizeof *fields);
    if (fields == NULL) {
        return NGHTTP2_ERR_NOMEM;
    }
    fields[0] = field(":method", request->method);
    fields[1] = field(":scheme", endpoint->tls ? "https" : "http");
    fields[2] = field(":authority", authority);
    fields[3] = field(":path", request->path);
    for (size_t i = 0; i < request->header_count; i++) {
        fields[4 + i] = field(request->headers[i].name, request->headers[i].value);
    }
    nghttp2_data_provider body = {.source = {.ptr = exchange}, .read_callback = on_body_wanted};
    int32_t id = nghttp2_submit_request(h2->session, NULL, fields, count,
                                        request->body_length > 0 ? &body : NULL, exchange);
    free(fields);
    return id;
}

static int judge_end(const struct exchange *exchange, struct eighth_error *error)
{
    if (exchange->code == NGHTTP2_NO_ERROR && exchange->response->status != 0) {
        return 0;
    }
    enum eighth_class class = exchange->code == NGHTTP2_REFUSED_STREAM   ? EIGHTH_REFUSED
                              : exchange->code == NGHTTP2_PROTOCOL_ERROR ? EIGHTH_PROTOCOL
                                                                         : EIGHTH_RESET;
    return error_set(error, EIGHTH_PHASE_REQUEST, class, exchange->code, "the stream ended with %s",
                     nghttp2_http2_strerror(exchange->code));
}

int h2_exchange(struct h2 *h2, const struct eighth_request *request,
                struct eighth_response *response, uint64_t deadline, struct eighth_error *error)
{
    struct exchange exchange = {.request = request, .response = response, .begun = clock_ns()};
    response->status = 0;
    response->first_byte_ns = 0;
    response->body_length = 0;
    int32_t id = submit(h2, &exchange);
    if (id < 0) {
        return fail_h2(error, EIGHTH_PHASE_REQUEST, id);
    }
    if (pump(h2, &exchange.closed, EIGHTH_PHASE_REQUEST, deadline, error) != 0) {
        /* The stream may live on: it must not find the exchange any more. */
        (void)nghttp2_session_set_stream_user_data(h2->session, id, NULL);
        (void)nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        return -1;
    }
    return judge_end(&exchange, error);
}

int h2_ping(struct h2 *h2, uint64_t deadline, struct eighth_error *error)
{
    h2->ponged = false;
    int code = nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
    return code != 0 ? fail_h2(error, EIGHTH_PHASE_H2, code)
                     : pump(h2, &h2->ponged, EIGHTH_PHASE_H2, deadline, error);
}

void h2_say_goodbye(struct h2 *h2)
{
    struct eighth_error ignored = {.size = sizeof ignored};
    if (nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR) == 0) {
        (void)flush(h2, EIGHTH_PHASE_CLOSE, &ignored);
    }
}

/* ---- life ---- */

int h2_begin(struct h2 *h2, struct gnutls_link *link, struct eighth_error *error)
{
    nghttp2_session_callbacks *callbacks;
    *h2 = (struct h2){.link = link};
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return error_memory(error, EIGHTH_PHASE_H2);
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    int code = nghttp2_session_client_new(&h2->session, callbacks, h2);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    if (code == 0) {
        code = nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, 1);
    } else {
        h2->session = NULL;
    }
    if (code != 0) {
        h2_end(h2);
        return fail_h2(error, EIGHTH_PHASE_H2, code);
    }
    if (flush(h2, EIGHTH_PHASE_H2, error) != 0) {
        h2_end(h2);
        return -1;
    }
    return 0;
}

void h2_end(struct h2 *h2)
{
    nghttp2_session_del(h2->session);
    h2->session = NULL;
}
