/* SPDX-License-Identifier: MIT
 *
 * Collects what http_parser tells in pieces.
 */
#include "harness/target/http1_parser.h"

#include <string.h>
#include <strings.h>

#define GO_AHEAD "100-continue"

static struct http1_parser *self(const http_parser *parser)
{
    return parser->data;
}

static void clear_field(struct http1_parser *me)
{
    me->in_value = false;
    buffer_clear(&me->name);
    buffer_clear(&me->value);
}

static void clear_request(struct http1_parser *me)
{
    buffer_clear(&me->path);
    clear_field(me);
    header_lines_clear(&me->lines);
}

static int on_begin(http_parser *parser)
{
    struct http1_parser *me = self(parser);
    clear_request(me);
    me->wants_go_ahead = false;
    return 0;
}

/* Pieces beyond what header lines may have are counted as too large, and dropped. */
static void collect(struct http1_parser *me, struct buffer *text, const char *bytes, size_t length)
{
    if (text->length + length > HEADER_LINES_BYTES) {
        me->lines.too_large = true;
        return;
    }
    buffer_add(text, bytes, length);
    me->lines.too_large |= text->truncated;
}

static int on_url(http_parser *parser, const char *bytes, size_t length)
{
    collect(self(parser), &self(parser)->path, bytes, length);
    return 0;
}

/* The field before is complete. */
static void finish_field(struct http1_parser *me)
{
    if (me->name.length == 0) {
        return;
    }
    for (size_t i = 0; i < me->name.length; i++) {
        char c = me->name.text[i];
        me->name.text[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    const char *value = buffer_text(&me->value);
    size_t length = me->value.length;
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t')) {
        length--;
    }
    me->wants_go_ahead |= strcmp(buffer_text(&me->name), "expect") == 0 &&
                          length == strlen(GO_AHEAD) && strncasecmp(value, GO_AHEAD, length) == 0;
    header_lines_add(&me->lines, me->name.text, me->name.length, value, length);
    clear_field(me);
}

static int on_field(http_parser *parser, const char *bytes, size_t length)
{
    struct http1_parser *me = self(parser);
    if (me->in_value) {
        finish_field(me);
    }
    collect(me, &me->name, bytes, length);
    return 0;
}

/* http_parser does not look at the first character of a value. */
static bool has_control(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static int on_value(http_parser *parser, const char *bytes, size_t length)
{
    struct http1_parser *me = self(parser);
    if (has_control(bytes, length)) {
        return -1;
    }
    me->in_value = true;
    collect(me, &me->value, bytes, length);
    return 0;
}

static void add_line(struct http1_parser *me, const char *name, const char *value, size_t length)
{
    header_lines_add(&me->lines, name, strlen(name), value, length);
}

static int on_headers_complete(http_parser *parser)
{
    struct http1_parser *me = self(parser);
    const char *method = http_method_str((enum http_method)parser->method);
    finish_field(me);
    add_line(me, ":method", method, strlen(method));
    add_line(me, ":path", buffer_text(&me->path), me->path.length);
    me->old = parser->http_major == 1 && parser->http_minor == 0;
    me->keep_alive = http_should_keep_alive(parser) != 0;
    /* An offer to change the protocol is not taken up. */
    parser->upgrade = 0;
    /* Any return value but 0, 1 and 2 is an error. */
    if (parser->http_major != 1) {
        return -1;
    }
    return me->events->headers(me->context, &me->lines) == 0 ? 0 : -1;
}

static int on_body(http_parser *parser, const char *bytes, size_t length)
{
    struct http1_parser *me = self(parser);
    return me->events->body(me->context, bytes, length);
}

static int on_complete(http_parser *parser)
{
    struct http1_parser *me = self(parser);
    me->complete = true;
    http_parser_pause(parser, 1);
    return me->events->complete(me->context);
}

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void http1_parser_init(struct http1_parser *parser, const struct http1_events *events,
                       void *context)
{
    memset(parser, 0, sizeof *parser);
    http_parser_init(&parser->parser, HTTP_REQUEST);
    parser->parser.data = parser;
    parser->events = events;
    parser->context = context;
}

ptrdiff_t http1_parser_feed(struct http1_parser *parser, const void *bytes, size_t length)
{
    if (parser->complete || length == 0) {
        return 0; /* a length of 0 would mean the end of the stream */
    }
    size_t taken = http_parser_execute(&parser->parser, &settings, bytes, length);
    enum http_errno error = HTTP_PARSER_ERRNO(&parser->parser);
    if (error == HPE_PAUSED && parser->complete) {
        return (ptrdiff_t)taken;
    }
    return error == HPE_OK && taken == length ? (ptrdiff_t)taken : -1;
}

void http1_parser_next(struct http1_parser *parser)
{
    if (parser->complete) {
        parser->complete = false;
        http_parser_pause(&parser->parser, 0);
    }
}

void http1_parser_release(struct http1_parser *parser)
{
    clear_request(parser);
}
