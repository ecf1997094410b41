/* SPDX-License-Identifier: MIT
 *
 * Puts the stacks of what was left into the findings of leak.h: equal ones once, with their number.
 */
#include "harness/judge/leak_origins.h"

#include "harness/judge/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places in one finding. */
#define PLACES 8U

static bool same_place(const struct stack *one, const struct stack *other)
{
    bool same = one->count == other->count;
    for (uint32_t i = 0; same && i < one->count; i++) {
        same = one->frames[i].pc == other->frames[i].pc;
    }
    return same;
}

static void extend_title(const struct trial_record *record, struct finding *finding,
                         const char *verb, const struct stack *stack)
{
    struct buffer title = BUFFER_INIT;
    buffer_printf(&title, "%s, %s", finding->title, verb);
    moment_add_site(stack, record->module, &title);
    char *longer = stack->count > 0 ? strdup(buffer_text(&title)) : NULL;
    if (longer != NULL) {
        free(finding->title);
        finding->title = longer;
    }
    buffer_clear(&title);
}

/* ---- descriptors ---- */

/* Of those that were opened at the place of the i-th: how many come before it, and in all. */
static uint32_t count_before(const struct descriptor_evidence *descriptors, uint32_t i,
                             uint32_t *all)
{
    uint32_t before = 0;
    *all = 0;
    for (uint32_t j = 0; j < descriptors->left_count; j++) {
        bool same = same_place(&descriptors->left[i].stack, &descriptors->left[j].stack);
        before += same && j < i;
        *all += same;
    }
    return before;
}

static void add_openers(const struct trial_record *record, struct finding *finding)
{
    struct buffer title = BUFFER_INIT;
    for (uint32_t i = 0; i < record->descriptors.left_count && finding->stack_count < PLACES; i++) {
        const struct descriptor_left *left = &record->descriptors.left[i];
        uint32_t all;
        if (count_before(&record->descriptors, i, &all) > 0) {
            continue;
        }
        buffer_clear(&title);
        buffer_printf(&title, "descriptor %d", left->fd);
        if (all > 1) {
            buffer_printf(&title, " and %u more at the same place", all - 1);
        }
        buffer_printf(&title, ", opened: %s ", descriptor_call_name(left->opened.call));
        moment_tell_actor(&left->opened, &title);
        finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, &left->stack);
    }
    buffer_clear(&title);
    if (record->descriptors.left_count > 0) {
        extend_title(record, finding, "opened", &record->descriptors.left[0].stack);
    }
}

/* ---- TLS objects ---- */

static void tell_objects(const struct descriptor_objects *objects, struct buffer *text)
{
    bool one = objects->count == 1;
    buffer_printf(text, "%" PRIu64 " %s object%s, made ", objects->count,
                  descriptor_call_name(objects->first.call), one ? "" : "s");
    moment_tell_actor(&objects->first, text);
    if (objects->first.instance != DESCRIPTOR_NOBODY) {
        buffer_printf(text, ", cycle %u, step %u", objects->first.cycle, objects->first.step);
    }
    if (!one) {
        buffer_puts(text, "; the last ");
        moment_tell_actor(&objects->last, text);
        if (objects->last.instance != DESCRIPTOR_NOBODY) {
            buffer_printf(text, ", cycle %u", objects->last.cycle);
        }
    }
}

/* kind: enum descriptor_call. They stand in the order of their numbers. */
static void add_makers(const struct trial_record *record, struct finding *finding, uint32_t kind)
{
    struct buffer title = BUFFER_INIT;
    for (uint32_t i = 0; i < record->descriptors.object_count; i++) {
        const struct tls_objects_left *left = &record->descriptors.objects[i];
        if (left->objects.first.call != kind || finding->stack_count == PLACES) {
            continue;
        }
        if (finding->stack_count == 0) {
            extend_title(record, finding, "made", &left->stack);
        }
        buffer_clear(&title);
        tell_objects(&left->objects, &title);
        finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, &left->stack);
    }
    buffer_clear(&title);
}

