/* SPDX-License-Identifier: MIT
 *
 * Decides how a request becomes a stream, and how a stream ends when its caller goes.
 */
#include "client/h2/request.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"
#include "client/h2/stream.h"

#include <string.h>

#define PSEUDO_FIELDS 4U
#define MOST_FIELDS 4096U

/* nghttp2 asks for the next part of the request body. */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *target, size_t capacity,
                         uint32_t *flags, nghttp2_data_source *source, void *context)
{
    (void)source;
    (void)context;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream == NULL || stream->waiter == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* the caller has gone: reset */
    }
    size_t left = stream->request->body_length - stream->body_sent;
    size_t part = left < capacity ? left : capacity;
    memcpy(target, (const char *)stream->request->body + stream->body_sent, part);
    stream->body_sent += part;
    if (part == left) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return (ssize_t)part;
}

/* ---- header fields
 * ------------------------------------------------------------------------------- */

/* Methods, paths and names come again and again: one interned copy serves all requests, and nghttp2
 * need not copy it. The stream keeps it for as long as nghttp2 may look at it. */
static struct h2_string *intern(struct h2_stream *stream, const char *text)
{
    bool hit = false;
    struct h2_string *string = h2_string_intern(h2_instance_strings(stream->instance), text, &hit);
    if (string != NULL) {
        stream->strings[stream->string_count++] = string;
        h2_instance_count(stream->instance, hit ? H2_STRING_HITS : H2_STRING_MISSES, 1);
    }
    return string;
}

static nghttp2_nv field(const char *name, size_t name_length, const char *value,
                        size_t value_length, uint8_t flags)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, name_length,
                        value_length, flags};
}

