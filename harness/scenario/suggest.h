/* SPDX-License-Identifier: MIT
 *
 * "Did you mean": the nearest of some known words.
 */
#ifndef SCENARIO_SUGGEST_H
#define SCENARIO_SUGGEST_H

#include <stddef.h>

/** Collects candidates for one written word; the nearest wins, the first of equals. */
struct suggestion {
    const char *written;
    const char *best; /**< NULL: nothing is near enough */
    unsigned distance;
};

/** Begins; written must stay valid meanwhile. */
void suggest_begin(struct suggestion *suggestion, const char *written);

/** Offers a word, which must stay valid. */
void suggest_offer(struct suggestion *suggestion, const char *word);

/** Edits (insert, delete, replace, swap neighbours) from a to b, letters compared without case;
 *  words longer than 64 bytes are infinitely far. */
unsigned suggest_distance(const char *a, const char *b);

#endif
