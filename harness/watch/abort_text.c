/* SPDX-License-Identifier: MIT
 *
 * Recognises the messages, line by line.
 */
#include "harness/watch/abort_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Lines are looked at up to this length. */
#define LINE 2048U

/** A message starts with its marker; only the program's own unfinished output may stand before it
 *  on the line. The first marker that a line holds counts. */
static const struct {
    const char *marker;
    enum abort_kind kind;
} markers[] = {
    {"*** stack smashing detected ***", ABORT_STACK_SMASHED},
    {"*** buffer overflow detected ***", ABORT_BUFFER_OVERFLOW},
    {"*** bit out of range 0 - FD_SETSIZE on fd_set ***", ABORT_BUFFER_OVERFLOW},
    {"malloc(): ", ABORT_HEAP_CORRUPTION},
    {"malloc: top chunk is corrupt", ABORT_HEAP_CORRUPTION},
    {"malloc_consolidate(): ", ABORT_HEAP_CORRUPTION},
    {"calloc(): ", ABORT_HEAP_CORRUPTION},
    {"realloc(): ", ABORT_HEAP_CORRUPTION},
    {"reallocarray(): ", ABORT_HEAP_CORRUPTION},
    {"free(): ", ABORT_HEAP_CORRUPTION},
    {"double free or corruption (", ABORT_HEAP_CORRUPTION},
    {"corrupted size vs. prev_size", ABORT_HEAP_CORRUPTION},
    {"corrupted double-linked list", ABORT_HEAP_CORRUPTION},
    {"invalid fastbin entry (free)", ABORT_HEAP_CORRUPTION},
    {"munmap_chunk(): ", ABORT_HEAP_CORRUPTION},
    {"mremap_chunk(): ", ABORT_HEAP_CORRUPTION},
    {"tcache_thread_shutdown(): ", ABORT_HEAP_CORRUPTION},
    {"break adjusted to free malloc space", ABORT_HEAP_CORRUPTION},
    {"terminate called ", ABORT_EXCEPTION},
    {"pure virtual method called", ABORT_EXCEPTION},
    {"Fatal glibc error: ", ABORT_FATAL},
    {"OpenSSL internal error: ", ABORT_FATAL},
    {"The futex facility returned an unexpected error code.", ABORT_FATAL},
};

static void text_set(char *to, size_t capacity, const char *from, size_t length)
{
    size_t copied = length < capacity - 1 ? length : capacity - 1;
    memcpy(to, from, copied);
    to[copied] = '\0';
}

/** glibc's own assertions within malloc mean a damaged heap. */
static bool is_of_malloc(const char *file)
{
    const char *base = strrchr(file, '/');
    base = base == NULL ? file : base + 1;
    return strcmp(base, "malloc.c") == 0 || strcmp(base, "arena.c") == 0 ||
           strcmp(base, "hooks.c") == 0;
}

/** Takes "FILE:LINE" that ends at end, which points to the ':' or ' ' behind it. Returns where it
 *  starts, or NULL if it is none. */
static const char *place_take(const char *line, const char *end, struct abort_text *found)
{
    const char *digits = end;
    while (digits > line && digits[-1] >= '0' && digits[-1] <= '9') {
        digits--;
    }
    if (digits == end || digits <= line + 1 || digits[-1] != ':') {
        return NULL;
    }
    const char *file_end = digits - 1;
    const char *file = file_end;
    while (file > line && file[-1] != ' ') {
        file--;
    }
    unsigned long number = strtoul(digits, NULL, 10);
    found->line = number > UINT32_MAX ? 0 : (uint32_t)number;
    text_set(found->file, sizeof found->file, file, (size_t)(file_end - file));
    return file;
}

/** "PROGRAM: FILE:LINE: FUNCTION: Assertion `EXPRESSION' failed." */
static bool assertion_read(const char *line, struct abort_text *found)
{
    const char *claim = strstr(line, ": Assertion `");
    const char *failed = claim == NULL ? NULL : strstr(claim, "' failed.");
    if (failed == NULL) {
        return false;
    }
    found->kind = ABORT_ASSERTION;
    text_set(found->text, sizeof found->text, claim + 2, strlen(claim + 2));
    /* C++ functions have ": " of no kind in their names but "::", so the nearest ": " ends
     * FILE:LINE. */
    for (const char *at = claim; at > line; at--) {
        if (at[-1] == ':' && at[0] == ' ' && place_take(line, at - 1, found) != NULL) {
            text_set(found->function, sizeof found->function, at + 1, (size_t)(claim - at - 1));
            break;
        }
    }
    if (is_of_malloc(found->file)) {
        found->kind = ABORT_HEAP_CORRUPTION;
    }
    return true;
}

/** "Fatal glibc error: FILE:LINE (FUNCTION): assertion failed: EXPRESSION" */
static void glibc_assertion_read(struct abort_text *found)
{
    const char *open = strstr(found->text, " (");
    const char *claim = strstr(found->text, "): assertion failed: ");
    if (open == NULL || claim == NULL || claim < open) {
        return;
    }
    found->kind = ABORT_ASSERTION;
    (void)place_take(found->text, open, found);
    text_set(found->function, sizeof found->function, open + 2, (size_t)(claim - open - 2));
    if (is_of_malloc(found->file)) {
        found->kind = ABORT_HEAP_CORRUPTION;
    }
}

static bool line_read(const char *line, struct abort_text *found)
{
    struct abort_text read = {0};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        const char *at = strstr(line, markers[i].marker);
        if (at != NULL && (first == NULL || at < first)) {
            first = at;
            read.kind = markers[i].kind;
        }
    }
    if (first != NULL) {
        text_set(read.text, sizeof read.text, first, strlen(first));
    } else if (!assertion_read(line, &read)) {
        return false;
    }
    if (read.kind == ABORT_FATAL) {
        glibc_assertion_read(&read);
    }
    *found = read;
    return true;
}

/** "  what():  TEXT" belongs to the exception of the line before. */
static void what_add(struct abort_text *found, const char *line)
{
    static const char prefix[] = "  what():  ";
    size_t used = strlen(found->text);
    if (found->kind == ABORT_EXCEPTION && strncmp(line, prefix, sizeof prefix - 1) == 0) {
        (void)snprintf(found->text + used, sizeof found->text - used, ": %s",
                       line + sizeof prefix - 1);
    }
}

bool abort_text_find(const char *text, size_t length, struct abort_text *found)
{
    char line[LINE];
    memset(found, 0, sizeof *found);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t bytes = end == NULL ? length - at : (size_t)(end - text) - at;
        text_set(line, sizeof line, text + at, bytes);
        if (!line_read(line, found)) {
            what_add(found, line);
        }
        at += bytes + 1;
    }
    return found->kind != ABORT_NONE;
}

const char *abort_kind_name(enum abort_kind kind)
{
    static const char *const names[] = {
        "none",      "heap-corruption", "stack-smashed", "buffer-overflow",
        "assertion", "exception",       "fatal"};
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "?";
}
