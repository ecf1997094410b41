/* SPDX-License-Identifier: MIT
 *
 * Writes the request; http_parser reads the response.
 */
#include "client/adapters/base/http1.h"

#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/response.h"

#include <http_parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
    http_parser parser;
    struct eighth_response *response;
    uint64_t begun;
    bool head_request;
    bool complete;
    char name[64];    /* of the header that is being received, cut */
    char value[1024]; /* as far as it came, cut */
    bool in_value;
};

/* ---- the request ---- */

struct text {
    char *bytes;
    size_t length;
    size_t capacity;
};

/* Adds to the text, which is long enough: see write_head. */
static void print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text->length += (size_t)vsnprintf(text->bytes + text->length, text->capacity - text->length,
                                      format, arguments);
    va_end(arguments);
}

/* The header section, to be freed; NULL without memory. */
static char *write_head(const struct endpoint *endpoint, const struct eighth_request *request,
                        size_t *length)
{
    char authority[300];
    endpoint_authority(endpoint, authority, sizeof authority);
    size_t most = 128 + sizeof authority + strlen(request->method) + strlen(request->path);
    for (size_t i = 0; i < request->header_count; i++) {
        most += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 4;
    }
    struct text text = {malloc(most), 0, most};
    if (text.bytes == NULL) {
        return NULL;
    }
    print(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", request->method, request->path, authority);
    for (size_t i = 0; i < request->header_count; i++) {
        print(&text, "%s: %s\r\n", request->headers[i].name, request->headers[i].value);
    }
    if (request->body_length > 0 || strcmp(request->method, "POST") == 0) {
        print(&text, "Content-Length: %zu\r\n", request->body_length);
    }
    print(&text, "\r\n");
    *length = text.length;
    return text.bytes;
}

static int send_request(const struct http1_carrier *carrier, const struct endpoint *endpoint,
                        const struct eighth_request *request, uint64_t deadline,
                        struct eighth_error *error)
{
    size_t length;
    char *head = write_head(endpoint, request, &length);
    if (head == NULL) {
        return error_memory(error, EIGHTH_PHASE_REQUEST);
    }
    int result = carrier->send(carrier->context, head, length, deadline, error);
    free(head);
    if (result == 0 && request->body_length > 0) {
        result =
            carrier->send(carrier->context, request->body, request->body_length, deadline, error);
    }
    return result;
}

/* ---- the response ---- */

static void append(char *text, size_t capacity, const char *bytes, size_t length)
{
    size_t used = strlen(text);
    size_t room = capacity - 1 - used;
    memcpy(text + used, bytes, length < room ? length : room);
    text[used + (length < room ? length : room)] = '\0';
}

static void take_header(struct exchange *exchange)
{
    if (exchange->in_value) {
        response_take_header(exchange->response, exchange->name, exchange->value,
                             strlen(exchange->value));
    }
    exchange->name[0] = '\0';
    exchange->value[0] = '\0';
    exchange->in_value = false;
}

static int on_field(http_parser *parser, const char *bytes, size_t length)
{
    struct exchange *exchange = parser->data;
    if (exchange->in_value) {
        take_header(exchange);
    }
    append(exchange->name, sizeof exchange->name, bytes, length);
    return 0;
}

static int on_value(http_parser *parser, const char *bytes, size_t length)
{
    struct exchange *exchange = parser->data;
    exchange->in_value = true;
    append(exchange->value, sizeof exchange->value, bytes, length);
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct exchange *exchange = parser->data;
    take_header(exchange);
    if (parser->status_code / 100 == 1) {
        return 0; /* another one follows */
    }
    exchange->response->status = parser->status_code;
    exchange->response->first_byte_ns = clock_ns() - exchange->begun;
    return exchange->head_request ? 1 : 0; /* 1: no body comes, whatever was announced */
}

static int on_body(http_parser *parser, const char *bytes, size_t length)
{
    response_add_body(((struct exchange *)parser->data)->response, bytes, length);
    return 0;
}

static int on_complete(http_parser *parser)
{
    struct exchange *exchange = parser->data;
    exchange->complete = parser->status_code / 100 != 1;
    return 0;
}

static int receive_response(const struct http1_carrier *carrier, struct exchange *exchange,
                            uint64_t deadline, struct eighth_error *error)
{
    static const http_parser_settings settings = {
        .on_header_field = on_field,
        .on_header_value = on_value,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_message_complete = on_complete,
    };
    char bytes[16384];
    while (!exchange->complete) {
        ssize_t got = carrier->receive(carrier->context, bytes, sizeof bytes, deadline, error);
        if (got < 0) {
            return -1;
        }
        size_t taken = http_parser_execute(&exchange->parser, &settings, bytes, (size_t)got);
        if (got == 0 && !exchange->complete) {
            return error_set(error, EIGHTH_PHASE_REQUEST, EIGHTH_RESET, 0,
                             "the connection ended before the response did");
        }
        if (taken != (size_t)got) {
            return error_set(error, EIGHTH_PHASE_REQUEST, EIGHTH_PROTOCOL, 0,
                             "the response is no HTTP/1.1: %s",
                             http_errno_description(HTTP_PARSER_ERRNO(&exchange->parser)));
        }
    }
    return 0;
}

int http1_exchange(const struct http1_carrier *carrier, const struct endpoint *endpoint,
                   const struct eighth_request *request, struct eighth_response *response,
                   uint64_t deadline, struct eighth_error *error)
{
    struct exchange exchange = {.response = response, .begun = clock_ns()};
    exchange.head_request = strcmp(request->method, "HEAD") == 0;
    http_parser_init(&exchange.parser, HTTP_RESPONSE);
    exchange.parser.data = &exchange;
    response->body_length = 0;
    if (send_request(carrier, endpoint, request, deadline, error) != 0) {
        return -1;
    }
    return receive_response(carrier, &exchange, deadline, error);
}