/* A pseudo field whose value is interned; its name is a literal. */
static bool intern_value(struct h2_stream *stream, nghttp2_nv *target, const char *name,
                         const char *value)
{
    struct h2_string *string = intern(stream, value);
    if (string == NULL) {
        return false;
    }
    *target = field(name, strlen(name), h2_string_text(string), h2_string_length(string),
                    NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    return true;
}

static bool intern_name(struct h2_stream *stream, nghttp2_nv *target,
                        const struct eighth_header *header)
{
    struct h2_string *string = intern(stream, header->name);
    if (string == NULL) {
        return false;
    }
    *target = field(h2_string_text(string), h2_string_length(string), header->value,
                    strlen(header->value), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    return true;
}

/* The whole header section; NULL: no memory left. h2_release frees it. */
static nghttp2_nv *write_fields(struct h2_stream *stream)
{
    const struct eighth_request *request = stream->request;
    const struct h2_endpoint *endpoint = &stream->instance->endpoint;
    const uint8_t constant = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    const char *scheme = endpoint->tls ? "https" : "http";
    nghttp2_nv *fields = h2_allocate((PSEUDO_FIELDS + request->header_count) * sizeof(*fields));
    if (fields == NULL) {
        return NULL;
    }
    bool done = intern_value(stream, &fields[0], ":method", request->method) &&
                intern_value(stream, &fields[3], ":path", request->path);
    fields[1] = field(":scheme", 7, scheme, strlen(scheme), constant);
    fields[2] = field(":authority", 10, endpoint->authority, strlen(endpoint->authority), constant);
    for (size_t i = 0; done && i < request->header_count; i++) {
        done = intern_name(stream, &fields[PSEUDO_FIELDS + i], &request->headers[i]);
    }
    if (!done) {
        h2_release(fields);
        return NULL;
    }
    return fields;
}

/* ---- the request
 * ------------------------------------------------------------------------------------ */

static int check(const struct eighth_request *request, const struct eighth_response *response,
                 struct eighth_error *error)
{
    if (request->size < sizeof(*request) || response->size < sizeof(*response)) {
        return h2_error_set(error, EIGHTH_PHASE_REQUEST, EIGHTH_UNSUPPORTED, 0,
                            "the request or response structure is too small");
    }
    if (request->method == NULL || request->path == NULL || request->header_count > MOST_FIELDS) {
        return h2_error_set(error, EIGHTH_PHASE_REQUEST, EIGHTH_UNSUPPORTED, 0,
                            "a request needs a method, a path and at most %u headers", MOST_FIELDS);
    }
    return 0;
}

/* nghttp2 takes no request: says why. */
static int fail_refused(eighth_instance *instance, struct eighth_error *error)
{
    if (instance->goaway) {
        return h2_error_set(error, EIGHTH_PHASE_H2, EIGHTH_REFUSED, 0,
                            "the server went away: it takes no new requests");
    }
    /* What came last may have broken the protocol: then a GOAWAY of this client waits to be sent,
     * and that it was sent tells the reason. */
    h2_loop_flush(instance);
    if (instance->dead) {
        *error = instance->death;
        return -1;
    }
    return h2_error_set(error, EIGHTH_PHASE_H2, EIGHTH_REFUSED, 0,
                        "the connection takes no new requests");
}

/* Gives the request to nghttp2. 0, or -1 with *error. */
static int submit(struct h2_stream *stream, struct eighth_error *error)
{
    eighth_instance *instance = stream->instance;
    if (nghttp2_session_check_request_allowed(instance->session) == 0) {
        return fail_refused(instance, error);
    }
    nghttp2_nv *fields = write_fields(stream);
    if (fields == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_REQUEST);
    }
    nghttp2_data_provider body = {.source = {.ptr = NULL}, .read_callback = read_body};
    int32_t id = nghttp2_submit_request(instance->session, NULL, fields,
                                        PSEUDO_FIELDS + stream->request->header_count,
                                        stream->request->body_length > 0 ? &body : NULL, stream);
    h2_release(fields);
    if (id < 0) {
        return h2_error_set(error, EIGHTH_PHASE_REQUEST, EIGHTH_INTERNAL, id, "request: %s",
                            nghttp2_strerror(id));
    }
    stream->id = id;
    stream->in_session = true;
    return 0;
}

/* The caller goes. What the server still sends or expects of this stream is called off. */
static void abandon(struct h2_stream *stream)
{
    eighth_instance *instance = stream->instance;
    if (stream->in_session && !instance->dead && instance->state == H2_OPEN) {
        (void)nghttp2_submit_rst_stream(instance->session, NGHTTP2_FLAG_NONE, stream->id,
                                        NGHTTP2_CANCEL);
        h2_stream_leave(stream);
        h2_loop_flush(instance);
    } else {
        h2_stream_leave(stream);
    }
}

/* Nobody reads while the connection idles. What came meanwhile, such as GOAWAY or the end, is
 * better known before the request is sent than after. */
static int catch_up(eighth_instance *instance, uint64_t deadline, struct eighth_error *error)
{
    if (instance->loop.leader == NULL) {
        h2_wire_readable(&instance->link.wire);
        h2_loop_receive(instance, NULL, deadline);
    }
    if (instance->dead) {
        *error = instance->death;
        return -1;
    }
    return 0;
}

static void perform(eighth_instance *instance, struct h2_stream *stream, struct h2_waiter *waiter,
                    uint64_t deadline)
{
    if (catch_up(instance, deadline, &waiter->error) != 0) {
        return;
    }
    if (submit(stream, &waiter->error) != 0) {
        return;
    }
    h2_loop_flush(instance);
    if (!h2_loop_wait(instance, waiter, deadline)) {
        (void)h2_error_set(&waiter->error, EIGHTH_PHASE_REQUEST, EIGHTH_TIMEOUT, 0,
                           "no complete response in time");
    }
}

static void reset_response(struct eighth_response *response)
{
    response->status = 0;
    response->first_byte_ns = 0;
    response->body_length = 0;
    for (size_t i = 0; i < response->header_count; i++) {
        response->headers[i].present = 0;
    }
}

int h2_request(eighth_instance *instance, const struct eighth_request *request,
               struct eighth_response *response, uint64_t timeout_ns, struct eighth_error *error)
{
    uint64_t begun = h2_now();
    uint64_t deadline = h2_deadline(timeout_ns);
    if (check(request, response, error) != 0 ||
        h2_instance_enter(instance, EIGHTH_PHASE_REQUEST, error) != 0) {
        return -1;
    }
    struct h2_waiter waiter;
    h2_waiter_enter(instance, &waiter);
    reset_response(response);
    struct h2_stream *stream = h2_stream_create(instance, 2 + request->header_count);
    if (stream == NULL) {
        (void)h2_error_memory(&waiter.error, EIGHTH_PHASE_REQUEST);
    } else {
        stream->waiter = &waiter;
        stream->request = request;
        stream->response = response;
        stream->begun = begun;
        perform(instance, stream, &waiter, deadline);
        abandon(stream);
    }
    h2_waiter_leave(instance, &waiter);
    bool success = waiter.error.error_class == EIGHTH_OK;
    h2_instance_count(instance, success ? H2_REQUESTS : H2_REQUEST_FAILURES, 1);
    *error = waiter.error;
    h2_instance_leave(instance);
    return success ? 0 : -1;
}
