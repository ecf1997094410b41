/* SPDX-License-Identifier: MIT
 *
 * Feeds any bytes to the target's parser of HTTP/1.x requests, once whole and once in pieces whose
 * lengths the first byte chooses. Beyond what the sanitizers see: both tell the same, and no header
 * section is larger than what header lines may have.
 */
#include "harness/target/http1_parser.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static int on_headers(void *context, const struct header_lines *lines)
{
    demand(lines->text.length <= HEADER_LINES_BYTES, "a section within its limits");
    demand(lines->too_large || header_lines_find(lines, ":path") != NULL, "a path");
    header_lines_json(lines, context);
    return 0;
}

static int on_body(void *context, const void *bytes, size_t length)
{
    buffer_add(context, bytes, length);
    return 0;
}

static int on_complete(void *context)
{
    buffer_puts(context, "\n");
    return 0;
}

/* Returns how far it came; told gets what it told up to there. */
static size_t parse(const uint8_t *data, size_t size, size_t most, struct buffer *told)
{
    static const struct http1_events events = {on_headers, on_body, on_complete};
    struct http1_parser parser;
    size_t at = 0;
    http1_parser_init(&parser, &events, told);
    while (at < size) {
        size_t piece = size - at < most ? size - at : most;
        ptrdiff_t taken = http1_parser_feed(&parser, data + at, piece);
        if (taken < 0) {
            break;
        }
        demand((size_t)taken == piece || parser.complete, "stops only behind a request");
        at += (size_t)taken;
        http1_parser_next(&parser);
    }
    http1_parser_release(&parser);
    return at < size ? 0 : at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole = BUFFER_INIT;
    struct buffer pieces = BUFFER_INIT;
    if (size < 2) {
        return 0;
    }
    size_t came = parse(data + 1, size - 1, size, &whole);
    demand(came == parse(data + 1, size - 1, data[0] % 32U + 1, &pieces), "the same end");
    demand(strcmp(buffer_text(&whole), buffer_text(&pieces)) == 0, "the same requests");
    buffer_clear(&whole);
    buffer_clear(&pieces);
    return 0;
}
