/* SPDX-License-Identifier: MIT
 *
 * Turns the addresses that a dying worker wrote into a stack with names.
 */
#include "harness/watch/stacks_fallback.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(LAST_WORDS_FRAMES <= STACK_FRAMES, "all frames have room");

static void signal_take(struct stack_signal *signal, const struct last_words *words)
{
    bool fault = words->signal == SIGSEGV || words->signal == SIGBUS || words->signal == SIGILL ||
                 words->signal == SIGFPE || words->signal == SIGTRAP;
    signal->number = words->signal;
    signal->code = words->code;
    signal->tid = words->tid;
    signal->has_address = fault && words->code > 0 && words->code != SI_KERNEL;
    signal->address = signal->has_address ? words->address : 0;
    signal->sender = words->code <= 0 ? words->sender : 0;
}

static void raw_take(struct stacks_raw *raw, const struct last_words *words)
{
    uint32_t count = atomic_load_explicit(&words->frame_count, memory_order_acquire);
    raw->count = count > LAST_WORDS_FRAMES ? LAST_WORDS_FRAMES : count;
    memcpy(raw->pcs, words->frames, raw->count * sizeof raw->pcs[0]);
    raw->exact[0] = true;
    raw->truncated = words->truncated != 0;
    raw->broken = atomic_load_explicit(&words->state, memory_order_acquire) != LAST_WORDS_COMPLETE;
}

static void modules_take(struct stacks_modules *modules, const struct last_words *words)
{
    uint32_t bytes = words->maps_bytes < LAST_WORDS_MAPS ? words->maps_bytes : LAST_WORDS_MAPS;
    char *maps = strndup(words->maps, bytes);
    if (maps != NULL) {
        (void)stacks_modules_parse(modules, maps, NULL);
        free(maps);
    }
}

bool stacks_from_last_words(const struct last_words *words, int32_t pid,
                            struct stacks_symbols *symbols, struct thread_stacks *stacks)
{
    struct stacks_raw raw = {0};
    struct stacks_modules modules = {0};
    if (atomic_load_explicit(&words->state, memory_order_acquire) == LAST_WORDS_NONE) {
        return false;
    }
    struct stack *stack = thread_stacks_add(stacks);
    if (stack == NULL) {
        return false;
    }
    stack->tid = words->tid;
    memcpy(stack->name, words->name, sizeof words->name);
    stack->name[sizeof words->name - 1] = '\0';
    stacks->pid = pid;
    stacks->time = words->time;
    stacks->source = STACK_SOURCE_LAST_WORDS;
    signal_take(&stacks->signal, words);
    (void)snprintf(stacks->note, sizeof stacks->note,
                   "tracing is not allowed here: only the faulting thread's stack, as written by "
                   "itself");
    raw_take(&raw, words);
    modules_take(&modules, words);
    stacks_symbols_refresh(symbols);
    stacks_symbols_name(symbols, &modules, &raw, stack);
    stacks_modules_release(&modules);
    return true;
}
