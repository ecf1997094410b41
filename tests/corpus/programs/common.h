/* SPDX-License-Identifier: MIT
 *
 * How a program of the corpus is told which bug to run, and through which callers.
 *
 *     PROGRAM BUG PATH
 *
 * The PATH changes only what lies above the buggy function: called at once (0), from another thread
 * (1), or through a callback at the end of a chain of calls (2). A bug is the same bug on each.
 */
#ifndef CORPUS_COMMON_H
#define CORPUS_COMMON_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct corpus_bug {
    const char *name;
    void (*run)(void);
};

static void *corpus_thread(void *argument)
{
    const struct corpus_bug *bug = (const struct corpus_bug *)argument;
    bug->run();
    return NULL;
}

static int corpus_chain(const struct corpus_bug *bug, int depth)
{
    if (depth == 0) {
        bug->run();
        return 0;
    }
    return corpus_chain(bug, depth - 1) + 1;
}

static int corpus_run(const struct corpus_bug *bug, int path)
{
    if (path == 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, corpus_thread, (void *)bug) != 0) {
            return 2;
        }
        return pthread_join(thread, NULL) == 0 ? 0 : 2;
    }
    if (path == 2) {
        return corpus_chain(bug, 3) == 3 ? 0 : 2;
    }
    bug->run();
    return 0;
}

static int corpus_main(int count, char **values, const struct corpus_bug *bugs, size_t length)
{
    for (size_t i = 0; count == 3 && i < length; i++) {
        if (strcmp(values[1], bugs[i].name) == 0) {
            return corpus_run(&bugs[i], atoi(values[2]));
        }
    }
    (void)fprintf(stderr, "usage: PROGRAM BUG PATH\n");
    return 2;
}

#endif
