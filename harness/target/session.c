/* SPDX-License-Identifier: MIT
 *
 * What nghttp2 reports, and when its frames go out.
 */
#include "harness/target/session.h"

#include "harness/target/connection.h"
#include "harness/target/output.h"
#include "harness/target/stream.h"
#include "harness/target/target.h"

#include <string.h>

#define FRAME_HEADER 9

/* A client may cancel as many streams as it likes: that is what some scenarios are about. */
#define RESETS_ALLOWED 1000000

/* ---- receiving ---- */

static bool begins_request(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct connection *connection = user;
    if (!begins_request(frame)) {
        return 0;
    }
    struct stream *stream = stream_open(connection, frame->hd.stream_id);
    if (stream == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    header_lines_clear(&connection->lines);
    (void)nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user)
{
    (void)session;
    (void)flags;
    struct connection *connection = user;
    if (begins_request(frame)) {
        header_lines_add(&connection->lines, name, name_length, value, value_length);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t length, void *user)
{
    (void)flags;
    (void)user;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream != NULL) {
        stream_take_body(stream, bytes, length);
    }
    return 0;
}

static void take_request(struct connection *connection, struct stream *stream)
{
    const struct behaviour *behaviour = connection->behaviour;
    connection_count_request(connection);
    stream_take_headers(stream, &connection->lines);
    header_lines_clear(&connection->lines);
    if (behaviour != NULL && behaviour->request != NULL) {
        stream->silenced = behaviour->request(connection, stream);
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
        return 0;
    }
    struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (stream == NULL) {
        return 0;
    }
    if (begins_request(frame)) {
        take_request(user, stream);
    }
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && stream_answer(stream) != 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    (void)code;
    (void)user;
    struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream != NULL) {
        stream_close(stream);
    }
    return 0;
}

/* ---- sending ---- */

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct connection *connection = user;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        connection->terminated =
            frame->goaway.error_code != NGHTTP2_NO_ERROR && !connection->going_away;
    }
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        const struct stream *stream =
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (stream != NULL && !stream->plan.truncated) {
            connection_count_response(connection);
        }
    }
    return 0;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *bytes, size_t length, int flags,
                       void *user)
{
    (void)session;
    (void)flags;
    struct loop *loop = ((struct connection *)user)->loop;
    if (output_room(loop) == 0) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    size_t taken = length < output_room(loop) ? length : output_room(loop);
    output_add(loop, bytes, taken);
    return (ssize_t)taken;
}

/* How much of the body the next DATA frame carries: what is released, and what the buffer can take
 * with it; a frame that does not fit goes into the next, empty one. */
static ssize_t on_body(nghttp2_session *session, int32_t id, uint8_t *bytes, size_t length,
                       uint32_t *flags, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)id;
    (void)bytes;
    struct stream *stream = source->ptr;
    const struct loop *loop = ((struct connection *)user)->loop;
    uint64_t ready = stream->released - stream->sent;
    bool held = stream->plan.delay_ns != 0;
    if (held || (ready == 0 && stream->sent < stream->plan.length)) {
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    size_t most = output_room(loop) > 1024 ? output_room(loop) - FRAME_HEADER
                                           : sizeof loop->out - FRAME_HEADER;
    most = most < length ? most : length;
    size_t carried = ready < most ? (size_t)ready : most;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->sent + carried == stream->plan.length) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)carried;
}

static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
                        size_t length, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)frame;
    struct loop *loop = ((struct connection *)user)->loop;
    if (output_room(loop) < FRAME_HEADER + length) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    output_add(loop, header, FRAME_HEADER);
    stream_copy_body(source->ptr, loop->out + loop->out_length, length);
    loop->out_length += length;
    return 0;
}

static int session_flush(struct connection *connection)
{
    struct loop *loop = connection->loop;
    int went = output_resume(connection);
    while (went == 1) {
        loop->out_length = 0;
        if (nghttp2_session_send(connection->session) != 0) {
            went = -1;
        } else if (loop->out_length == 0) {
            break;
        } else {
            went = output_write(connection);
        }
    }
    return went < 0 ? -1 : 0;
}

static bool session_over(struct connection *connection)
{
    return !nghttp2_session_want_read(connection->session) &&
           !nghttp2_session_want_write(connection->session);
}

