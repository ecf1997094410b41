/* SPDX-License-Identifier: MIT
 *
 * Decides which of the other threads a headline names.
 */
#include "harness/judge/neighbour.h"

#include "harness/judge/signature_class.h"
#include "harness/judge/site.h"

#include <string.h>

/* It said what was wrong, and raises the signal: abort() lets one thread after the other in. */
static bool is_aborting(const struct stack *stack)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (frame->function == NULL || frame->module == NULL || !signature_is_libc(frame->module)) {
            return false;
        }
        if (strcmp(frame->function, "abort") == 0) {
            return true;
        }
    }
    return false;
}

/* The client's own code, or what it does memory with; not what waits, locks, sends or computes. */
static bool is_at_memory(const struct site *site)
{
    static const char *const calls[] = {"memcpy", "memmove", "memset",
                                        "memcmp", "strlen",  "strcmp"};
    bool found = site->call[0] == '\0' || signature_is_allocator(site->call);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        found = found || strcmp(site->call, calls[i]) == 0;
    }
    return found && site->frame != NULL && site->frame->file != NULL;
}

static bool shares_file(const struct site *one, const struct site *other)
{
    /* All of the client may allocate through the one function. */
    bool both_allocate = signature_is_allocator(one->call) && signature_is_allocator(other->call);
    return !both_allocate && strcmp(one->frame->file, other->frame->file) == 0;
}

bool neighbour_find(const struct trial_record *record, const struct culprit *culprit,
                    struct neighbour *neighbour)
{
    struct site own;
    memset(neighbour, 0, sizeof *neighbour);
    if (!culprit->sure || culprit->stack == NULL) {
        return false;
    }
    site_find(culprit->stack, record->module, &own);
    for (uint32_t i = 0; i < record->stacks.count; i++) {
        const struct stack *stack = &record->stacks.threads[i];
        struct site site;
        site_find(stack, record->module, &site);
        bool aborting = is_aborting(stack) && site.frame != NULL;
        bool near = own.frame != NULL && own.frame->file != NULL && is_at_memory(&site) &&
                    shares_file(&own, &site);
        if (stack == culprit->stack || (!aborting && !near) || (!aborting && neighbour->aborting)) {
            continue;
        }
        bool first = neighbour->stack == NULL || (aborting && !neighbour->aborting);
        neighbour->stack = first ? stack : neighbour->stack;
        neighbour->more = first ? 0 : neighbour->more + 1;
        neighbour->aborting = aborting;
    }
    return neighbour->stack != NULL;
}

void neighbour_tell(const struct trial_record *record, const struct culprit *culprit,
                    const struct neighbour *neighbour, struct buffer *text)
{
    struct site site;
    struct doing doing;
    site_find(neighbour->stack, record->module, &site);
    buffer_printf(text, ", while thread %d was %s ", neighbour->stack->tid,
                  neighbour->aborting ? "aborting as well in" : "in");
    site_tell(&site, text);
    site_tell_line(&site, text);
    if (doing_of_thread(record->logbook, record->lanes, neighbour->stack->tid, culprit->when,
                        &doing) &&
        doing.busy) {
        buffer_puts(text, " in ");
        doing_operation(&doing.last, text);
    }
    if (neighbour->more > 0) {
        buffer_printf(text, ", and %u more %s", neighbour->more,
                      neighbour->aborting ? "aborting" : "in that file");
    }
}
