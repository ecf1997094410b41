/* SPDX-License-Identifier: MIT
 *
 * The heap of timers.
 */
#include "harness/target/timer.h"

#include <stdlib.h>
#include <string.h>

static void put(struct timers *timers, size_t index, struct timer *timer)
{
    timers->heap[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct timers *timers, size_t index, struct timer *timer)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (timers->heap[parent]->due <= timer->due) {
            break;
        }
        put(timers, index, timers->heap[parent]);
        index = parent;
    }
    put(timers, index, timer);
}

static void sift_down(struct timers *timers, size_t index, struct timer *timer)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && timers->heap[child + 1]->due < timers->heap[child]->due) {
            child++;
        }
        if (timer->due <= timers->heap[child]->due) {
            break;
        }
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

int timers_set(struct timers *timers, struct timer *timer, uint64_t due)
{
    timers_cancel(timers, timer);
    if (timers->count == timers->capacity) {
        size_t capacity = timers->capacity != 0 ? 2 * timers->capacity : 16;
        struct timer **heap = realloc(timers->heap, capacity * sizeof *heap);
        if (heap == NULL) {
            return -1;
        }
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timer->due = due;
    sift_up(timers, timers->count++, timer);
    return 0;
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    if (timer->place == 0) {
        return;
    }
    size_t index = timer->place - 1;
    timer->place = 0;
    struct timer *last = timers->heap[--timers->count];
    if (last == timer) {
        return;
    }
    if (last->due < timer->due) {
        sift_up(timers, index, last);
    } else {
        sift_down(timers, index, last);
    }
}

uint64_t timers_next(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[0]->due : UINT64_MAX;
}

void timers_run(struct timers *timers, uint64_t now)
{
    while (timers->count > 0 && timers->heap[0]->due <= now) {
        struct timer *timer = timers->heap[0];
        timers_cancel(timers, timer);
        timer->fire(timer);
    }
}

void timers_release(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        timers->heap[i]->place = 0;
    }
    free(timers->heap);
    memset(timers, 0, sizeof *timers);
}
