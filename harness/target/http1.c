/* SPDX-License-Identifier: MIT
 *
 * When requests are taken and their responses go out.
 */
#include "harness/target/http1.h"

#include "harness/target/connection.h"
#include "harness/target/http1_parser.h"
#include "harness/target/output.h"
#include "harness/target/stream.h"

#include <stdlib.h>
#include <string.h>

/* What a client may send ahead of the responses to what it sent before. */
#define MOST_AHEAD ((size_t)256 * 1024)

struct http1 {
    struct http1_parser parser;
    struct stream *stream; /**< being received or answered; NULL: none */
    struct buffer head;    /**< status lines and header sections to send */
    size_t head_sent;
    struct buffer ahead; /**< came while a request was being answered */
    size_t ahead_taken;
};

/* ---- requests ---- */

static int on_headers(void *context, const struct header_lines *lines)
{
    struct connection *connection = context;
    struct http1 *http1 = connection->http1;
    const struct behaviour *behaviour = connection->behaviour;
    struct stream *stream = stream_open(connection, (int32_t)connection->requests + 1);
    if (stream == NULL) {
        return -1;
    }
    http1->stream = stream;
    connection_count_request(connection);
    stream_take_headers(stream, lines);
    if (behaviour != NULL && behaviour->request != NULL) {
        stream->silenced = behaviour->request(connection, stream);
    }
    if (http1->parser.wants_go_ahead && !http1->parser.old && !stream->silenced) {
        buffer_puts(&http1->head, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    return 0;
}

static int on_body(void *context, const void *bytes, size_t length)
{
    stream_take_body(((struct connection *)context)->http1->stream, bytes, length);
    return 0;
}

static int on_complete(void *context)
{
    return stream_answer(((struct connection *)context)->http1->stream);
}

static const struct http1_events events = {on_headers, on_body, on_complete};

/* The last words to a client that speaks no HTTP; in the middle of a response there are none. */
static void refuse(struct connection *connection)
{
    struct http1 *http1 = connection->http1;
    if (http1->stream == NULL || !http1->stream->begun) {
        buffer_puts(&http1->head, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n"
                                  "connection: close\r\n\r\n");
    }
    connection->terminated = true;
    connection->hangs_up = true;
}

static int keep_ahead(struct http1 *http1, const uint8_t *bytes, size_t length)
{
    if (http1->ahead.length + length > MOST_AHEAD) {
        return -1;
    }
    buffer_add(&http1->ahead, bytes, length);
    return http1->ahead.truncated ? -1 : 0;
}

static int http1_receive(struct connection *connection, const uint8_t *bytes, size_t length)
{
    struct http1 *http1 = connection->http1;
    ptrdiff_t taken = 0;
    if (connection->hangs_up) {
        return 0;
    }
    if (!http1->parser.complete) {
        taken = http1_parser_feed(&http1->parser, bytes, length);
    }
    if (taken < 0 || keep_ahead(http1, bytes + taken, length - (size_t)taken) != 0) {
        refuse(connection);
    }
    return 0;
}

/* ---- responses ---- */

static bool closes_behind(const struct connection *connection)
{
    return !connection->http1->parser.keep_alive || connection->going_away;
}

static int http1_submit(struct stream *stream)
{
    struct connection *connection = stream->connection;
    struct http1 *http1 = connection->http1;
    const struct response_plan *plan = &stream->plan;
    struct buffer *head = &http1->head;
    buffer_printf(head, "HTTP/1.1 %s %s\r\n", stream->status_text,
                  http_status_str((enum http_status)plan->status));
    if (plan->type != NULL) {
        buffer_printf(head, "content-type: %s\r\n", plan->type);
    }
    if (plan->status != 204 && plan->status != 304) {
        buffer_printf(head, "content-length: %s\r\n", stream->length_text);
    }
    if (stream->nonce_length > 0) {
        buffer_printf(head, "eighth-nonce: %.*s\r\n", (int)stream->nonce_length, stream->nonce);
    }
    if (closes_behind(connection)) {
        buffer_puts(head, "connection: close\r\n");
    } else if (http1->parser.old) {
        buffer_puts(head, "connection: keep-alive\r\n");
    }
    buffer_puts(head, "\r\n");
    return head->truncated ? -1 : 0;
}

/* The response was sent to its last byte: on to the next request, or to the end. */
static void finish_response(struct connection *connection)
{
    struct http1 *http1 = connection->http1;
    bool whole = !http1->stream->plan.truncated;
    if (whole) {
        connection_count_response(connection);
    }
    stream_close(http1->stream);
    http1->stream = NULL;
    if (!whole || closes_behind(connection)) {
        connection->hangs_up = true;
        return;
    }
    http1_parser_next(&http1->parser);
    ptrdiff_t taken =
        http1_parser_feed(&http1->parser, buffer_text(&http1->ahead) + http1->ahead_taken,
                          http1->ahead.length - http1->ahead_taken);
    if (taken < 0) {
        refuse(connection);
        return;
    }
    http1->ahead_taken += (size_t)taken;
    if (http1->ahead_taken == http1->ahead.length) {
        buffer_clear(&http1->ahead);
        http1->ahead_taken = 0;
    }
}

static void put_head(struct http1 *http1, struct loop *loop)
{
    size_t left = http1->head.length - http1->head_sent;
    size_t length = left < output_room(loop) ? left : output_room(loop);
    output_add(loop, buffer_text(&http1->head) + http1->head_sent, length);
    http1->head_sent += length;
    if (http1->head_sent == http1->head.length) {
        buffer_clear(&http1->head);
        http1->head_sent = 0;
    }
}

/* Fills the loop's buffer with what is due. */
static void put(struct connection *connection)
{
    struct http1 *http1 = connection->http1;
    struct loop *loop = connection->loop;
    while (connection->fate == FATE_LIVE && output_room(loop) > 0) {
        if (http1->head.length > 0) {
            put_head(http1, loop);
            continue;
        }
        struct stream *stream = http1->stream;
        if (stream == NULL || !stream->begun || stream->plan.delay_ns != 0) {
            break;
        }
        uint64_t ready = stream->released - stream->sent;
        size_t length = ready < output_room(loop) ? (size_t)ready : output_room(loop);
        stream_copy_body(stream, loop->out + loop->out_length, length);
        loop->out_length += length;
        if (stream->sent < stream->plan.length) {
            break;
        }
        finish_response(connection);
    }
}

static int http1_flush(struct connection *connection)
{
    struct loop *loop = connection->loop;
    int went = output_resume(connection);
    while (went == 1) {
        loop->out_length = 0;
        put(connection);
        if (loop->out_length == 0) {
            break;
        }
        went = output_write(connection);
    }
    return went < 0 ? -1 : 0;
}

static bool http1_over(struct connection *connection)
{
    return connection->hangs_up;
}

static void http1_resume(struct stream *stream)
{
    (void)stream; /* each flush looks by itself */
}

/* ---- faults ---- */

static void http1_go_away(struct connection *connection, int32_t last, uint32_t code)
{
    (void)code;
    connection->going_away = true;
    if (last == 0) {
        connection_set_fate(connection, FATE_FINISH);
    }
}

static void http1_reset_stream(struct connection *connection, int32_t id, uint32_t code)
{
    (void)id;
    (void)code;
    connection_set_fate(connection, FATE_RESET);
}

/* ---- life ---- */

static int http1_open(struct connection *connection)
{
    connection->http1 = calloc(1, sizeof *connection->http1);
    if (connection->http1 == NULL) {
        return -1;
    }
    http1_parser_init(&connection->http1->parser, &events, connection);
    return 0;
}

static void http1_close(struct connection *connection)
{
    struct http1 *http1 = connection->http1;
    while (connection->streams != NULL) {
        stream_close(connection->streams);
    }
    if (http1 != NULL) {
        http1_parser_release(&http1->parser);
        buffer_clear(&http1->head);
        buffer_clear(&http1->ahead);
        free(http1);
        connection->http1 = NULL;
    }
}

const struct protocol http1_protocol = {
    .open = http1_open,
    .close = http1_close,
    .receive = http1_receive,
    .flush = http1_flush,
    .over = http1_over,
    .go_away = http1_go_away,
    .reset_stream = http1_reset_stream,
    .submit = http1_submit,
    .resume = http1_resume,
};
