/* SPDX-License-Identifier: MIT
 *
 * Filling in struct eighth_error. Inside the client an error is always whole; h2_error_export cuts
 * it to what the caller knows of the structure.
 */
#ifndef H2_ERROR_H
#define H2_ERROR_H

#include "client/eighth_client.h"

#define H2_ERROR_INIT                         \
    {                                         \
        sizeof(struct eighth_error), 0, 0, 0, \
        {                                     \
            0                                 \
        }                                     \
    }

/** Fills *error (may be NULL) and returns -1. Too long a text is cut. */
int h2_error_set(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
                 int64_t code, const char *format, ...) __attribute__((format(printf, 5, 6)));

/** The same for a failed system call: the text of the errno value is appended, which is the code.
 */
int h2_error_errno(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
                   int number, const char *what);

/** No memory left, in the given phase. */
int h2_error_memory(struct eighth_error *error, enum eighth_phase phase);

/** The class of an errno value that a socket gave. */
enum eighth_class h2_error_class_of_errno(int number);

/** Copies an error to the caller's structure, as far as that reaches. Returns -1. */
int h2_error_export(struct eighth_error *target, const struct eighth_error *source);

#endif
