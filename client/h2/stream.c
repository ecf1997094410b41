/* SPDX-License-Identifier: MIT
 *
 * Decides what of a response reaches the caller, and when a stream's memory goes.
 */
#include "client/h2/stream.h"

#include "client/h2/deadline.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"

#include <string.h>

struct h2_stream *h2_stream_create(eighth_instance *instance, size_t strings)
{
    struct h2_stream *stream = h2_allocate(sizeof(*stream) + strings * sizeof(struct h2_string *));
    if (stream == NULL) {
        return NULL;
    }
    stream->instance = instance;
    stream->next = instance->streams;
    if (stream->next != NULL) {
        stream->next->previous = stream;
    }
    instance->streams = stream;
    return stream;
}

static void free_if_unused(struct h2_stream *stream)
{
    if (stream->waiter != NULL || stream->in_session) {
        return;
    }
    *(stream->previous != NULL ? &stream->previous->next : &stream->instance->streams) =
        stream->next;
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    for (size_t i = 0; i < stream->string_count; i++) {
        h2_string_release(stream->strings[i]);
    }
    h2_release(stream);
}

struct h2_stream *h2_stream_find(eighth_instance *instance, int32_t id)
{
    struct h2_stream *stream = instance->streams;
    while (stream != NULL && stream->id != id) {
        stream = stream->next;
    }
    return stream;
}

void h2_stream_finish(struct h2_stream *stream, const struct eighth_error *error)
{
    if (stream->waiter != NULL) {
        h2_waiter_finish(stream->waiter, error);
    }
}

void h2_stream_fail(struct h2_stream *stream, enum eighth_class class, int64_t code,
                    const char *text)
{
    struct eighth_error error = H2_ERROR_INIT;
    (void)h2_error_set(&error, EIGHTH_PHASE_REQUEST, class, code, "%s", text);
    h2_stream_finish(stream, &error);
}

void h2_stream_leave(struct h2_stream *stream)
{
    stream->waiter = NULL;
    stream->request = NULL;
    stream->response = NULL;
    free_if_unused(stream);
}

void h2_stream_closed(struct h2_stream *stream)
{
    stream->in_session = false;
    free_if_unused(stream);
}

/* Whether the caller still wants to hear. */
static bool wanted(const struct h2_stream *stream)
{
    return stream->waiter != NULL && !stream->waiter->done;
}

/* ---- headers ----------------------------------------------------------------------------------
 */

void h2_stream_section_begins(struct h2_stream *stream)
{
    if (!wanted(stream) || stream->final) {
        return; /* trailers are counted, not kept */
    }
    stream->response->status = 0;
    for (size_t i = 0; i < stream->response->header_count; i++) {
        stream->response->headers[i].present = 0;
    }
}

static void fill_slot(struct eighth_header_slot *slot, const uint8_t *value, size_t length)
{
    slot->present = 1;
    if (slot->value != NULL && slot->capacity > 0) {
        size_t part = length < slot->capacity - 1 ? length : slot->capacity - 1;
        memcpy(slot->value, value, part);
        slot->value[part] = '\0';
    }
}

/* Of several fields with one name the first counts. */
static void keep_field(struct eighth_response *response, const uint8_t *name, size_t name_length,
                       const uint8_t *value, size_t value_length)
{
    if (name_length == 7 && memcmp(name, ":status", 7) == 0 && value_length == 3) {
        /* nghttp2 has checked that these are three digits. */
        response->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
        return;
    }
    for (size_t i = 0; i < response->header_count; i++) {
        struct eighth_header_slot *slot = &response->headers[i];
        if (slot->present == 0 && strlen(slot->name) == name_length &&
            memcmp(slot->name, name, name_length) == 0) {
            fill_slot(slot, value, value_length);
        }
    }
}

int h2_stream_field(struct h2_stream *stream, const uint8_t *name, size_t name_length,
                    const uint8_t *value, size_t value_length)
{
    /* 32 is what HPACK adds for each field (RFC 7541 4.1): empty ones are not free. */
    stream->header_bytes += name_length + value_length + 32;
    if (stream->header_bytes > stream->instance->process->options.max_header_bytes) {
        h2_stream_fail(stream, EIGHTH_PROTOCOL, 0, "the response has too many header bytes");
        return -1;
    }
    if (wanted(stream) && !stream->final) {
        keep_field(stream->response, name, name_length, value, value_length);
    }
    return 0;
}

void h2_stream_section_ends(struct h2_stream *stream)
{
    if (!wanted(stream) || stream->final || stream->response->status / 100 == 1) {
        return;
    }
    stream->final = true;
    stream->response->first_byte_ns = h2_now() - stream->begun;
}

/* ---- body
 * ----------------------------------------------------------------------------------------- */

int h2_stream_body(struct h2_stream *stream, const uint8_t *bytes, size_t length)
{
    if (!wanted(stream)) {
        return 0;
    }
    struct eighth_response *response = stream->response;
    if (length > stream->instance->process->options.max_response - response->body_length) {
        h2_stream_fail(stream, EIGHTH_PROTOCOL, 0, "the response is larger than max_response");
        return -1;
    }
    if (response->body_length < response->body_capacity) {
        size_t room = response->body_capacity - response->body_length;
        memcpy((char *)response->body + response->body_length, bytes,
               length < room ? length : room);
    }
    response->body_length += length;
    return 0;
}
