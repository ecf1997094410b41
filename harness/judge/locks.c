/* SPDX-License-Identifier: MIT
 *
 * Puts the stack that made a mutex behind its name, in a few words.
 */
#include "harness/judge/locks.h"

#include "harness/judge/site.h"
#include "harness/judge/words.h"

#include <stdio.h>
#include <string.h>

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Statically made ones have no call that makes them. */
static bool is_made(const struct stack *stack)
{
    const char *innermost = stack->count > 0 ? stack->frames[0].function : NULL;
    return innermost == NULL || strstr(innermost, "lock") == NULL ||
           strstr(innermost, "init") != NULL;
}

static void tell_origin(const struct stack *stack, const char *module, struct buffer *text)
{
    struct site site;
    site_find(stack, module, &site);
    buffer_puts(text, is_made(stack) ? " (made " : " (first locked ");
    if (site.client[0] == '\0') {
        buffer_puts(text, "in ");
        site_tell(&site, text);
    } else {
        buffer_printf(text, "by %s", site.client);
    }
    if (site.client[0] != '\0' && site.frame != NULL && site.frame->file != NULL) {
        buffer_puts(text, " at ");
        words_clean(text, file_name(site.frame->file), strlen(file_name(site.frame->file)));
        buffer_printf(text, ":%u", site.frame->line);
    }
    buffer_puts(text, ")");
}

void locks_tell(const struct sanitizer_report *report, const char *names, const char *module,
                struct buffer *text)
{
    while (*names != '\0') {
        size_t length = strcspn(names, ",");
        size_t name = length;
        char role[64];
        while (name > 0 && names[name - 1] != ' ') {
            name--;
        }
        (void)snprintf(role, sizeof role, "mutex %.*s created", (int)(length - name), names + name);
        const struct sanitizer_stack *made = sanitizer_report_find(report, role);
        words_clean(text, names, length);
        if (made != NULL && made->stack.count > 0) {
            tell_origin(&made->stack, module, text);
        }
        names += length;
        if (*names == ',') {
            buffer_puts(text, ",");
            names++;
        }
    }
}
