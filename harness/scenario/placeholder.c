/* SPDX-License-Identifier: MIT
 *
 * Decides what is a placeholder and what is a brace.
 */
#include "harness/scenario/placeholder.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz_"

static const char *const names[PLACEHOLDERS] = {
    [PLACEHOLDER_HOST] = "host",         [PLACEHOLDER_PORT] = "port",
    [PLACEHOLDER_PATH] = "path",         [PLACEHOLDER_CA] = "ca",
    [PLACEHOLDER_SNI] = "sni",           [PLACEHOLDER_CYCLES] = "cycles",
    [PLACEHOLDER_INSTANCE] = "instance", [PLACEHOLDER_CYCLE] = "cycle",
    [PLACEHOLDER_SEED] = "seed",
};

const char *placeholder_name(enum placeholder placeholder)
{
    return names[placeholder];
}

static int placeholder_named(const char *name, size_t length)
{
    for (int i = 0; i < PLACEHOLDERS; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) {
            return i;
        }
    }
    return -1;
}

/* One piece of a text: literal, or a name in braces. */
struct piece {
    const char *start; /* of the literal, or of the name */
    size_t length;
    bool is_name;
};

/* Takes the next piece off *text; false at its end. */
static bool next(const char **text, struct piece *piece)
{
    const char *at = *text;
    piece->start = at;
    piece->is_name = false;
    if (*at == '\0') {
        return false;
    }
    if (*at != '{') {
        piece->length = strcspn(at, "{");
        *text = at + piece->length;
        return true;
    }
    size_t length = strspn(at + 1, LETTERS);
    if (length > 0 && at[1 + length] == '}') {
        piece->start = at + 1;
        piece->length = length;
        piece->is_name = true;
        *text = at + length + 2;
        return true;
    }
    piece->length = 1;
    *text = at + (at[1] == '{' ? 2 : 1);
    return true;
}

bool placeholder_find_unknown(const char *text, char *unknown, size_t capacity)
{
    struct piece piece;
    while (next(&text, &piece)) {
        if (piece.is_name && placeholder_named(piece.start, piece.length) < 0) {
            (void)snprintf(unknown, capacity, "%.*s", (int)piece.length, piece.start);
            return true;
        }
    }
    return false;
}

bool placeholder_is_in(const char *text, enum placeholder placeholder)
{
    struct piece piece;
    while (next(&text, &piece)) {
        if (piece.is_name && placeholder_named(piece.start, piece.length) == (int)placeholder) {
            return true;
        }
    }
    return false;
}

static bool is_in_one_of(char *const *texts, enum placeholder placeholder)
{
    for (; texts != NULL && *texts != NULL; texts++) {
        if (placeholder_is_in(*texts, placeholder)) {
            return true;
        }
    }
    return false;
}

bool placeholder_one_process(const struct client_model *client)
{
    return is_in_one_of(client->exec, PLACEHOLDER_CYCLES) ||
           is_in_one_of(client->env, PLACEHOLDER_CYCLES);
}

void placeholder_expand(const char *text, const char *const values[PLACEHOLDERS],
                        struct buffer *expanded)
{
    struct piece piece;
    while (next(&text, &piece)) {
        int known = piece.is_name ? placeholder_named(piece.start, piece.length) : -1;
        if (known >= 0) {
            buffer_puts(expanded, values[known]);
        } else {
            buffer_add(expanded, piece.start, piece.length);
        }
    }
}
