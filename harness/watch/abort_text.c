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

/** What glibc says (2.36, and what differs in older and newer ones), whole. */
static const char *const heap_texts[] = {
    "malloc(): corrupted top size",
    "malloc(): corrupted unsorted chunks",
    "malloc(): corrupted unsorted chunks 2",
    "malloc(): corrupted unsorted chunks 3",
    "malloc(): invalid next size (unsorted)",
    "malloc(): invalid next->prev_inuse (unsorted)",
    "malloc(): invalid size (unsorted)",
    "malloc(): largebin double linked list corrupted (bk)",
    "malloc(): largebin double linked list corrupted (nextsize)",
    "malloc(): memory corruption",
    "malloc(): memory corruption (fast)",
    "malloc(): mismatching next->prev_size (unsorted)",
    "malloc(): smallbin double linked list corrupted",
    "malloc(): unaligned fastbin chunk detected",
    "malloc(): unaligned fastbin chunk detected 2",
    "malloc(): unaligned fastbin chunk detected 3",
    "malloc(): unaligned tcache chunk detected",
    "malloc(): unsorted double linked list corrupted",
    "malloc: top chunk is corrupt",
    "malloc_consolidate(): invalid chunk size",
    "malloc_consolidate(): unaligned fastbin chunk detected",
    "realloc(): invalid next size",
    "realloc(): invalid old size",
    "realloc(): invalid pointer",
    "free(): corrupted unsorted chunks",
    "free(): double free detected in tcache 2",
    "free(): invalid next size (fast)",
    "free(): invalid next size (normal)",
    "free(): invalid pointer",
    "free(): invalid size",
    "free(): too many chunks detected in tcache",
    "free(): unaligned chunk detected in tcache 2",
    "double free or corruption (!prev)",
    "double free or corruption (fasttop)",
    "double free or corruption (out)",
    "double free or corruption (top)",
    "corrupted size vs. prev_size",
    "corrupted size vs. prev_size in fastbins",
    "corrupted size vs. prev_size while consolidating",
    "corrupted double-linked list",
    "corrupted double-linked list (not small)",
    "invalid fastbin entry (free)",
    "munmap_chunk(): invalid pointer",
    "mremap_chunk(): invalid pointer",
    "tcache_thread_shutdown(): unaligned tcache chunk detected",
    "break adjusted to free malloc space",
};