/* ---- what the connection and its streams ask for ---- */

static int session_receive(struct connection *connection, const uint8_t *bytes, size_t length)
{
    return nghttp2_session_mem_recv(connection->session, bytes, length) < 0 ? -1 : 0;
}

static void session_go_away(struct connection *connection, int32_t last, uint32_t code)
{
    connection->going_away = true;
    (void)nghttp2_submit_goaway(connection->session, NGHTTP2_FLAG_NONE, last, code, NULL, 0);
}

static void session_reset_stream(struct connection *connection, int32_t id, uint32_t code)
{
    (void)nghttp2_submit_rst_stream(connection->session, NGHTTP2_FLAG_NONE, id, code);
}

static void session_resume(struct stream *stream)
{
    if (stream->deferred) {
        stream->deferred = false;
        (void)nghttp2_session_resume_data(stream->connection->session, stream->id);
    }
}

/* The texts live in the stream, which lives as long as nghttp2 may send from them. */
static nghttp2_nv field(const char *name, const char *value, size_t value_length, uint8_t flags)
{
    nghttp2_nv nv = {
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = value_length,
        .flags = (uint8_t)(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE | flags),
    };
    return nv;
}

static int session_submit_response(struct stream *stream)
{
    const struct response_plan *plan = &stream->plan;
    nghttp2_nv fields[4];
    size_t count = 0;
    fields[count++] = field(":status", stream->status_text, 3, NGHTTP2_NV_FLAG_NONE);
    if (plan->type != NULL) {
        fields[count++] =
            field("content-type", plan->type, strlen(plan->type), NGHTTP2_NV_FLAG_NONE);
    }
    if (plan->status != 204 && plan->status != 304) {
        fields[count++] = field("content-length", stream->length_text, strlen(stream->length_text),
                                NGHTTP2_NV_FLAG_NONE);
    }
    if (stream->nonce_length > 0) {
        /* Never the same again: it would only push useful fields out of the table. */
        fields[count++] =
            field("eighth-nonce", stream->nonce, stream->nonce_length, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    nghttp2_data_provider body = {.source = {.ptr = stream}, .read_callback = on_body};
    bool ends_at_once = plan->length == 0 && plan->delay_ns == 0;
    return nghttp2_submit_response(stream->connection->session, stream->id, fields, count,
                                   ends_at_once ? NULL : &body) != 0
               ? -1
               : 0;
}

/* ---- life ---- */

int session_prepare(nghttp2_session_callbacks **callbacks, nghttp2_option **option,
                    struct failure *failure)
{
    *option = NULL;
    if (nghttp2_session_callbacks_new(callbacks) != 0) {
        *callbacks = NULL;
    } else if (nghttp2_option_new(option) != 0) {
        nghttp2_session_callbacks_del(*callbacks);
        *callbacks = NULL;
        *option = NULL;
    }
    if (*callbacks == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for HTTP/2");
    }
    nghttp2_session_callbacks *set = *callbacks;
    nghttp2_session_callbacks_set_on_begin_headers_callback(set, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(set, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(set, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(set, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(set, on_frame_sent);
    nghttp2_session_callbacks_set_send_callback(set, on_send);
    nghttp2_session_callbacks_set_send_data_callback(set, on_send_data);
    nghttp2_option_set_no_closed_streams(*option, 1);
    nghttp2_option_set_stream_reset_rate_limit(*option, RESETS_ALLOWED, RESETS_ALLOWED);
    return 0;
}

static int session_open(struct connection *connection)
{
    const struct target *target = connection->loop->target;
    if (nghttp2_session_server_new2(&connection->session, target->callbacks, connection,
                                    target->option) != 0) {
        connection->session = NULL;
        return -1;
    }
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, target->model->max_streams},
    };
    return nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 1) != 0 ? -1
                                                                                             : 0;
}

static void session_close(struct connection *connection)
{
    nghttp2_session_del(connection->session);
    connection->session = NULL;
    while (connection->streams != NULL) {
        stream_close(connection->streams);
    }
}

const struct protocol session_protocol = {
    .open = session_open,
    .close = session_close,
    .receive = session_receive,
    .flush = session_flush,
    .over = session_over,
    .go_away = session_go_away,
    .reset_stream = session_reset_stream,
    .submit = session_submit_response,
    .resume = session_resume,
};
