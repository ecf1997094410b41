/* SPDX-License-Identifier: MIT
 *
 * Decides when a process is stopped, pressed, and left in peace.
 */
#include "harness/programs/process.h"

#include "harness/base/clock.h"
#include "harness/base/prf.h"
#include "harness/programs/command.h"
#include "harness/programs/proc_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Between SIGTERM and SIGKILL, for a program and for its leftovers. */
#define TERM_GRACE (500 * NS_PER_MS)
/* What SIGKILL does not end in this time (it hangs in the kernel) is given up. */
#define KILL_LIMIT (5 * NS_PER_S)
#define LEFTOVERS_TOLD 16U

/* ---- start ---- */

static int make_command(struct program_command *command, const struct process_setup *setup,
                        const struct turn *turn, uint32_t number, uint16_t port)
{
    const struct plan *plan = setup->plan;
    const struct scenario *scenario = plan->scenario;
    char numbers[5][24];
    char mark[LEFTOVERS_MARK];
    char log[4400];
    uint64_t seed = prf(plan->seed, PRF_PROGRAM, turn->instance, turn->cycle, turn->step->index);
    (void)snprintf(numbers[0], sizeof numbers[0], "%u", port);
    (void)snprintf(numbers[1], sizeof numbers[1], "%llu",
                   (unsigned long long)scenario->load.cycles);
    (void)snprintf(numbers[2], sizeof numbers[2], "%u", turn->instance);
    (void)snprintf(numbers[3], sizeof numbers[3], "%llu", (unsigned long long)turn->cycle);
    (void)snprintf(numbers[4], sizeof numbers[4], "%llu", (unsigned long long)(seed >> 12));
    const char *const values[PLACEHOLDERS] = {
        [PLACEHOLDER_HOST] = plan->host,
        [PLACEHOLDER_PORT] = numbers[0],
        [PLACEHOLDER_PATH] = turn->step->path,
        [PLACEHOLDER_CA] = plan->ca_file != NULL ? plan->ca_file : "",
        [PLACEHOLDER_SNI] = plan->sni,
        [PLACEHOLDER_CYCLES] = numbers[1],
        [PLACEHOLDER_INSTANCE] = numbers[2],
        [PLACEHOLDER_CYCLE] = numbers[3],
        [PLACEHOLDER_SEED] = numbers[4],
    };
    leftovers_mark(number, mark);
    (void)snprintf(log, sizeof log, "%s/p%u", setup->folder, number);
    return program_command_make(command, &scenario->client, values, setup->environment, mark, log);
}

/* A sanitizer's leak check traces the process itself and cannot if we do. */
static void choose_tracing(struct process *process, const struct process_setup *setup)
{
    memset(&process->tracing, 0, sizeof process->tracing);
    process->tracing.tracing = setup->tracing;
    if (setup->tracing->allowed && !setup->binary.leaks) {
        process->tracing.way = TRACING_TRACED;
    }
}

/* refused: errno of the exec; 0: it was something else. */
static void explain(const struct process_setup *setup, int refused, struct failure *failure)
{
    size_t used = strlen(failure->text);
    if (failure->kind != FAILURE_USAGE) {
        return;
    }
    if (refused != 0) {
        binary_explain(setup->path, refused, failure);
    } else {
        (void)snprintf(failure->text + used, sizeof failure->text - used, " (client.cwd: %s)",
                       setup->plan->scenario->client.cwd);
    }
}

int process_start(struct process *process, const struct process_setup *setup,
                  const struct turn *turn, uint32_t number, uint16_t port, struct failure *failure)
{
    struct program_command command = {NULL, NULL};
    if (make_command(&command, setup, turn, number, port) != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for a command line");
    }
    choose_tracing(process, setup);
    struct child_order order = {
        .path = setup->path,
        .arguments = (const char *const *)command.words,
        .descriptors = setup->descriptors,
        .fixed_addresses = setup->binary.fixed,
        .mask = setup->mask,
        .session = true,
        .folder = setup->plan->scenario->client.cwd,
        .given = true,
        .environment = (const char *const *)command.environment,
        .held = process->tracing.way == TRACING_TRACED ? worker_tracing_attach : NULL,
        .tend = process->tracing.way == TRACING_TRACED ? worker_tracing_tend : NULL,
        .held_context = &process->tracing,
    };
    process->turn = *turn;
    process->end = (struct program_end){
        .process = number,
        .instance = turn->instance,
        .step = turn->step->index,
        .cycle = turn->cycle,
        .port = port,
        .begun = clock_now(),
    };
    int result = child_start(&process->child, &order, failure);
    program_command_release(&command);
    if (result != 0) {
        worker_tracing_detach(&process->tracing);
        explain(setup, process->child.refused, failure);
        return -1;
    }
    output_open(&process->out, process->child.out, setup->output_bytes);
    output_open(&process->err, process->child.err, setup->output_bytes);
    process->end.pid = process->child.pid;
    process->end.untraced = process->tracing.tracer == NULL;
    process->state = PROCESS_RUNNING;
    process->sampled = 0;
    process->sample_stride = 1;
    process->looks = 0;
    process->peak_rss = 0;
    process->asked = 0;
    return 0;
}