/* ---- threads ---- */

static bool was_left(const struct trial_record *record, int32_t tid)
{
    const struct logbook *logbook = record->logbook;
    for (uint32_t i = 0; i < logbook->surplus_thread_count && i < LOGBOOK_SURPLUS; i++) {
        if (logbook->surplus_threads[i] == tid) {
            return true;
        }
    }
    return false;
}

/* Of the threads that were left and stood where the i-th does: as count_before. */
static uint32_t threads_before(const struct trial_record *record, uint32_t i, uint32_t *all)
{
    const struct thread_stacks *left = &record->left;
    uint32_t before = 0;
    *all = 0;
    for (uint32_t j = 0; j < left->count; j++) {
        bool same = was_left(record, left->threads[j].tid) &&
                    same_place(&left->threads[i], &left->threads[j]);
        before += same && j < i;
        *all += same;
    }
    return before;
}

static const struct thread_origin *origin_of(const struct trial_record *record, int32_t tid)
{
    const struct descriptor_evidence *from = &record->descriptors;
    for (uint32_t i = 0; i < from->thread_count; i++) {
        if (from->threads[i].tid == tid) {
            return &from->threads[i];
        }
    }
    return NULL;
}

/* Who started the thread, if that was seen. */
static void add_starter(const struct trial_record *record, int32_t tid, bool first,
                        struct finding *finding)
{
    const struct thread_origin *origin = origin_of(record, tid);
    struct buffer title = BUFFER_INIT;
    if (origin == NULL) {
        return;
    }
    if (first) {
        extend_title(record, finding, "started", &origin->stack);
    }
    buffer_printf(&title, "thread %d, started: %s ", tid, descriptor_call_name(origin->made.call));
    moment_tell_actor(&origin->made, &title);
    finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, &origin->stack);
    buffer_clear(&title);
}

static void add_threads(const struct trial_record *record, struct finding *finding)
{
    struct buffer title = BUFFER_INIT;
    for (uint32_t i = 0; i < record->left.count && finding->stack_count < PLACES; i++) {
        const struct stack *stack = &record->left.threads[i];
        uint32_t all;
        if (!was_left(record, stack->tid) || threads_before(record, i, &all) > 0) {
            continue;
        }
        bool first = finding->stack_count == 0;
        if (first) {
            extend_title(record, finding, "standing", stack);
        }
        buffer_clear(&title);
        buffer_printf(&title, "thread %d", stack->tid);
        if (stack->name[0] != '\0') {
            buffer_printf(&title, " (%s)", stack->name);
        }
        if (all > 1) {
            buffer_printf(&title, " and %u more at the same place", all - 1);
        }
        buffer_puts(&title, ", left at the end");
        finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, stack);
        add_starter(record, stack->tid, first, finding);
    }
    buffer_clear(&title);
}

/* ---- all ---- */

static void add_origins(const struct trial_record *record, struct finding *finding)
{
    const char *what = finding->signature.key + strlen("leak/");
    (void)snprintf(finding->module, sizeof finding->module, "%s", record->module);
    if (strcmp(what, "sockets") == 0 || strcmp(what, "fds") == 0) {
        add_openers(record, finding);
    } else if (strcmp(what, "threads") == 0) {
        add_threads(record, finding);
    }
    for (uint32_t kind = DESCRIPTOR_CALL_SSL; kind <= DESCRIPTOR_CALL_SSL_SESSION; kind++) {
        if (strcmp(what, descriptor_call_name(kind)) == 0) {
            add_makers(record, finding, kind);
        }
    }
}

void leak_origins_add(const struct trial_record *record, struct finding_list *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = findings->items[i];
        if (finding->kind == FINDING_LEAK && finding->stack_count == 0 &&
            strncmp(finding->signature.key, "leak/", strlen("leak/")) == 0) {
            add_origins(record, finding);
        }
    }
}
