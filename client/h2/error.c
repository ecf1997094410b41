/* SPDX-License-Identifier: MIT
 *
 * Decides how failures are worded and which errno value means which class.
 */
#include "client/h2/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int h2_error_set(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
                 int64_t code, const char *format, ...)
{
    if (error == NULL) {
        return -1;
    }
    error->phase = (int32_t)phase;
    error->error_class = (int32_t) class;
    error->code = code;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return -1;
}

int h2_error_errno(struct eighth_error *error, enum eighth_phase phase, enum eighth_class class,
                   int number, const char *what)
{
    char text[96];
    const char *reason = strerror_r(number, text, sizeof(text));
    return h2_error_set(error, phase, class, number, "%s: %s", what, reason);
}

int h2_error_memory(struct eighth_error *error, enum eighth_phase phase)
{
    return h2_error_set(error, phase, EIGHTH_INTERNAL, ENOMEM, "no memory left");
}

enum eighth_class h2_error_class_of_errno(int number)
{
    switch (number) {
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
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

int h2_error_export(struct eighth_error *target, const struct eighth_error *source)
{
    if (target == NULL || target->size <= sizeof(target->size)) {
        return -1;
    }
    size_t known = target->size < sizeof(*source) ? target->size : sizeof(*source);
    memcpy((char *)target + sizeof(target->size), (const char *)source + sizeof(source->size),
           known - sizeof(target->size));
    if (known > offsetof(struct eighth_error, text)) {
        ((char *)target)[known - 1] = '\0';
    }
    return -1;
}
