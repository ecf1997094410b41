/* SPDX-License-Identifier: MIT
 *
 * Decides what each HTTP/2 event means to those who wait.
 */
#include "client/h2/protocol.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"
#include "client/h2/stream.h"

#include <string.h>

/* ---- events ------------------------------------------------------------------------------------
 */

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)context;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (stream != NULL) {
        h2_stream_section_begins(stream);
    }
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *context)
{
    (void)flags;
    (void)context;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (stream != NULL && h2_stream_field(stream, name, name_length, value, value_length) != 0) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t length, void *context)
{
    (void)flags;
    (void)context;
    struct h2_stream *stream = stream_of(session, id);
    if (stream != NULL && h2_stream_body(stream, bytes, length) != 0) {
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL) ==
                       NGHTTP2_ERR_NOMEM
                   ? NGHTTP2_ERR_CALLBACK_FAILURE
                   : 0;
    }
    return 0;
}

static void on_reset(struct h2_stream *stream, uint32_t code)
{
    struct eighth_error error = H2_ERROR_INIT;
    (void)h2_error_set(&error, EIGHTH_PHASE_REQUEST,
                       code == NGHTTP2_REFUSED_STREAM ? EIGHTH_REFUSED : EIGHTH_RESET, code,
                       "the server reset the stream: %s", nghttp2_http2_strerror(code));
    h2_stream_finish(stream, &error);
}

static void on_pong(eighth_instance *instance, const uint8_t *payload)
{
    uint64_t number;
    memcpy(&number, payload, sizeof(number));
    for (struct h2_ping *ping = instance->pings; ping != NULL; ping = ping->next) {
        if (ping->number == number) {
            h2_waiter_finish(ping->waiter, NULL);
        }
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    eighth_instance *instance = context;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (stream != NULL) {
            h2_stream_section_ends(stream);
        }
        break;
    case NGHTTP2_RST_STREAM:
        if (stream != NULL) {
            on_reset(stream, frame->rst_stream.error_code);
        }
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
            on_pong(instance, frame->ping.opaque_data);
        }
        break;
    case NGHTTP2_GOAWAY:
        instance->goaway = true;
        break;
    default:
        break;
    }
    if (stream != NULL && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        h2_stream_finish(stream, NULL);
    }
    return 0;
}

/* A frame that breaks the rules of its stream, such as the last one of a body that is not as long
 * as content-length said. nghttp2 resets the stream or ends the session. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int code,
                            void *context)
{
    (void)context;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);
    if (stream != NULL) {
        h2_stream_fail(stream, EIGHTH_PROTOCOL, code, nghttp2_strerror(code));
    }
    return 0;
}

/* Comes after every other event of the stream: what has not ended it until here is an error. */
static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    eighth_instance *instance = context;
    struct h2_stream *stream = stream_of(session, id);
    if (stream == NULL) {
        return 0;
    }
    if (code != NGHTTP2_REFUSED_STREAM) {
        h2_stream_fail(stream, EIGHTH_PROTOCOL, code,
                       "the response is broken: its length is not what its headers say, or a "
                       "field is malformed");
    } else if (instance->goaway) {
        h2_stream_fail(stream, EIGHTH_REFUSED, code, "the server went away before this request");
    } else { /* nghttp2's word for a request that it could not write */
        h2_stream_fail(stream, EIGHTH_INTERNAL, code, "the request could not be sent");
    }
    h2_stream_closed(stream);
    return 0;
}

/* A request that could not be sent: mostly because the server went away meanwhile. If nghttp2 has
 * opened the stream already, it closes it next, and on_stream_close lets go of it. */
static int on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code,
                             void *context)
{
    eighth_instance *instance = context;
    if (frame->hd.type != NGHTTP2_HEADERS) {
        return 0;
    }
    struct h2_stream *stream = h2_stream_find(instance, frame->hd.stream_id);
    if (stream != NULL) {
        bool refused = code == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED;
        h2_stream_fail(stream, refused ? EIGHTH_REFUSED : EIGHTH_INTERNAL, code,
                       nghttp2_strerror(code));
        if (nghttp2_session_find_stream(session, frame->hd.stream_id) == NULL) {
            h2_stream_closed(stream);
        }
    }
    return 0;
}

/* This client itself ended the session: the server broke the protocol. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)session;
    eighth_instance *instance = context;
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR &&
        instance->death.error_class == EIGHTH_OK) {
        (void)h2_error_set(&instance->death, EIGHTH_PHASE_H2, EIGHTH_PROTOCOL,
                           frame->goaway.error_code, "the server broke HTTP/2: %s",
                           nghttp2_http2_strerror(frame->goaway.error_code));
    }
    return 0;
}

nghttp2_session_callbacks *h2_protocol_callbacks(void)
{
    nghttp2_session_callbacks *callbacks = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return NULL;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_sent);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    return callbacks;
}

nghttp2_option *h2_protocol_options(void)
{
    nghttp2_option *options = NULL;
    return nghttp2_option_new(&options) == 0 ? options : NULL;
}

/* ---- the session
 * --------------------------------------------------------------------------------- */

