/* SPDX-License-Identifier: MIT
 *
 * From a request to its response, and when the pieces of the response are due.
 */
#include "harness/target/stream.h"

#include "harness/base/clock.h"
#include "harness/base/pattern.h"
#include "harness/target/connection.h"
#include "harness/target/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static void timer_fired(struct timer *timer);

struct stream *stream_open(struct connection *connection, int32_t id)
{
    struct loop *loop = connection->loop;
    struct stream *stream = loop->spare;
    if (stream != NULL) {
        loop->spare = stream->next;
        memset(stream, 0, sizeof *stream);
    } else {
        stream = calloc(1, sizeof *stream);
        if (stream == NULL) {
            return NULL;
        }
    }
    stream->connection = connection;
    stream->id = id;
    stream->timer.fire = timer_fired;
    stream->next = connection->streams;
    if (stream->next != NULL) {
        stream->next->previous = stream;
    }
    connection->streams = stream;
    return stream;
}

void stream_close(struct stream *stream)
{
    struct loop *loop = stream->connection->loop;
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        stream->connection->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    timers_cancel(&loop->timers, &stream->timer);
    buffer_clear(&stream->body);
    stream->next = loop->spare;
    loop->spare = stream;
}

/* ---- plans ---- */

void stream_plan_empty(struct stream *stream, int status)
{
    stream->plan.status = status;
    buffer_clear(&stream->body);
}

void stream_plan_memory(struct stream *stream, int status, const char *type)
{
    stream->plan.status = status;
    stream->plan.type = type;
    stream->plan.length = stream->body.length;
}

void stream_plan_text(struct stream *stream, int status, const char *text)
{
    buffer_clear(&stream->body);
    buffer_puts(&stream->body, text);
    stream_plan_memory(stream, status, "text/plain");
}

void stream_plan_pattern(struct stream *stream, int status, uint64_t length)
{
    stream->plan.status = status;
    stream->plan.type = "application/octet-stream";
    stream->plan.pattern = true;
    stream->plan.length = length;
}

/* ---- the request ---- */

static void take_nonce(struct stream *stream, const struct header_lines *lines)
{
    const char *nonce = header_lines_find(lines, "eighth-nonce");
    size_t length = nonce != NULL ? strlen(nonce) : 0;
    if (length <= sizeof stream->nonce) {
        memcpy(stream->nonce, length > 0 ? nonce : "", length);
        stream->nonce_length = length;
    }
}

void stream_take_headers(struct stream *stream, const struct header_lines *lines)
{
    const char *method = header_lines_find(lines, ":method");
    const char *path = header_lines_find(lines, ":path");
    stream->head = method != NULL && strcmp(method, "HEAD") == 0;
    take_nonce(stream, lines);
    if (lines->too_large) {
        stream->error = 431;
        return;
    }
    stream->endpoint = endpoint_find(path != NULL ? path : "", stream->numbers, &stream->error);
    if (stream->endpoint != NULL && stream->endpoint->wants_lines) {
        header_lines_json(lines, &stream->body);
    }
}

void stream_take_body(struct stream *stream, const void *bytes, size_t length)
{
    if (stream->endpoint != NULL && stream->endpoint->keeps_body && !stream->silenced) {
        buffer_add(&stream->body, bytes, length);
    }
}

/* ---- the response ---- */

static const char *error_text(int status)
{
    switch (status) {
    case 400:
        return "a number in the path is missing or out of range\n";
    case 404:
        return "there is no such endpoint\n";
    default:
        return "the header section is too large\n";
    }
}

static void plan_response(struct stream *stream)
{
    struct response_plan *plan = &stream->plan;
    if (stream->endpoint != NULL) {
        stream->endpoint->answer(stream, stream->numbers);
    } else {
        stream_plan_text(stream, stream->error, error_text(stream->error));
    }
    plan->announced = plan->length;
    plan->bodiless = stream->head || plan->status == 204 || plan->status == 304;
    if (plan->bodiless) {
        plan->length = 0;
    }
}

static int set_timer(struct stream *stream, uint64_t delay)
{
    return timers_set(&stream->connection->loop->timers, &stream->timer, clock_now() + delay);
}

/* The next piece may go; 0, or -1 without memory for the timer. */
static int release_piece(struct stream *stream)
{
    const struct response_plan *plan = &stream->plan;
    uint64_t left = plan->length - stream->released;
    bool paced = plan->piece != 0 && plan->interval_ns != 0;
    stream->released += paced && plan->piece < left ? plan->piece : left;
    return stream->released < plan->length ? set_timer(stream, plan->interval_ns) : 0;
}

static int begin_response(struct stream *stream)
{
    const struct response_plan *plan = &stream->plan;
    (void)snprintf(stream->status_text, sizeof stream->status_text, "%u",
                   (unsigned)plan->status % 1000);
    (void)snprintf(stream->length_text, sizeof stream->length_text, "%llu",
                   (unsigned long long)plan->announced);
    stream->begun = true;
    int timed = plan->delay_ns != 0 ? set_timer(stream, plan->delay_ns) : release_piece(stream);
    return timed != 0 ? -1 : stream->connection->protocol->submit(stream);
}

int stream_answer(struct stream *stream)
{
    struct connection *connection = stream->connection;
    const struct behaviour *behaviour = connection->behaviour;
    if (stream->silenced) {
        return 0;
    }
    plan_response(stream);
    if (behaviour != NULL && behaviour->response != NULL &&
        behaviour->response(connection, stream)) {
        stream->silenced = true;
        return 0;
    }
    if (stream->plan.hold_ns != 0) {
        return set_timer(stream, stream->plan.hold_ns);
    }
    return begin_response(stream);
}

static void timer_fired(struct timer *timer)
{
    struct stream *stream = (struct stream *)((char *)timer - offsetof(struct stream, timer));
    struct connection *connection = stream->connection;
    int result = 0;
    if (!stream->begun) {
        result = begin_response(stream);
    } else {
        stream->plan.delay_ns = 0;
        result = release_piece(stream);
        connection->protocol->resume(stream);
    }
    if (result != 0) {
        connection->protocol->reset_stream(connection, stream->id, NGHTTP2_INTERNAL_ERROR);
    }
    connection_pump(connection);
}

void stream_copy_body(struct stream *stream, void *bytes, size_t length)
{
    if (stream->plan.pattern) {
        pattern_fill(bytes, stream->sent, length);
    } else if (length > 0) {
        memcpy(bytes, buffer_text(&stream->body) + stream->sent, length);
    }
    stream->sent += length;
}
