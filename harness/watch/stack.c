/* SPDX-License-Identifier: MIT
 *
 * Keeps stacks: their memory, their ceilings, and how far they may be trusted.
 */
#include "harness/watch/stack.h"

#include <stdlib.h>
#include <string.h>

/** Names are asked of this many frames: a signature takes its frames from among them. */
#define JUDGED_FRAMES 4U

/** A stack that breaks off before this many frames says too little. */
#define FEW_FRAMES 3U

void stack_init(struct stack *stack)
{
    memset(stack, 0, sizeof *stack);
}

static void frame_release(struct stack_frame *frame)
{
    free(frame->function);
    free(frame->file);
    free(frame->module);
}

void stack_release(struct stack *stack)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        frame_release(&stack->frames[i]);
    }
    free(stack->frames);
    stack_init(stack);
}

/** Doubles an array up to its ceiling. NULL when it is reached or no memory is left. */
static void *array_grow(void *array, uint32_t *capacity, uint32_t ceiling, size_t size)
{
    uint32_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    if (wanted > ceiling) {
        wanted = ceiling;
    }
    if (wanted <= *capacity) {
        return NULL;
    }
    void *grown = realloc(array, wanted * size);
    if (grown != NULL) {
        *capacity = wanted;
    }
    return grown;
}

static int text_copy(char **to, const char *from)
{
    *to = from == NULL ? NULL : strdup(from);
    return from != NULL && *to == NULL ? -1 : 0;
}

static int frame_copy(struct stack_frame *to, const struct stack_frame *from)
{
    *to = *from;
    to->function = to->file = to->module = NULL;
    if (text_copy(&to->function, from->function) != 0 || text_copy(&to->file, from->file) != 0 ||
        text_copy(&to->module, from->module) != 0) {
        frame_release(to);
        return -1;
    }
    return 0;
}

int stack_add(struct stack *stack, const struct stack_frame *frame)
{
    if (stack->count == stack->capacity) {
        struct stack_frame *grown =
            array_grow(stack->frames, &stack->capacity, STACK_FRAMES, sizeof *grown);
        if (grown == NULL) {
            stack->truncated = true;
            return -1;
        }
        stack->frames = grown;
    }
    if (frame_copy(&stack->frames[stack->count], frame) != 0) {
        stack->truncated = true;
        return -1;
    }
    stack->count++;
    return 0;
}

int stack_copy(struct stack *to, const struct stack *from)
{
    stack_init(to);
    for (uint32_t i = 0; i < from->count; i++) {
        if (stack_add(to, &from->frames[i]) != 0) {
            stack_release(to);
            return -1;
        }
    }
    to->tid = from->tid;
    memcpy(to->name, from->name, sizeof to->name);
    to->truncated = from->truncated;
    to->broken = from->broken;
    to->quality = from->quality;
    return 0;
}

void stack_judge(struct stack *stack)
{
    uint32_t judged = stack->count < JUDGED_FRAMES ? stack->count : JUDGED_FRAMES;
    uint32_t named = 0;
    for (uint32_t i = 0; i < judged; i++) {
        named += stack->frames[i].function != NULL;
    }
    if (stack->count == 0) {
        stack->quality = STACK_NONE;
    } else if (named == 0 || (stack->broken && stack->count < FEW_FRAMES)) {
        stack->quality = STACK_POOR;
    } else {
        stack->quality = named < judged || stack->broken ? STACK_FAIR : STACK_GOOD;
    }
}

const char *stack_quality_name(enum stack_quality quality)
{
    static const char *const names[] = {"none", "poor", "fair", "good"};
    return (unsigned)quality < sizeof names / sizeof *names ? names[quality] : "?";
}

void thread_stacks_release(struct thread_stacks *stacks)
{
    for (uint32_t i = 0; i < stacks->count; i++) {
        stack_release(&stacks->threads[i]);
    }
    free(stacks->threads);
    memset(stacks, 0, sizeof *stacks);
}

struct stack *thread_stacks_add(struct thread_stacks *stacks)
{
    if (stacks->count == stacks->capacity) {
        struct stack *grown =
            array_grow(stacks->threads, &stacks->capacity, STACK_THREADS, sizeof *grown);
        if (grown == NULL) {
            stacks->missing++;
            return NULL;
        }
        stacks->threads = grown;
    }
    struct stack *stack = &stacks->threads[stacks->count++];
    stack_init(stack);
    return stack;
}

const struct stack *thread_stacks_find(const struct thread_stacks *stacks, int32_t tid)
{
    for (uint32_t i = 0; i < stacks->count; i++) {
        if (stacks->threads[i].tid == tid) {
            return &stacks->threads[i];
        }
    }
    return NULL;
}
