/* SPDX-License-Identifier: MIT
 *
 * The endpoint records, and the way from a path to one of them.
 */
#include "harness/target/endpoint.h"

#include "harness/base/clock.h"
#include "harness/target/stream.h"

#include <string.h>

#define MOST_BYTES (UINT64_C(1) << 40)
#define MOST_MS UINT64_C(3600000)

static void answer_get(struct stream *stream, const uint64_t *numbers)
{
    (void)numbers;
    stream_plan_memory(stream, 200, "application/json");
}

static void answer_status(struct stream *stream, const uint64_t *numbers)
{
    stream_plan_empty(stream, (int)numbers[0]);
}

static void answer_bytes(struct stream *stream, const uint64_t *numbers)
{
    stream_plan_pattern(stream, 200, numbers[0]);
}

static void answer_delay(struct stream *stream, const uint64_t *numbers)
{
    stream_plan_text(stream, 200, "late\n");
    stream->plan.hold_ns = numbers[0] * NS_PER_MS;
}

static void answer_echo(struct stream *stream, const uint64_t *numbers)
{
    (void)numbers;
    if (stream->body.truncated) {
        stream_plan_text(stream, 413, "the body is too large\n");
    } else {
        stream_plan_memory(stream, 200, "application/octet-stream");
    }
}

static void answer_drip(struct stream *stream, const uint64_t *numbers)
{
    stream_plan_pattern(stream, 200, numbers[0]);
    stream->plan.piece = 1;
    stream->plan.interval_ns = numbers[1] * NS_PER_MS;
}

static void answer_short_drip(struct stream *stream, const uint64_t *numbers)
{
    (void)numbers;
    static const uint64_t usual[ENDPOINT_NUMBERS] = {10, 10};
    answer_drip(stream, usual);
}

static const struct endpoint endpoints[] = {
    {.form = "/get",
     .help = "JSON: the method, the path and the headers of the request",
     .path = "/get",
     .wants_lines = true,
     .answer = answer_get},
    {.form = "/status/N",
     .help = "the status N (200 to 599), without a body",
     .path = "/status",
     .numbers = 1,
     .smallest = {200},
     .greatest = {599},
     .answer = answer_status},
    {.form = "/bytes/N",
     .help = "N bytes; byte i is (i * 31 + 7) modulo 256",
     .path = "/bytes",
     .numbers = 1,
     .greatest = {MOST_BYTES},
     .answer = answer_bytes},
    {.form = "/delay/MS",
     .help = "a short text, after MS milliseconds",
     .path = "/delay",
     .numbers = 1,
     .greatest = {MOST_MS},
     .answer = answer_delay},
    {.form = "/echo",
     .help = "the body of the request",
     .path = "/echo",
     .keeps_body = true,
     .answer = answer_echo},
    {.form = "/drip/N/MS",
     .help = "the first N bytes of /bytes, one at a time, MS milliseconds between them",
     .path = "/drip",
     .numbers = 2,
     .greatest = {MOST_BYTES, MOST_MS},
     .answer = answer_drip},
    {.form = "/drip",
     .help = "the same as /drip/10/10",
     .path = "/drip",
     .answer = answer_short_drip},
};

#define ENDPOINTS (sizeof endpoints / sizeof endpoints[0])

const struct endpoint *endpoint_at(size_t i)
{
    return i < ENDPOINTS ? &endpoints[i] : NULL;
}

/* One "/NUMBER" at *text, which is moved behind it. */
static bool read_number(const char **text, uint64_t smallest, uint64_t greatest, uint64_t *number)
{
    const char *digit = *text + 1;
    uint64_t value = 0;
    if (**text != '/' || *digit < '0' || *digit > '9') {
        return false;
    }
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        if (value > MOST_BYTES) {
            return false;
        }
        value = value * 10 + (uint64_t)(*digit - '0');
    }
    *text = digit;
    *number = value;
    return value >= smallest && value <= greatest;
}

static bool path_ends(char c)
{
    return c == '\0' || c == '?';
}

/* 200: it matches; 400: only the numbers are wrong; 404. */
static int match(const struct endpoint *endpoint, const char *path, uint64_t *numbers)
{
    size_t length = strlen(endpoint->path);
    if (strncmp(path, endpoint->path, length) != 0 ||
        (path[length] != '/' && !path_ends(path[length]))) {
        return 404;
    }
    const char *rest = path + length;
    for (unsigned i = 0; i < endpoint->numbers; i++) {
        if (!read_number(&rest, endpoint->smallest[i], endpoint->greatest[i], &numbers[i])) {
            return 400;
        }
    }
    return path_ends(*rest) ? 200 : endpoint->numbers > 0 ? 400 : 404;
}

const struct endpoint *endpoint_find(const char *path, uint64_t *numbers, int *status)
{
    *status = 404;
    for (size_t i = 0; i < ENDPOINTS; i++) {
        int matched = match(&endpoints[i], path, numbers);
        if (matched == 200) {
            *status = 200;
            return &endpoints[i];
        }
        if (matched == 400) {
            *status = 400;
        }
    }
    return NULL;
}
