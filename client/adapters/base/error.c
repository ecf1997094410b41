/* SPDX-License-Identifier: MIT
 *
 * Decides how failures are worded and which errno value means which class.
 */
#include "client/adapters/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
              int64_t code, const char *format, ...)
{
    error->phase = (int32_t)phase;
    error->error_class = (int32_t) class;
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}

static enum eighth_class class_of_errno(int number)
{
    switch (number) {
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return EIGHTH_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return EIGHTH_RESET;
    case ETIMEDOUT:
        return EIGHTH_TIMEOUT;
    default:
        return EIGHTH_INTERNAL;
    }
}

int error_errno(struct eighth_error *error, enum eighth_phase phase, int number, const char *what)
{
    char text[96];
    return error_set(error, phase, class_of_errno(number), number, "%s: %s", what,
                     strerror_r(number, text, sizeof text));
}

int error_memory(struct eighth_error *error, enum eighth_phase phase)
{
    return error_set(error, phase, EIGHTH_INTERNAL, ENOMEM, "no memory left");
}

int error_not_open(struct eighth_error *error, enum eighth_phase phase)
{
    return error_set(error, phase, EIGHTH_CANCELLED, 0, "the connection is not open");
}