/* ---- life ---- */

void process_watch(struct process *process, uint64_t now)
{
    output_drain(&process->out);
    output_drain(&process->err);
    if (process->state == PROCESS_RUNNING && worker_tracing_poll(&process->tracing) &&
        child_ended(&process->child)) {
        worker_tracing_end(&process->tracing, process->child.pid, &process->end.stacks);
        process->end.ended = now;
        process->state = PROCESS_SETTLING;
    }
}

/* When the series is full, every second sample goes, and from then on they are taken half as often.
 */
static void keep_sample(struct process *process, const struct program_sample *sample)
{
    struct program_end *end = &process->end;
    if (process->looks++ % process->sample_stride != 0) {
        return;
    }
    if (end->sample_count == PROGRAM_SAMPLES) {
        for (uint32_t i = 0; i < PROGRAM_SAMPLES / 2; i++) {
            end->samples[i] = end->samples[2 * i];
        }
        end->sample_count = PROGRAM_SAMPLES / 2;
        process->sample_stride *= 2;
    }
    end->samples[end->sample_count++] = *sample;
}

uint64_t process_sample(struct process *process, uint32_t connections, uint64_t now)
{
    struct program_sample sample = {.time = now, .connections = connections};
    process->sampled = now;
    if (process->state != PROCESS_RUNNING) {
        return 0;
    }
    uint64_t resident = proc_resident(process->child.pid);
    process->peak_rss = resident > process->peak_rss ? resident : process->peak_rss;
    if (proc_count(process->child.pid, &sample.fds, &sample.threads)) {
        keep_sample(process, &sample);
    }
    return resident;
}

void process_stop(struct process *process, enum program_stop why, bool with_stacks, uint64_t now)
{
    if (process->state != PROCESS_RUNNING || process->end.stop != PROGRAM_NOT_STOPPED) {
        return;
    }
    process->end.stop = why;
    process->end.stopped_at = now;
    if (with_stacks) {
        worker_tracing_freeze(&process->tracing, process->child.pid);
    } else {
        worker_tracing_detach(&process->tracing);
    }
    child_signal(&process->child, why == PROGRAM_STOP_MEMORY ? SIGKILL : SIGTERM);
    child_signal(&process->child, SIGCONT);
}

void process_press(struct process *process, uint64_t now)
{
    if (process->state == PROCESS_RUNNING && process->end.stop != PROGRAM_NOT_STOPPED &&
        now - process->end.stopped_at >= TERM_GRACE) {
        process->end.forced = true;
        child_signal(&process->child, SIGKILL);
    }
}

/* ---- end ---- */

bool process_owns(const struct process *process, const struct orphan *orphan)
{
    return process->state != PROCESS_NONE &&
           (orphan->process == process->end.process || orphan->group == process->child.pid ||
            orphan->session == process->child.pid);
}

static void settled(struct process *process, uint64_t now)
{
    (void)child_reap(&process->child); /* what is left of its group dies with it */
    process->end.status = process->child.status;
    for (int i = 0; i < 16 && (process->out.fd >= 0 || process->err.fd >= 0); i++) {
        output_drain(&process->out);
        output_drain(&process->err);
    }
    process->settled = now;
    process->state = PROCESS_SETTLED;
}

static void tell(struct process *process, const struct orphan *orphans, size_t count)
{
    uint32_t told = 0;
    for (size_t i = 0; i < count && told < LEFTOVERS_TOLD; i++) {
        if (process_owns(process, &orphans[i])) {
            leftovers_tell(&orphans[i], &process->end.left);
            told++;
        }
    }
}

static void signal_all(const struct process *process, const struct orphan *orphans, size_t count,
                       int number)
{
    for (size_t i = 0; i < count; i++) {
        if (process_owns(process, &orphans[i])) {
            leftovers_signal(&orphans[i], number);
        }
    }
}

void process_settle(struct process *process, const struct orphan *orphans, size_t count,
                    bool unsure, uint64_t now)
{
    uint32_t own = 0;
    for (size_t i = 0; i < count; i++) {
        own += process_owns(process, &orphans[i]);
    }
    bool patient = process->end.stop == PROGRAM_NOT_STOPPED;
    if (own == 0 && unsure && now - process->end.ended < OWN_END) {
        return;
    }
    if (own == 0) {
        settled(process, now);
    } else if (process->asked == 0 && (!patient || now - process->end.ended >= OWN_END)) {
        process->asked = now;
        process->end.leftovers = own;
        tell(process, orphans, count);
        signal_all(process, orphans, count, SIGTERM);
        signal_all(process, orphans, count, SIGCONT);
    } else if (process->asked != 0 && now - process->asked >= KILL_LIMIT) {
        process->end.immortal = own;
        settled(process, now);
    } else if (process->asked != 0 && now - process->asked >= TERM_GRACE) {
        signal_all(process, orphans, count, SIGKILL);
    }
}

void process_release(struct process *process)
{
    struct output none = OUTPUT_INIT;
    output_release(&process->out);
    output_release(&process->err);
    program_end_release(&process->end);
    process->out = none;
    process->err = none;
    process->state = PROCESS_NONE;
}