int h2_protocol_start(eighth_instance *instance, struct eighth_error *error)
{
    const struct h2_options *options = &instance->process->options;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options->window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options->max_header_bytes},
    };
    int result =
        nghttp2_session_client_new3(&instance->session, instance->process->callbacks, instance,
                                    instance->process->session_options, h2_memory_for_nghttp2());
    if (result == 0) {
        result = nghttp2_submit_settings(instance->session, NGHTTP2_FLAG_NONE, settings,
                                         sizeof(settings) / sizeof(settings[0]));
    }
    if (result == 0) {
        result = nghttp2_session_set_local_window_size(instance->session, NGHTTP2_FLAG_NONE, 0,
                                                       (int32_t)options->window);
    }
    if (result != 0) {
        return h2_error_set(error, EIGHTH_PHASE_H2, EIGHTH_INTERNAL, result, "HTTP/2 session: %s",
                            nghttp2_strerror(result));
    }
    return 0;
}

void h2_protocol_release(eighth_instance *instance)
{
    nghttp2_session_del(instance->session);
    instance->session = NULL;
    for (struct h2_stream *next, *stream = instance->streams; stream != NULL; stream = next) {
        next = stream->next;
        h2_stream_closed(stream);
    }
}

/* Memory is the only thing that nghttp2 can fail for by itself. */
static void die_of(eighth_instance *instance, int code)
{
    struct eighth_error error = H2_ERROR_INIT;
    bool own = code == NGHTTP2_ERR_NOMEM || code == NGHTTP2_ERR_CALLBACK_FAILURE;
    (void)h2_error_set(&error, EIGHTH_PHASE_H2, own ? EIGHTH_INTERNAL : EIGHTH_PROTOCOL, code,
                       "HTTP/2: %s", nghttp2_strerror(code));
    h2_loop_die(instance, &error);
}

ssize_t h2_protocol_next_output(eighth_instance *instance, const uint8_t **bytes)
{
    ssize_t length = nghttp2_session_mem_send(instance->session, bytes);
    if (length < 0) {
        die_of(instance, (int)length);
        return -1;
    }
    return length;
}

int h2_protocol_input(eighth_instance *instance, const uint8_t *bytes, size_t length)
{
    ssize_t used = nghttp2_session_mem_recv(instance->session, bytes, length);
    if (used < 0) {
        die_of(instance, (int)used);
        return -1;
    }
    return 0;
}

void h2_protocol_check(eighth_instance *instance)
{
    if (!instance->dead && instance->death.error_class != EIGHTH_OK) {
        struct eighth_error why = instance->death;
        h2_loop_die(instance, &why);
    }
}

void h2_protocol_fail_all(eighth_instance *instance, const struct eighth_error *error)
{
    struct eighth_error adapted = *error;
    adapted.phase = EIGHTH_PHASE_REQUEST;
    for (struct h2_stream *stream = instance->streams; stream != NULL; stream = stream->next) {
        h2_stream_finish(stream, &adapted);
    }
    adapted.phase = EIGHTH_PHASE_H2;
    for (struct h2_ping *ping = instance->pings; ping != NULL; ping = ping->next) {
        h2_waiter_finish(ping->waiter, &adapted);
    }
}

/* ---- ping
 * ------------------------------------------------------------------------------------------ */

static void ping_unlink(eighth_instance *instance, struct h2_ping *ping)
{
    struct h2_ping **link = &instance->pings;
    while (*link != ping) {
        link = &(*link)->next;
    }
    *link = ping->next;
}

int h2_ping(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *error)
{
    uint64_t deadline = h2_deadline(timeout_ns);
    if (h2_instance_enter(instance, EIGHTH_PHASE_H2, error) != 0) {
        return -1;
    }
    struct h2_waiter waiter;
    struct h2_ping ping = {instance->pings, ++instance->pings_sent, &waiter};
    h2_waiter_enter(instance, &waiter);
    instance->pings = &ping;
    uint8_t payload[8];
    memcpy(payload, &ping.number, sizeof(payload));
    if (nghttp2_submit_ping(instance->session, NGHTTP2_FLAG_NONE, payload) != 0) {
        (void)h2_error_memory(&waiter.error, EIGHTH_PHASE_H2);
    } else {
        h2_loop_flush(instance);
        if (!h2_loop_wait(instance, &waiter, deadline)) {
            (void)h2_error_set(&waiter.error, EIGHTH_PHASE_H2, EIGHTH_TIMEOUT, 0,
                               "no answer to PING in time");
        }
    }
    ping_unlink(instance, &ping);
    h2_waiter_leave(instance, &waiter);
    int result = waiter.error.error_class == EIGHTH_OK ? 0 : -1;
    *error = waiter.error;
    h2_instance_leave(instance);
    return result;
}
