/* SPDX-License-Identifier: MIT
 *
 * Where the sanitizer of one worker writes, and with which exit status it ends the worker: a folder
 * of its own for each trial, named in the options that the worker gets in its environment. What the
 * user set there stays, as far as it is not about that.
 */
#ifndef WATCH_SANITIZER_LOGS_H
#define WATCH_SANITIZER_LOGS_H

#include "harness/base/buffer.h"
#include "harness/base/failure.h"

#include <stdbool.h>

/** Status by which a sanitizer ends a worker: none that runtimes and shells use. */
#define SANITIZER_EXIT 93

struct sanitizer_logs {
    char folder[4300];              /**< "" for a worker without a sanitizer */
    const char *const *environment; /**< for the worker; NULL: the controller's own */
    char **made;                    /**< the same if it was made here */
};

#define SANITIZER_LOGS_INIT \
    {                       \
        "", NULL, NULL      \
    }

/** For flavor asan or tsan, and for a client that is built with UBSan (undefined) in any: makes the
 *  folder, below parent or (NULL) below TMPDIR or /tmp, and the environment from the given one
 *  (NULL: the controller's), which must outlive logs; for others nothing. Fails with
 *  FAILURE_ENVIRONMENT. */
int sanitizer_logs_open(struct sanitizer_logs *logs, const char *parent, const char *flavor,
                        bool undefined, const char *const *environment, struct failure *failure);

/** Makes only the folder, below parent as above; the environment stays unchanged. */
int sanitizer_logs_open_folder(struct sanitizer_logs *logs, const char *parent,
                               struct failure *failure);

/** The environment for the worker; NULL: unchanged. Valid until sanitizer_logs_take. */
const char *const *sanitizer_logs_environment(const struct sanitizer_logs *logs);

/** True if a process with that wait status was ended by its sanitizer, as far as the status tells:
 *  look for the report before believing it. */
bool sanitizer_logs_exited(const struct sanitizer_logs *logs, int status);

/** For a program that may be built with any sanitizer: the given environment with the options of
 *  all of them, so that each writes to files whose names begin with path (absolute) and ends the
 *  program with SANITIZER_EXIT. The caller frees it with sanitizer_logs_free_environment. NULL
 *  without memory. */
char **sanitizer_logs_of_program(const char *path, const char *const *environment);

/** Frees it; NULL is allowed. */
void sanitizer_logs_free_environment(char **environment);

/** Adds what the files in folder hold whose names begin with prefix to *text, at most a few MiB,
 *  and removes them. */
void sanitizer_logs_gather(const char *folder, const char *prefix, struct buffer *text);

/** Adds all that was written to *text, removes the folder, and frees. */
void sanitizer_logs_take(struct sanitizer_logs *logs, struct buffer *text);

#endif
