/* SPDX-License-Identifier: MIT
 *
 * Decides which orphans are the same as at the last look.
 */
#include "harness/programs/strangers.h"

#include <stdlib.h>

/* The log has room for other ends, too. */
#define MOST_TOLD 256U

int strangers_open(struct strangers *strangers, struct failure *failure)
{
    strangers->now = calloc(LEFTOVERS_MOST, sizeof *strangers->now);
    strangers->before = calloc(LEFTOVERS_MOST, sizeof *strangers->before);
    if (strangers->now == NULL || strangers->before == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for orphans");
    }
    return 0;
}

void strangers_close(struct strangers *strangers)
{
    free(strangers->now);
    free(strangers->before);
    strangers->now = strangers->before = NULL;
}

void strangers_begin(struct strangers *strangers)
{
    struct stranger *kept = strangers->before;
    strangers->before = strangers->now;
    strangers->before_count = strangers->now_count;
    strangers->now = kept;
    strangers->now_count = 0;
}

/* The kernel's clock ticks: the same instant is not computed the same each time. */
static bool is_same(const struct stranger *stranger, const struct orphan *orphan)
{
    uint64_t apart = stranger->born > orphan->born ? stranger->born - orphan->born
                                                   : orphan->born - stranger->born;
    return stranger->pid == orphan->pid && apart < 10 * NS_PER_MS;
}

uint64_t strangers_wait(struct strangers *strangers, const struct orphan *orphan, uint64_t now)
{
    struct stranger seen = {.pid = orphan->pid, .born = orphan->born, .since = now};
    for (size_t i = 0; i < strangers->before_count; i++) {
        if (is_same(&strangers->before[i], orphan)) {
            seen = strangers->before[i];
        }
    }
    strangers->now[strangers->now_count++] = seen;
    return now - seen.since;
}

void strangers_tell(struct strangers *strangers, const struct orphan *orphan, uint32_t among,
                    struct program_log *log)
{
    struct stranger *stranger = &strangers->now[strangers->now_count - 1];
    if (stranger->told) {
        return;
    }
    stranger->told = true;
    if (among == 0 || strangers->told++ >= MOST_TOLD) {
        (void)atomic_fetch_add_explicit(&log->strangers, 1, memory_order_relaxed);
        return;
    }
    struct program_end end = {
        .reasons = PROGRAM_LEFTOVERS, .among = among, .pid = orphan->pid, .leftovers = 1};
    leftovers_tell(orphan, &end.left);
    (void)program_log_add(log, &end);
    program_end_release(&end);
}
