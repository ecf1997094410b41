/* SPDX-License-Identifier: MIT
 *
 * A worker inside valgrind's callgrind, which counts the instructions that its pool's threads
 * execute: the way where the processor has no counters. Some fifty times slower, all threads of the
 * worker share one processor, and no timing means anything.
 */
#ifndef WATCH_CALLGRIND_H
#define WATCH_CALLGRIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Words that come before the worker's own. */
#define CALLGRIND_WORDS 6

struct callgrind {
    char out[4300]; /**< where it writes its counts */
    char option[4400];
    const char *words[CALLGRIND_WORDS]; /**< to be followed by the worker's argv */
};

/** Looks for valgrind in PATH: true with its path in text. */
bool callgrind_find(char *text, size_t capacity);

/** Fills it for one worker: valgrind as found, the worker's path, and a folder to write in. */
void callgrind_prepare(struct callgrind *callgrind, const char *valgrind, const char *worker,
                       const char *folder);

/** After the worker's end: how many instructions, and removes the file. 0: it tells nothing. */
uint64_t callgrind_take(const struct callgrind *callgrind);

/** The sum in an output file of callgrind: what follows "totals:". 0: there is none. */
uint64_t callgrind_total(const char *text);

#endif
