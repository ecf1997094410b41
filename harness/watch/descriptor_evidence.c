/* SPDX-License-Identifier: MIT
 *
 * Turns the log's addresses into stacks, while the files that they point into are there.
 */
#include "harness/watch/descriptor_evidence.h"

#include <stdlib.h>
#include <string.h>

struct naming {
    const struct descriptor_log *log;
    struct stacks_symbols *symbols;
    struct stacks_modules modules;
};

static void name_moment(struct naming *naming, const struct descriptor_moment *moment,
                        struct stack *stack)
{
    struct stacks_raw raw;
    memset(&raw, 0, sizeof raw);
    stack_init(stack);
    if (moment->call == DESCRIPTOR_CALL_NONE || naming->symbols == NULL) {
        return;
    }
    raw.count = descriptor_log_stack(naming->log, moment->stack, raw.pcs);
    raw.truncated = raw.count == DESCRIPTOR_FRAMES;
    stack->tid = moment->tid;
    stacks_symbols_name(naming->symbols, &naming->modules, &raw, stack);
}

static void read_misuses(struct descriptor_evidence *evidence, struct naming *naming)
{
    struct descriptor_misuse misuse;
    uint32_t cursor = 0;
    evidence->misuses = calloc(DESCRIPTOR_EVIDENCE_MISUSES, sizeof *evidence->misuses);
    while (evidence->misuses != NULL && evidence->misuse_count < DESCRIPTOR_EVIDENCE_MISUSES &&
           descriptor_log_next(naming->log, &cursor, &misuse)) {
        struct descriptor_misuse_stacks *item = &evidence->misuses[evidence->misuse_count++];
        item->misuse = misuse;
        name_moment(naming, &misuse.now, &item->now);
        name_moment(naming, &misuse.opened, &item->opened);
        name_moment(naming, &misuse.closed, &item->closed);
        name_moment(naming, &misuse.reopened, &item->reopened);
    }
}

static void read_left(struct descriptor_evidence *evidence, struct naming *naming)
{
    uint32_t count = atomic_load_explicit(&naming->log->surplus_count, memory_order_acquire);
    count = count < DESCRIPTOR_SURPLUS ? count : DESCRIPTOR_SURPLUS;
    evidence->left = count > 0 ? calloc(count, sizeof *evidence->left) : NULL;
    for (uint32_t i = 0; evidence->left != NULL && i < count; i++) {
        struct descriptor_left *item = &evidence->left[evidence->left_count++];
        item->fd = naming->log->surplus[i].fd;
        item->opened = naming->log->surplus[i].opened;
        name_moment(naming, &item->opened, &item->stack);
    }
}

static int by_count(const void *one, const void *other)
{
    const struct tls_objects_left *a = one;
    const struct tls_objects_left *b = other;
    return (a->objects.count < b->objects.count) - (a->objects.count > b->objects.count);
}

static void read_objects(struct descriptor_evidence *evidence, struct naming *naming)
{
    struct descriptor_objects objects;
    evidence->objects = calloc(DESCRIPTOR_OBJECTS, sizeof *evidence->objects);
    while (evidence->objects != NULL &&
           descriptor_log_objects(naming->log, evidence->object_count, &objects)) {
        struct tls_objects_left *item = &evidence->objects[evidence->object_count++];
        item->objects = objects;
        name_moment(naming, &objects.first, &item->stack);
    }
    if (evidence->object_count > 1) {
        qsort(evidence->objects, evidence->object_count, sizeof *evidence->objects, by_count);
    }
}

/* What was noted of a pthread_t may be of an earlier thread that had it, if the start of this one
 * was not seen: it must run the function that was noted. */
static bool runs(const struct stack *stack, uint64_t start)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        uint64_t inside = frame->pc - (frame->exact ? 0 : 1); /* of a call: before it returns */
        if (!frame->inlined && frame->function != NULL && inside - frame->offset == start) {
            return true;
        }
    }
    return false;
}

static void read_threads(struct descriptor_evidence *evidence, const struct thread_stacks *left,
                         struct naming *naming)
{
    evidence->threads = left->count > 0 ? calloc(left->count, sizeof *evidence->threads) : NULL;
    for (uint32_t i = 0; evidence->threads != NULL && i < left->count; i++) {
        const struct stack *stack = &left->threads[i];
        struct descriptor_moment made;
        uint64_t start;
        if (descriptor_log_thread(naming->log, stack->thread, &start, &made) &&
            runs(stack, start)) {
            struct thread_origin *origin = &evidence->threads[evidence->thread_count++];
            origin->tid = stack->tid;
            origin->made = made;
            name_moment(naming, &made, &origin->stack);
        }
    }
}

static bool is_empty(const struct descriptor_log *log)
{
    struct descriptor_misuse misuse;
    uint32_t cursor = 0;
    return atomic_load_explicit(&log->surplus_count, memory_order_acquire) == 0 &&
           atomic_load_explicit(&log->object_count, memory_order_acquire) == 0 &&
           !descriptor_log_next(log, &cursor, &misuse);
}

void descriptor_evidence_read(struct descriptor_evidence *evidence,
                              const struct shared_memory *shared, const struct thread_stacks *left,
                              struct stacks_symbols *symbols)
{
    struct failure failure = FAILURE_INIT;
    struct naming naming = {.symbols = symbols};
    size_t length = 0;
    memset(evidence, 0, sizeof *evidence);
    naming.log = shared->memory != NULL ? descriptor_log_of(shared, &failure) : NULL;
    if (naming.log == NULL || (is_empty(naming.log) && left->count == 0)) {
        return;
    }
    const char *maps = descriptor_log_maps(naming.log, &length);
    char *text = strndup(maps, length);
    if (text != NULL && symbols != NULL) {
        stacks_symbols_refresh(symbols);
        (void)stacks_modules_parse(&naming.modules, text, &failure);
    }
    free(text);
    read_misuses(evidence, &naming);
    read_left(evidence, &naming);
    read_objects(evidence, &naming);
    read_threads(evidence, left, &naming);
    stacks_modules_release(&naming.modules);
}

void descriptor_evidence_release(struct descriptor_evidence *evidence)
{
    for (uint32_t i = 0; i < evidence->misuse_count; i++) {
        stack_release(&evidence->misuses[i].now);
        stack_release(&evidence->misuses[i].opened);
        stack_release(&evidence->misuses[i].closed);
        stack_release(&evidence->misuses[i].reopened);
    }
    for (uint32_t i = 0; i < evidence->left_count; i++) {
        stack_release(&evidence->left[i].stack);
    }
    for (uint32_t i = 0; i < evidence->object_count; i++) {
        stack_release(&evidence->objects[i].stack);
    }
    for (uint32_t i = 0; i < evidence->thread_count; i++) {
        stack_release(&evidence->threads[i].stack);
    }
    free(evidence->threads);
    free(evidence->misuses);
    free(evidence->left);
    free(evidence->objects);
    memset(evidence, 0, sizeof *evidence);
}
