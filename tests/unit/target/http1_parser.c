/* SPDX-License-Identifier: MIT
 *
 * Requests of HTTP/1.x, whole and in pieces.
 */
#include "harness/target/http1_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a parser told, as one text. */
struct heard {
    struct buffer text;
    int fail; /* the event that fails: 'h', 'b' or 'c'; 0: none */
};

static int on_headers(void *context, const struct header_lines *lines)
{
    struct heard *heard = context;
    header_lines_json(lines, &heard->text);
    buffer_puts(&heard->text, lines->too_large ? "[too large]" : "");
    return heard->fail == 'h' ? -1 : 0;
}

static int on_body(void *context, const void *bytes, size_t length)
{
    struct heard *heard = context;
    buffer_add(&heard->text, bytes, length);
    return heard->fail == 'b' ? -1 : 0;
}

static int on_complete(void *context)
{
    struct heard *heard = context;
    buffer_puts(&heard->text, "|");
    return heard->fail == 'c' ? -1 : 0;
}

static const struct http1_events events = {on_headers, on_body, on_complete};

/* Feeds all of it, at most `most` bytes at once, going on behind each request. 0, or -1. */
static int feed_all(struct heard *heard, const char *text, size_t length, size_t most)
{
    struct http1_parser parser;
    http1_parser_init(&parser, &events, heard);
    int result = 0;
    for (size_t at = 0; at < length;) {
        size_t piece = length - at < most ? length - at : most;
        ptrdiff_t taken = http1_parser_feed(&parser, text + at, piece);
        if (taken < 0) {
            result = -1;
            break;
        }
        assert_true(parser.complete || (size_t)taken == piece);
        at += (size_t)taken;
        http1_parser_next(&parser);
    }
    http1_parser_release(&parser);
    return result;
}

#define SHOWN(method, path, headers) \
    "{\"method\": \"" method "\", \"path\": \"" path "\", \"headers\": {" headers "}}\n"

static const struct {
    const char *text;
    const char *told;
} good[] = {
    {"GET /a?b HTTP/1.1\r\nHost: h\r\nX-Y:  z \t\r\n\r\n",
     SHOWN("GET", "/a?b", "\"host\": \"h\", \"x-y\": \"z\"") "|"},
    {"GET / HTTP/1.0\r\n\r\n", SHOWN("GET", "/", "") "|"},
    {"GET / HTTP/1.1\r\nEmpty:\r\nB: \r\nC: 1\r\n\r\n",
     SHOWN("GET", "/", "\"empty\": \"\", \"b\": \"\", \"c\": \"1\"") "|"},
    {"POST /e HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcDELETE /x HTTP/1.1\r\n\r\n",
     SHOWN("POST", "/e", "\"content-length\": \"3\"") "abc|" SHOWN("DELETE", "/x", "") "|"},
    {"PUT /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: x\r\n\r\n",
     SHOWN("PUT", "/e", "\"transfer-encoding\": \"chunked\"") "abc|"},
    {"GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
     "GET /2 HTTP/1.1\r\n\r\n",
     SHOWN("GET", "/",
           "\"connection\": \"Upgrade, HTTP2-Settings\", \"upgrade\": \"h2c\"") "|" SHOWN("GET",
                                                                                          "/2",
                                                                                          "") "|"},
};

static void requests_are_told_alike_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        for (size_t most = 1; most <= strlen(good[i].text); most++) {
            struct heard heard = {BUFFER_INIT, 0};
            assert_int_equal(feed_all(&heard, good[i].text, strlen(good[i].text), most), 0);
            assert_string_equal(buffer_text(&heard.text), good[i].told);
            buffer_clear(&heard.text);
        }
    }
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x16\x03\x01",
        "get / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \1b\r\n\r\n",
        "GET / FTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct heard heard = {BUFFER_INIT, 0};
        if (feed_all(&heard, bad[i], strlen(bad[i]), 1000) != -1) {
            fail_msg("accepted: %s", bad[i]);
        }
        buffer_clear(&heard.text);
    }
}

static void a_failed_event_ends_it(void **state)
{
    (void)state;
    static const char text[] = "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx";
    for (const char *fail = "hbc"; *fail != '\0'; fail++) {
        struct heard heard = {BUFFER_INIT, *fail};
        assert_int_equal(feed_all(&heard, text, sizeof text - 1, 1000), -1);
        buffer_clear(&heard.text);
    }
}

static void too_large_a_section_is_told(void **state)
{
    (void)state;
    struct buffer text = BUFFER_INIT;
    buffer_puts(&text, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 40000; i++) {
        buffer_puts(&text, "y");
    }
    buffer_puts(&text, "\r\n\r\n");
    struct heard heard = {BUFFER_INIT, 0};
    assert_int_equal(feed_all(&heard, buffer_text(&text), text.length, 1000), 0);
    assert_non_null(strstr(buffer_text(&heard.text), "[too large]"));
    buffer_clear(&heard.text);
    buffer_clear(&text);
}

static void what_the_connection_must_know(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive, old, go_ahead;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", true, false, false},
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\n\r\n", false, true, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true, false},
        {"GET / HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n", true, false, true},
        {"GET / HTTP/1.1\r\nExpect: 100\r\n\r\n", true, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct heard heard = {BUFFER_INIT, 0};
        struct http1_parser parser;
        http1_parser_init(&parser, &events, &heard);
        assert_int_equal(http1_parser_feed(&parser, cases[i].text, strlen(cases[i].text)),
                         (ptrdiff_t)strlen(cases[i].text));
        assert_true(parser.complete);
        assert_int_equal(parser.keep_alive, cases[i].keep_alive);
        assert_int_equal(parser.old, cases[i].old);
        assert_int_equal(parser.wants_go_ahead, cases[i].go_ahead);
        /* Until it is told to go on it takes nothing. */
        assert_int_equal(http1_parser_feed(&parser, "GET", 3), 0);
        http1_parser_release(&parser);
        buffer_clear(&heard.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_told_alike_in_any_pieces),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_failed_event_ends_it),
        cmocka_unit_test(too_large_a_section_is_told),
        cmocka_unit_test(what_the_connection_must_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
