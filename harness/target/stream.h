/* SPDX-License-Identifier: MIT
 *
 * One request and its response. A stream belongs to its connection's thread, and lives from the
 * request's first header until nghttp2 closes it or the connection ends.
 */
#ifndef TARGET_STREAM_H
#define TARGET_STREAM_H

#include "harness/base/buffer.h"
#include "harness/target/endpoint.h"
#include "harness/target/header_lines.h"
#include "harness/target/timer.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

struct connection;

/** The longest nonce that is echoed; a longer one is dropped. */
#define STREAM_NONCE 128

/** How a response is to be sent. Endpoints make it; faults may change it before it begins. */
struct response_plan {
    int status;
    const char *type;     /**< content-type; NULL: none */
    bool pattern;         /**< the body is the pattern, else stream->body */
    bool bodiless;        /**< no body may be sent: HEAD, 204, 304 */
    bool truncated;       /**< the stream ends before `announced` */
    uint64_t announced;   /**< content-length */
    uint64_t length;      /**< bytes of body that are sent */
    uint64_t hold_ns;     /**< from the request's end to the header section */
    uint64_t delay_ns;    /**< from the header section to the first byte of the body */
    uint64_t piece;       /**< bytes released at a time; 0: all at once */
    uint64_t interval_ns; /**< between pieces */
};

struct stream {
    struct connection *connection;
    struct stream *previous;
    struct stream *next; /**< in the connection's list, or in the loop's list of spare ones */
    struct timer timer;  /**< hold, delay or interval */
    int32_t id;
    bool silenced;                   /**< a fault took the request: no response */
    bool begun;                      /**< the header section was submitted */
    bool head;                       /**< the method is HEAD */
    bool deferred;                   /**< nghttp2 waits for the body */
    int error;                       /**< status of a request that no endpoint can take; 0: none */
    const struct endpoint *endpoint; /**< NULL: see error */
    uint64_t numbers[ENDPOINT_NUMBERS];
    struct buffer body; /**< the response's (an echo: the request's) */
    struct response_plan plan;
    uint64_t released; /**< bytes of the body that may be sent by now */
    uint64_t sent;     /**< bytes of the body that were sent */
    /* Texts that nghttp2 sends from here. */
    char status_text[4];
    char length_text[24];
    char nonce[STREAM_NONCE];
    size_t nonce_length;
};

/** A fresh stream in the connection's list; NULL without memory. */
struct stream *stream_open(struct connection *connection, int32_t id);

/** Takes it out of the list, cancels its timer, frees what it holds. */
void stream_close(struct stream *stream);

/** The request's header section is complete. */
void stream_take_headers(struct stream *stream, const struct header_lines *lines);

/** A piece of the request's body. */
void stream_take_body(struct stream *stream, const void *bytes, size_t length);

/** The request is complete: plans the response and submits it, now or later. 0, or -1 without
 *  memory. */
int stream_answer(struct stream *stream);

/** Plans of a response; for endpoints. The type must live on. */
void stream_plan_empty(struct stream *stream, int status);
void stream_plan_text(struct stream *stream, int status, const char *text);
void stream_plan_memory(struct stream *stream, int status, const char *type);
void stream_plan_pattern(struct stream *stream, int status, uint64_t length);

/** Copies the next `length` bytes of the body, which were announced to nghttp2 before, and counts
 *  them as sent. */
void stream_copy_body(struct stream *stream, void *bytes, size_t length);

#endif
