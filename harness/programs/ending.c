/* SPDX-License-Identifier: MIT
 *
 * Tells good ends from bad ones, and sorts out at once the failures that a fault of the target
 * explains: there may be as many as there are processes.
 */
#include "harness/programs/ending.h"

#include "harness/watch/foreign_report.h"
#include "harness/watch/sanitizer_logs.h"

#include <stdio.h>
#include <sys/wait.h>

/* More of them, and growth is worth a look. */
#define FEW_MORE 4U
/* Of a stream that goes into a record. */
#define STREAM_KEPT ((size_t)64 << 10)

static bool may_grow(const struct program_end *end)
{
    uint32_t count = end->sample_count;
    if (count < 8) {
        return false;
    }
    const struct program_sample *early = &end->samples[count / 4];
    const struct program_sample *late = &end->samples[count - 1 - count / 8];
    return late->fds >= early->fds + FEW_MORE || late->threads >= early->threads + FEW_MORE;
}

static uint32_t find_reasons(const struct process *process, const struct ledger *ledger)
{
    const struct program_end *end = &process->end;
    const struct expect_model *expect = &process->turn.step->expect;
    uint32_t reasons = 0;
    if (end->stop != PROGRAM_NOT_STOPPED) {
        reasons |= PROGRAM_STOPPED;
    } else if (WIFSIGNALED(end->status)) {
        reasons |= PROGRAM_DIED;
    } else if (WEXITSTATUS(end->status) != expect->exit_status) {
        reasons |= PROGRAM_STATUS;
    }
    if (end->sanitizer.length > 0) {
        reasons |= PROGRAM_SANITIZER;
    }
    if (end->leftovers > 0 && end->stop == PROGRAM_NOT_STOPPED && WIFEXITED(end->status)) {
        reasons |= PROGRAM_LEFTOVERS;
    }
    if (reasons == 0 && ledger != NULL && !end->refused && end->connections < expect->connections) {
        reasons |= PROGRAM_SILENT;
    }
    return reasons | (may_grow(end) ? (uint32_t)PROGRAM_GROWTH : 0U);
}

static void note_most(_Atomic uint64_t *most, uint64_t value)
{
    if (value > atomic_load_explicit(most, memory_order_relaxed)) {
        atomic_store_explicit(most, value, memory_order_relaxed);
    }
}

/* The kernel's maximum includes the moment before exec, when the process was a copy of this one. */
static uint64_t peak_of(const struct process *process)
{
    struct rusage own;
    uint64_t told = (uint64_t)process->child.usage.ru_maxrss;
    if (getrusage(RUSAGE_SELF, &own) != 0 || told <= (uint64_t)own.ru_maxrss) {
        return process->peak_rss;
    }
    return told * 1024 > process->peak_rss ? told * 1024 : process->peak_rss;
}

static void gather(struct process *process, const struct process_setup *setup)
{
    struct program_end *end = &process->end;
    char prefix[24];
    (void)snprintf(prefix, sizeof prefix, "p%u.", end->process);
    sanitizer_logs_gather(setup->folder, prefix, &end->sanitizer);
    end->sanitizer_exit = WIFEXITED(end->status) && WEXITSTATUS(end->status) == SANITIZER_EXIT;
}

static void add_record(struct process *process, struct program_log *log)
{
    struct program_end *end = &process->end;
    end->out.ceiling = 3 * STREAM_KEPT;
    end->err.ceiling = 3 * STREAM_KEPT;
    output_text(&process->out, &end->out);
    output_text(&process->err, &end->err);
    (void)program_log_add(log, end);
}

/* Nothing but an ordinary failure: a crash is never explained by a fault, though the process that
 * eighth started ends by exit. */
static bool may_be_explained(struct process *process)
{
    struct program_end *end = &process->end;
    if (end->reasons != PROGRAM_STATUS || program_child_signal(WEXITSTATUS(end->status)) != 0) {
        return false;
    }
    struct buffer err = BUFFER_INIT;
    output_text(&process->err, &err);
    bool crash = foreign_tells_crash(buffer_text(&err), err.length);
    buffer_clear(&err);
    return !crash;
}

bool ending_take(struct process *process, const struct process_setup *setup,
                 struct program_log *log, struct ledger *ledger, uint64_t above)
{
    struct program_end *end = &process->end;
    struct ledger_visit visit = {0};
    gather(process, setup);
    note_most(&log->peak_rss, peak_of(process));
    (void)atomic_fetch_add_explicit(&log->ended, 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&log->not_sure, end->settled_not, memory_order_relaxed);
    if (ledger != NULL) {
        uint64_t next = atomic_load_explicit(&ledger->next, memory_order_acquire);
        ledger_look(ledger, above, next, end->port, end->begun, end->settled, &visit);
        end->connections = (uint32_t)visit.connections;
    }
    end->reasons = find_reasons(process, ledger);
    uint32_t fault = end->refused ? (uint32_t)FAULT_REFUSE : visit.fault;
    if (fault != 0 && fault < FAULT_COUNT && may_be_explained(process)) {
        (void)atomic_fetch_add_explicit(&log->explained[fault], 1, memory_order_relaxed);
        return false;
    }
    if (end->reasons != 0 && end->stop != PROGRAM_STOP_ORDER) {
        add_record(process, log);
    }
    return (end->reasons & ~(uint32_t)PROGRAM_GROWTH) == 0;
}
