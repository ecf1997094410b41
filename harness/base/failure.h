/* SPDX-License-Identifier: MIT
 *
 * The one way in which a function of the harness says why it could not do its work.
 *
 * Functions that can fail return 0 for success and -1 with a filled struct failure otherwise.
 * Nothing below harness/cli prints or exits.
 */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

/** Whose fault it is decides the exit code (see failure_exit_code). */
enum failure_kind {
    FAILURE_NONE = 0,
    FAILURE_USAGE,       /**< the user's input: option, scenario, report */
    FAILURE_ENVIRONMENT, /**< the machine: memory, ports, descriptors, disk, permissions */
    FAILURE_INTERNAL     /**< eighth itself: an invariant is broken */
};

struct failure {
    enum failure_kind kind;
    char text[1024]; /**< for a human: what, where, what to do; no newline at the end */
};

#define FAILURE_INIT     \
    {                    \
        FAILURE_NONE, "" \
    }

/** Fills *failure (which may be NULL) and returns -1. Too long a text is cut. */
int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As failure_set, with ": " and the text of the errno value appended. */
int failure_errno(struct failure *failure, enum failure_kind kind, int error, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/** 2 for FAILURE_USAGE, 3 for the others. */
int failure_exit_code(const struct failure *failure);

#endif
