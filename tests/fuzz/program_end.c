/* SPDX-License-Identifier: MIT
 *
 * Fuzzes the reader of the program log's records: whatever it takes, it gives back bounded texts
 * and stacks, and the same again after it was written anew.
 */
#include "harness/watch/program_log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(const struct program_end *end)
{
    demand(end->sample_count <= PROGRAM_SAMPLES);
    demand(end->stacks.count <= STACK_THREADS && end->stacks.register_count <= STACK_REGISTERS);
    demand(strnlen(end->stacks.note, sizeof end->stacks.note) < sizeof end->stacks.note);
    for (uint32_t i = 0; i < end->stacks.count; i++) {
        const struct stack *stack = &end->stacks.threads[i];
        demand(stack->count <= STACK_FRAMES);
        demand(strnlen(stack->name, sizeof stack->name) < sizeof stack->name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct program_log *log;
    struct program_end end;
    struct program_end again;
    uint64_t cursor = 0;
    if (log == NULL) {
        log = calloc(1, sizeof *log + (1 << 20));
        demand(log != NULL);
        log->size = 1 << 20;
    }
    if (!program_end_read(&end, bytes, length)) {
        return 0;
    }
    check(&end);
    atomic_store(&log->used, 0);
    if (program_log_add(log, &end) == 0) {
        demand(program_log_next(log, &cursor, &again));
        check(&again);
        demand(again.stacks.count == end.stacks.count && again.err.length == end.err.length);
        program_end_release(&again);
    }
    program_end_release(&end);
    return 0;
}
