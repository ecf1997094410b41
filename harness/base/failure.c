/* SPDX-License-Identifier: MIT
 *
 * Formats failures; decides nothing but their exit codes.
 */
#include "harness/base/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
    if (failure == NULL) {
        return -1;
    }
    failure->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    return -1;
}

int failure_errno(struct failure *failure, enum failure_kind kind, int error, const char *format,
                  ...)
{
    if (failure == NULL) {
        return -1;
    }
    failure->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof failure->text) {
        char text[128];
        (void)snprintf(failure->text + length, sizeof failure->text - (size_t)length, ": %s",
                       strerror_r(error, text, sizeof text));
    }
    return -1;
}

int failure_exit_code(const struct failure *failure)
{
    return failure->kind == FAILURE_USAGE ? 2 : 3;
}
