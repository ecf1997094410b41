/* SPDX-License-Identifier: MIT
 *
 * One request and its response. All functions are called with the instance's lock.
 */
#ifndef H2_STREAM_H
#define H2_STREAM_H

#include "client/h2/loop.h"
#include "client/h2/strings.h"

/** A stream belongs to two: to the thread that waits for it and to the nghttp2 session. It is freed
 *  when both have let go of it. What the caller of request passed is touched only while that thread
 *  waits. */
struct h2_stream {
    struct h2_stream *next;
    struct h2_stream *previous;
    eighth_instance *instance;
    int32_t id;
    bool in_session; /**< nghttp2 still knows it */

    /* The side of the caller; waiter is NULL when it has gone. */
    struct h2_waiter *waiter;
    const struct eighth_request *request;
    struct eighth_response *response;
    size_t body_sent;
    uint64_t begun; /**< when request was called */

    /* What came so far. */
    size_t header_bytes;
    bool final; /**< the final header section is complete, no 1xx any more */

    /* What nghttp2 refers to until the header section is sent. */
    size_t string_count;
    struct h2_string *strings[];
};

/** A new stream in the instance's list, not yet in the session; NULL: no memory left. strings: how
 *  many it will hold. */
struct h2_stream *h2_stream_create(eighth_instance *instance, size_t strings);

/** The stream with the id, or NULL. */
struct h2_stream *h2_stream_find(eighth_instance *instance, int32_t id);

/** Ends the waiting of the caller; error NULL: the response is complete. */
void h2_stream_finish(struct h2_stream *stream, const struct eighth_error *error);

/** The same with an error of phase request made here. */
void h2_stream_fail(struct h2_stream *stream, enum eighth_class class, int64_t code,
                    const char *text);

/** Takes one field of the response, and a part of its body. -1: more than the client allows, and
 *  the stream has failed. */
int h2_stream_field(struct h2_stream *stream, const uint8_t *name, size_t name_length,
                    const uint8_t *value, size_t value_length);
int h2_stream_body(struct h2_stream *stream, const uint8_t *bytes, size_t length);

/** A header section begins, and ends. */
void h2_stream_section_begins(struct h2_stream *stream);
void h2_stream_section_ends(struct h2_stream *stream);

/** The caller goes: nothing of its own is touched from here on. */
void h2_stream_leave(struct h2_stream *stream);

/** nghttp2 has let go of the stream. */
void h2_stream_closed(struct h2_stream *stream);

#endif
