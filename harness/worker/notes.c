/* SPDX-License-Identifier: MIT
 *
 * Writes notes and refusals.
 */
#include "harness/worker/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void notes_add(struct logbook *logbook, const char *format, ...)
{
    size_t length = strnlen(logbook->notes, sizeof logbook->notes - 1);
    if (length > 0 && length + 1 < sizeof logbook->notes) {
        logbook->notes[length++] = '\n';
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(logbook->notes + length, sizeof logbook->notes - length, format, arguments);
    va_end(arguments);
}

void notes_refuse(struct logbook *logbook, const struct failure *failure)
{
    logbook->failure_kind = (uint32_t)failure->kind;
    (void)snprintf(logbook->failure_text, sizeof logbook->failure_text, "%s", failure->text);
    atomic_store_explicit(&logbook->state, WORKER_REFUSED, memory_order_release);
}
