/* SPDX-License-Identifier: MIT
 *
 * Nearness of words: the restricted Damerau-Levenshtein distance (optimal string alignment), and
 * how near is near enough to be worth a suggestion.
 */
#include "harness/scenario/suggest.h"

#include <limits.h>
#include <string.h>

#define LONGEST 64

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : (c == '_' ? '-' : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned suggest_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > LONGEST || b_length > LONGEST) {
        return UINT_MAX;
    }
    /* Three rows of the usual matrix: i - 2, i - 1, i. */
    unsigned rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

void suggest_begin(struct suggestion *suggestion, const char *written)
{
    suggestion->written = written;
    suggestion->best = NULL;
    suggestion->distance = UINT_MAX;
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
    size_t length = strlen(word);
    /* A third of the word may be wrong, so that short words do not attract everything. */
    unsigned limit = length < 3 ? 1 : (unsigned)(length / 3 > 3 ? 3 : length / 3);
    unsigned distance = suggest_distance(suggestion->written, word);
    if (distance <= limit && distance < length && distance < suggestion->distance) {
        suggestion->best = word;
        suggestion->distance = distance;
    }
}
