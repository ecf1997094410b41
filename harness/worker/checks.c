/* SPDX-License-Identifier: MIT
 *
 * Compares responses with what was asked for.
 */
#include "harness/worker/checks.h"

#include "harness/base/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void checks_nonce_text(uint64_t nonce, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = NONCE_LENGTH - 1; i >= 0; i--) {
        text[i] = digits[nonce & 15];
        nonce >>= 4;
    }
    text[NONCE_LENGTH] = '\0';
}

/* The number after a prefix, if nothing but a query follows it. */
static bool number_after(const char *path, const char *prefix, uint64_t *number)
{
    size_t length = strlen(prefix);
    if (strncmp(path, prefix, length) != 0 || path[length] < '0' || path[length] > '9') {
        return false;
    }
    char *end;
    *number = strtoull(path + length, &end, 10);
    return *end == '\0' || *end == '?';
}

static bool is_path(const char *path, const char *name)
{
    size_t length = strlen(name);
    return strncmp(path, name, length) == 0 && (path[length] == '\0' || path[length] == '?');
}

static size_t at_least(size_t capacity, uint64_t wanted)
{
    return wanted > capacity ? (size_t)wanted : capacity;
}

void checks_plan(struct body_check *check, const struct step *step, bool embedded)
{
    memset(check, 0, sizeof *check);
    check->capacity = (size_t)step->capture_bytes;
    if (step->expect.body != NULL) {
        check->capacity = at_least(check->capacity, strlen(step->expect.body));
    }
    if (!embedded || step->path == NULL || strcmp(step->method, "HEAD") == 0) {
        return;
    }
    uint64_t kept = 0;
    if (number_after(step->path, "/bytes/", &check->length)) {
        check->source = BODY_PATTERN;
        kept = check->length;
    } else if (is_path(step->path, "/echo")) {
        check->source = BODY_ECHO;
        kept = step->body != NULL ? strlen(step->body) : step->body_bytes;
    }
    check->capacity = at_least(check->capacity, kept < CHECKS_KEPT ? kept : CHECKS_KEPT);
}

bool checks_status(const struct step *step, int status, char *text, size_t size)
{
    int expected = step->expect.status;
    if (expected == 0 ? status >= 200 && status <= 299 : status == expected) {
        return true;
    }
    if (expected == 0) {
        (void)snprintf(text, size, "status %d, expected 200 to 299", status);
    } else {
        (void)snprintf(text, size, "status %d, expected %d", status, expected);
    }
    return false;
}

static bool check_length(uint64_t length, uint64_t expected, char *text, size_t size)
{
    if (length == expected) {
        return true;
    }
    (void)snprintf(text, size, "body of %llu bytes, expected %llu", (unsigned long long)length,
                   (unsigned long long)expected);
    return false;
}

/* Compares what was kept: length is already known to be right. */
static bool check_bytes(const struct eighth_response *response, const unsigned char *expected,
                        char *text, size_t size)
{
    const unsigned char *body = response->body;
    size_t kept = response->body_length < response->body_capacity ? response->body_length
                                                                  : response->body_capacity;
    if (kept == 0 ||
        (expected != NULL ? memcmp(body, expected, kept) == 0 : pattern_matches(body, 0, kept))) {
        return true;
    }
    for (size_t i = 0; i < kept; i++) {
        unsigned char wanted = expected != NULL ? expected[i] : pattern_byte(i);
        if (body[i] != wanted) {
            (void)snprintf(text, size, "body byte %zu is 0x%02x, expected 0x%02x", i, body[i],
                           wanted);
            break;
        }
    }
    return false;
}

bool checks_body(const struct body_check *check, const struct step *step,
                 const struct eighth_response *response, const void *sent, size_t sent_length,
                 char *text, size_t size)
{
    const struct expect_model *expect = &step->expect;
    if (expect->body_bytes >= 0 &&
        !check_length(response->body_length, (uint64_t)expect->body_bytes, text, size)) {
        return false;
    }
    if (expect->body != NULL &&
        (!check_length(response->body_length, strlen(expect->body), text, size) ||
         !check_bytes(response, (const unsigned char *)expect->body, text, size))) {
        return false;
    }
    if (check->source == BODY_PATTERN) {
        return check_length(response->body_length, check->length, text, size) &&
               check_bytes(response, NULL, text, size);
    }
    if (check->source == BODY_ECHO) {
        return check_length(response->body_length, sent_length, text, size) &&
               check_bytes(response, sent, text, size);
    }
    return true;
}
