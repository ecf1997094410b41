/* SPDX-License-Identifier: MIT
 *
 * The pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) with two-pass merging.
 */
#include "harness/worker/timers.h"

static struct timer *meld(struct timer *a, struct timer *b)
{
    if (a == NULL) {
        return b;
    }
    if (b == NULL) {
        return a;
    }
    if (b->due < a->due) {
        struct timer *swap = a;
        a = b;
        b = swap;
    }
    b->sibling = a->child;
    a->child = b;
    return a;
}

void timers_add(struct timers *timers, struct timer *timer)
{
    timer->child = NULL;
    timer->sibling = NULL;
    timers->root = meld(timers->root, timer);
}

/* First pass: neighbours in pairs, left to right; second pass: the pairs, right to left. */
static struct timer *merge_siblings(struct timer *first)
{
    struct timer *pairs = NULL;
    while (first != NULL) {
        struct timer *a = first;
        struct timer *b = a->sibling;
        first = b == NULL ? NULL : b->sibling;
        a->sibling = NULL;
        if (b != NULL) {
            b->sibling = NULL;
        }
        struct timer *pair = meld(a, b);
        pair->sibling = pairs;
        pairs = pair;
    }
    struct timer *root = NULL;
    while (pairs != NULL) {
        struct timer *next = pairs->sibling;
        pairs->sibling = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

struct timer *timers_take(struct timers *timers, uint64_t now)
{
    struct timer *earliest = timers->root;
    if (earliest == NULL || earliest->due > now) {
        return NULL;
    }
    timers->root = merge_siblings(earliest->child);
    earliest->child = NULL;
    return earliest;
}
