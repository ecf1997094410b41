/* SPDX-License-Identifier: MIT
 *
 * Requests of HTTP/1.x, one after another, cut out of a stream of bytes by http_parser.
 *
 * The parser stops behind each complete request: what the client has sent beyond it (pipelining)
 * is fed again when the request is answered.
 */
#ifndef TARGET_HTTP1_PARSER_H
#define TARGET_HTTP1_PARSER_H

#include "harness/target/header_lines.h"

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>

/** What a request consists of. Each returns 0, or -1 without memory. */
struct http1_events {
    /** The header section is complete: fields in lower case, and ":method" and ":path". */
    int (*headers)(void *context, const struct header_lines *lines);
    int (*body)(void *context, const void *bytes, size_t length);
    /** The request is complete. */
    int (*complete)(void *context);
};

struct http1_parser {
    http_parser parser;
    const struct http1_events *events;
    void *context;
    struct buffer path;
    struct buffer name;  /**< of the field that is being received */
    struct buffer value; /**< as far as it came */
    bool in_value;
    struct header_lines lines;
    bool complete;       /**< stopped behind a request */
    bool keep_alive;     /**< of the request whose header section is complete */
    bool old;            /**< HTTP/1.0 */
    bool wants_go_ahead; /**< it said "expect: 100-continue" */
};

/** Begins. events must live on. */
void http1_parser_init(struct http1_parser *parser, const struct http1_events *events,
                       void *context);

/** Takes bytes: returns how many of them, fewer than length only if it stopped behind a request;
 *  -1 if they are no HTTP/1.x, or without memory. */
ptrdiff_t http1_parser_feed(struct http1_parser *parser, const void *bytes, size_t length);

/** Goes on behind a complete request. */
void http1_parser_next(struct http1_parser *parser);

/** Frees the contents. */
void http1_parser_release(struct http1_parser *parser);

#endif