/** Messages that begin so and end with something of their own. */
static const struct {
    const char *start;
    const char *end; /* "" anything */
    enum abort_kind kind;
} markers[] = {
    {"*** stack smashing detected ***: ", "terminated", ABORT_STACK_SMASHED},
    {"*** buffer overflow detected ***: ", "terminated", ABORT_BUFFER_OVERFLOW},
    {"*** bit out of range 0 - FD_SETSIZE on fd_set ***: ", "terminated", ABORT_BUFFER_OVERFLOW},
    {"*** %n in writable segment detected ***: ", "terminated", ABORT_FATAL},
    {"*** invalid %N$ use detected ***: ", "terminated", ABORT_FATAL},
    {"terminate called after throwing an instance of '", "'", ABORT_EXCEPTION},
    {"terminate called without an active exception", "", ABORT_EXCEPTION},
    {"terminate called recursively", "", ABORT_EXCEPTION},
    {"pure virtual method called", "", ABORT_EXCEPTION},
    {"Fatal glibc error: malloc assertion failure in ", "", ABORT_HEAP_CORRUPTION},
    {"Fatal glibc error: ", "", ABORT_FATAL},
    {"OpenSSL internal error: ", "", ABORT_FATAL},
    {"The futex facility returned an unexpected error code.", "", ABORT_FATAL},
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

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/** "PROGRAM: FILE:LINE: FUNCTION: Assertion `EXPRESSION' failed.", and nothing else. */
static bool assertion_read(const char *line, struct abort_text *found)
{
    const char *claim = strstr(line, ": Assertion `");
    if (claim == NULL || !ends_with(claim, "' failed.")) {
        return false;
    }
    /* C++ functions have ": " of no kind in their names but "::", so the nearest ": " ends
     * FILE:LINE. */
    for (const char *at = claim; at > line; at--) {
        if (at[-1] == ':' && at[0] == ' ' && place_take(line, at - 1, found) != NULL) {
            found->kind = is_of_malloc(found->file) ? ABORT_HEAP_CORRUPTION : ABORT_ASSERTION;
            text_set(found->text, sizeof found->text, claim + 2, strlen(claim + 2));
            text_set(found->function, sizeof found->function, at + 1, (size_t)(claim - at - 1));
            return true;
        }
    }
    return false;
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

/** Where in the line a message of malloc stands, which must end the line; NULL nowhere. The longest
 *  one counts: it may hold another. */
static const char *heap_text_find(const char *line)
{
    const char *first = NULL;
    for (size_t i = 0; i < sizeof heap_texts / sizeof *heap_texts; i++) {
        if (ends_with(line, heap_texts[i])) {
            const char *at = line + strlen(line) - strlen(heap_texts[i]);
            first = first == NULL || at < first ? at : first;
        }
    }
    return first;
}

static const char *marker_find(const char *line, enum abort_kind *kind)
{
    const char *first = NULL;
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        const char *at = strstr(line, markers[i].start);
        if (at != NULL && (first == NULL || at < first) &&
            ends_with(at + strlen(markers[i].start), markers[i].end)) {
            first = at;
            *kind = markers[i].kind;
        }
    }
    return first;
}

/** "FILE:LINE: " and nothing else stands before the message, as OpenSSL writes. */
static bool follows_place(const char *line, const char *at)
{
    struct abort_text place = {0};
    return at - line > 2 && at[-1] == ' ' && at[-2] == ':' &&
           place_take(line, at - 2, &place) == line;
}

/** Can the one who called abort have said it? Without a stack only a line of its own counts; with
 *  one the program's own unfinished output may stand before the message. */
static bool is_said_by(const struct abort_text *read, bool own_line, enum abort_caller caller)
{
    bool asserted = strncmp(read->text, "Assertion `", 11) == 0;
    bool of_glibc = strncmp(read->text, "Fatal glibc", 11) == 0 ||
                    strncmp(read->text, "The futex", 9) == 0 || read->text[0] == '*';
    switch (caller) {
    case ABORT_BY_LIBC:
        return read->kind == ABORT_FATAL ? of_glibc
               : asserted                ? read->kind == ABORT_HEAP_CORRUPTION
                                         : read->kind != ABORT_EXCEPTION;
    case ABORT_BY_ASSERTION:
        return asserted;
    case ABORT_BY_LIBRARY:
        return read->kind == ABORT_EXCEPTION || (read->kind == ABORT_FATAL && !of_glibc);
    case ABORT_BY_CLIENT:
        return false;
    case ABORT_BY_UNKNOWN:
        break;
    }
    return own_line;
}

static bool line_read(const char *line, enum abort_caller caller, struct abort_text *found)
{
    struct abort_text read = {0};
    const char *at = heap_text_find(line);
    bool own_line = at == line;
    if (at != NULL) {
        read.kind = ABORT_HEAP_CORRUPTION;
    } else {
        at = marker_find(line, &read.kind);
        own_line = at != NULL && (at == line || follows_place(line, at));
    }
    if (at != NULL) {
        text_set(read.text, sizeof read.text, at, strlen(at));
    } else if (assertion_read(line, &read)) {
        own_line = true;
    } else {
        return false;
    }
    if (read.kind == ABORT_FATAL) {
        glibc_assertion_read(&read);
    }
    if (!is_said_by(&read, own_line, caller)) {
        return false;
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

bool abort_text_find(const char *text, size_t length, enum abort_caller caller,
                     struct abort_text *found)
{
    char line[LINE];
    memset(found, 0, sizeof *found);
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t bytes = end == NULL ? length - at : (size_t)(end - text) - at;
        text_set(line, sizeof line, text + at, bytes);
        if (!line_read(line, caller, found)) {
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
