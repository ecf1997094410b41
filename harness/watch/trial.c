/* SPDX-License-Identifier: MIT
 *
 * The watch loop: output, memory, deadline, target and the user, all in one poll.
 */
#include "harness/watch/trial.h"

#include "harness/base/clock.h"
#include "harness/scenario/plan.h"
#include "harness/watch/callgrind.h"
#include "harness/watch/program_driver.h"
#include "harness/watch/sanitizer_logs.h"
#include "harness/watch/trial_target.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCH_EVERY (20 * NS_PER_MS)
#define LISTEN_EVERY (100 * NS_PER_MS)
#define TERM_GRACE (500 * NS_PER_MS)
#define HANDED_OVER 4

void trial_init(struct trial_record *record)
{
    struct output none = OUTPUT_INIT;
    struct shared_memory nothing = SHARED_MEMORY_INIT;
    memset(record, 0, sizeof *record);
    record->out = none;
    record->err = none;
    record->shared = nothing;
    record->programs_shared = nothing;
}

void trial_release(struct trial_record *record)
{
    output_release(&record->out);
    output_release(&record->err);
    shared_memory_release(&record->shared);
    shared_memory_release(&record->programs_shared);
    record->logbook = NULL;
    record->programs = NULL;
    thread_stacks_release(&record->stacks);
    thread_stacks_release(&record->left);
    buffer_clear(&record->sanitizer);
    descriptor_evidence_release(&record->descriptors);
}

enum worker_state trial_state(const struct trial_record *record)
{
    if (record->logbook == NULL) {
        return WORKER_STARTING;
    }
    uint32_t state = atomic_load_explicit(&record->logbook->state, memory_order_acquire);
    return state <= WORKER_REFUSED ? (enum worker_state)state : WORKER_STARTING;
}

bool trial_ended_well(const struct trial_record *record)
{
    return record->started && record->stop == TRIAL_NOT_STOPPED && WIFEXITED(record->status) &&
           (WEXITSTATUS(record->status) == 0 || record->sanitizer_exit) &&
           trial_state(record) == WORKER_FINISHED;
}

/* The worker while it lives, with what watches it. */
struct watched {
    struct child child;
    struct worker_tracing tracing;
    struct sanitizer_logs logs;
    struct shared_memory descriptors; /* what the worker sees of its client's descriptors */
    struct callgrind callgrind;
};

/* ---- start ---- */

static void fill_plan(const struct trial_setup *setup, uint64_t seed, struct plan *plan)
{
    const struct target_model *target = &setup->scenario->target;
    /* plan_write only reads. */
    plan->scenario = (struct scenario *)(uintptr_t)setup->scenario;
    plan->seed = seed;
    plan->library = (char *)(uintptr_t)setup->library;
    plan->count_instructions = setup->count_instructions;
    if (setup->target != NULL) {
        static char loopback[] = "127.0.0.1";
        static char name[] = "localhost";
        plan->host = loopback;
        plan->sni = name;
        plan->port = setup->target->ledger->port;
        plan->refuse_port = setup->target->ledger->refuse_port;
        plan->ca_file = target->embedded.tls ? setup->target->ca_file : NULL;
    } else {
        plan->host = target->host;
        plan->port = target->port;
        plan->sni = target->sni != NULL ? target->sni : target->host;
        plan->ca_file = target->ca_file;
    }
}

/* The worker's argv, ended by NULL, with options that pass a descriptor. */
struct handover {
    const char *arguments[CALLGRIND_WORDS + 2 * HANDED_OVER + 1];
    int words;
    char numbers[HANDED_OVER][16];
    int fds[HANDED_OVER];
    int count;
};

static void hand_over(struct handover *handover, const char *option, int fd)
{
    if (fd < 0) {
        return; /* there is none */
    }
    int i = handover->count++;
    (void)snprintf(handover->numbers[i], sizeof handover->numbers[i], "%d", fd);
    handover->fds[i] = fd;
    handover->arguments[handover->words++] = option;
    handover->arguments[handover->words++] = handover->numbers[i];
}

/* The words before its options. */
static void begin_arguments(const struct trial_setup *setup, struct watched *watched,
                            struct handover *handover)
{
    if (setup->valgrind == NULL) {
        handover->arguments[handover->words++] = "eighth-worker";
        return;
    }
    callgrind_prepare(&watched->callgrind, setup->valgrind, setup->worker, setup->folder);
    while (handover->words < CALLGRIND_WORDS) {
        handover->arguments[handover->words] = watched->callgrind.words[handover->words];
        handover->words++;
    }
}

static int launch_programs(const struct trial_setup *setup, struct trial_record *record,
                           int plan_fd, struct watched *watched)
{
    const struct program_driver driver = {
        .eighth = setup->worker,
        .plan_fd = plan_fd,
        .logbook_fd = record->shared.fd,
        .log_fd = record->programs_shared.fd,
        .ledger_fd = setup->target != NULL ? setup->target->shared.fd : -1,
        .folder = watched->logs.folder,
        .limit = setup->needs->worker_limit,
        .mask = &setup->signals->old_mask,
        .environment = setup->environment,
    };
    return program_driver_start(&watched->child, &driver, &record->failure);
}

static int launch_worker(const struct trial_setup *setup, struct trial_record *record, int plan_fd,
                         struct watched *watched)
{
    struct child *child = &watched->child;
    struct handover handover = {.words = 0};
    begin_arguments(setup, watched, &handover);
    hand_over(&handover, "--plan-fd", plan_fd);
    hand_over(&handover, "--logbook-fd", record->shared.fd);
    hand_over(&handover, "--descriptors-fd", watched->descriptors.fd);
    hand_over(&handover, "--last-words-fd", watched->tracing.words.fd);
    bool traced = watched->tracing.way == TRACING_TRACED;
    struct child_order order = {
        .path = setup->valgrind != NULL ? setup->valgrind : setup->worker,
        .arguments = handover.arguments,
        .inherited = handover.fds,
        .inherited_count = handover.count,
        .descriptors = setup->needs->worker_limit,
        .fixed_addresses = strcmp(setup->flavor, "tsan") == 0,
        .mask = &setup->signals->old_mask,
        .environment = sanitizer_logs_environment(&watched->logs),
        .held = traced ? worker_tracing_attach : NULL,
        .tend = traced ? worker_tracing_tend : NULL,
        .held_context = &watched->tracing,
    };
    return child_start(child, &order, &record->failure);
}

static bool runs_cycles(const void *logbook)
{
    return atomic_load_explicit(&((const struct logbook *)logbook)->state, memory_order_acquire) ==
           WORKER_RUNNING;
}

static int launch(const struct trial_setup *setup, struct trial_record *record, int plan_fd,
                  struct watched *watched)
{
    const struct child *child = &watched->child;
    int result = record->programs != NULL ? launch_programs(setup, record, plan_fd, watched)
                                          : launch_worker(setup, record, plan_fd, watched);
    if (result != 0) {
        return -1;
    }
    record->started = true;
    output_open(&record->out, child->out, setup->scenario->limits.output_bytes);
    output_open(&record->err, child->err, setup->scenario->limits.output_bytes);
    return 0;
}

static int start_worker(const struct trial_setup *setup, struct trial_record *record,
                        struct watched *watched)
{
    struct plan plan;
    int plan_fd = -1;
    int result = -1;
    memset(&plan, 0, sizeof plan);
    if (logbook_create(&record->shared, setup->needs->lanes, &record->failure) != 0) {
        return -1;
    }
    record->logbook = record->shared.memory;
    record->lanes = setup->needs->lanes;
    if (setup->count_calls) {
        worker_tracing_count(&watched->tracing, runs_cycles, record->logbook);
    }
    fill_plan(setup, record->seed, &plan);
    if (plan_write(&plan, &plan_fd, &record->failure) == 0) {
        result = launch(setup, record, plan_fd, watched);
        (void)close(plan_fd);
    }
    return result;
}

/* ---- watch ---- */

static uint64_t resident_bytes(pid_t pid)
{
    char path[48];
    char text[128];
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t length = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    char *second = strchr(text, ' ');
    uint64_t pages = second != NULL ? strtoull(second, NULL, 10) : 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void stop(struct trial_record *record, struct watched *watched, enum trial_stop why,
                 uint64_t now)
{
    const struct child *child = &watched->child;
    record->stop = why;
    record->stopped_at = now;
    if (why == TRIAL_STOP_DEADLINE || why == TRIAL_STOP_MEMORY) {
        worker_tracing_freeze(&watched->tracing, child->pid);
    } else {
        worker_tracing_detach(&watched->tracing);
    }
    if (record->programs != NULL) {
        atomic_store_explicit(&record->programs->ordered, 1, memory_order_release);
    }
    /* One that eats memory gets no time to go on; one that hangs may still end in good order. */
    child_signal(child, why == TRIAL_STOP_MEMORY ? SIGKILL : SIGTERM);
}

/* Whether the worker must be stopped now, and why. */
static enum trial_stop reason_to_stop(const struct trial_setup *setup, struct trial_record *record,
                                      const struct watched *watched, uint64_t now)
{
    const struct scenario *scenario = setup->scenario;
    uint64_t resident = resident_bytes(watched->child.pid);
    record->peak_rss = resident > record->peak_rss ? resident : record->peak_rss;
    if (signals_take(setup->signals)) {
        return TRIAL_STOP_INTERRUPT;
    }
    if (setup->target != NULL && record->stop == TRIAL_NOT_STOPPED &&
        trial_target_is_lost(setup->target, record, now)) {
        return TRIAL_STOP_TARGET;
    }
    if (record->programs == NULL && scenario->limits.memory_bytes != 0 &&
        resident > scenario->limits.memory_bytes) {
        return TRIAL_STOP_MEMORY;
    }
    uint64_t late = record->programs != NULL ? PROGRAM_DRIVER_LATE : 0;
    uint64_t taken = now - record->begun - watched->tracing.looking;
    return taken >= scenario->deadline_ns + late ? TRIAL_STOP_DEADLINE : TRIAL_NOT_STOPPED;
}

static void await_event(const struct trial_setup *setup, const struct trial_record *record)
{
    struct pollfd fds[] = {
        {.fd = setup->signals->fd, .events = POLLIN},
        {.fd = record->out.fd, .events = POLLIN},
        {.fd = record->err.fd, .events = POLLIN},
        {.fd = setup->target != NULL ? setup->target->out.fd : -1, .events = POLLIN},
        {.fd = setup->target != NULL ? setup->target->err.fd : -1, .events = POLLIN},
    };
    (void)poll(fds, sizeof fds / sizeof fds[0], (int)(WATCH_EVERY / NS_PER_MS));
}

/* True once the worker is over and reaped. */
static bool reap(struct trial_record *record, struct watched *watched)
{
    struct child *child = &watched->child;
    if (!worker_tracing_poll(&watched->tracing)) {
        return false;
    }
    pid_t pid = child->pid;
    if (!child_reap(child)) {
        return false;
    }
    worker_tracing_end(&watched->tracing, pid, &record->stacks);
    record->calls = watched->tracing.calls;
    return true;
}

static void watch(const struct trial_setup *setup, struct trial_record *record,
                  struct watched *watched)
{
    struct child *child = &watched->child;
    uint64_t grace = record->programs != NULL ? PROGRAM_DRIVER_GRACE : TERM_GRACE;
    uint64_t looked = 0;
    uint64_t listened = record->begun;
    for (;;) {
        output_drain(&record->out);
        output_drain(&record->err);
        (void)signals_take(setup->signals);
        if (reap(record, watched)) {
            return;
        }
        worker_tracing_look(&watched->tracing, child->pid, record->logbook, &record->left);
        uint64_t now = clock_now();
        if (now - looked >= WATCH_EVERY) {
            looked = now;
            enum trial_stop why = reason_to_stop(setup, record, watched, now);
            if (record->stop == TRIAL_NOT_STOPPED && why != TRIAL_NOT_STOPPED) {
                stop(record, watched, why, now);
            } else if (record->stop != TRIAL_NOT_STOPPED && !record->forced &&
                       now - record->stopped_at >= grace) {
                record->forced = true;
                child_signal(child, SIGKILL);
            }
        }
        if (now - listened >= LISTEN_EVERY) {
            listened = now;
            setup->listen(setup->context, record, setup->target, false);
        }
        await_event(setup, record);
    }
}

/* ---- end ---- */

static uint64_t timeval_ns(struct timeval value)
{
    return (uint64_t)value.tv_sec * NS_PER_S + (uint64_t)value.tv_usec * NS_PER_US;
}

static void note_usage(struct trial_record *record, const struct child *child)
{
    struct rusage own;
    record->status = child->status;
    record->cpu_ns = timeval_ns(child->usage.ru_utime) + timeval_ns(child->usage.ru_stime);
    if (record->logbook != NULL && record->logbook->peak_rss > record->peak_rss &&
        trial_ended_well(record)) {
        record->peak_rss = record->logbook->peak_rss;
    }
    /* The kernel's maximum includes the moment between fork and exec, when the child still is a
     * copy of this process: below our own size it says nothing. */
    if (getrusage(RUSAGE_SELF, &own) == 0 && child->usage.ru_maxrss > own.ru_maxrss) {
        uint64_t peak = (uint64_t)child->usage.ru_maxrss * 1024;
        record->peak_rss = peak > record->peak_rss ? peak : record->peak_rss;
    }
}

/* What the dead worker left in the pipe. Bounded: a process that escaped the group may hold the
 * pipe open and write on. */
static void take_rest(struct output *output)
{
    uint64_t before;
    int rounds = 0;
    do {
        before = output_total(output);
        output_drain(output);
    } while (output->fd >= 0 && output_total(output) != before && ++rounds < 16);
}

/* The driver is not traced: it holds no client. */
static int prepare_programs(const struct trial_setup *setup, struct trial_record *record,
                            struct watched *watched)
{
    if (worker_tracing_begin(&watched->tracing, NULL, setup->flavor, &record->failure) != 0 ||
        program_log_create(&record->programs_shared, &record->failure) != 0) {
        return -1;
    }
    record->programs = record->programs_shared.memory;
    return sanitizer_logs_open_folder(&watched->logs, setup->folder, &record->failure);
}

/* What must be there before the worker is. */
static int prepare(const struct trial_setup *setup, struct trial_record *record,
                   struct watched *watched)
{
    struct sanitizer_logs none = SANITIZER_LOGS_INIT;
    struct shared_memory nothing = SHARED_MEMORY_INIT;
    watched->logs = none;
    watched->descriptors = nothing;
    const char *slash = strrchr(setup->library, '/');
    (void)snprintf(record->module, sizeof record->module, "%s",
                   slash != NULL ? slash + 1 : setup->library);
    record->poisoned = strcmp(setup->flavor, "poison") == 0;
    if (setup->scenario->client.exec != NULL) {
        return prepare_programs(setup, record, watched);
    }
    if (setup->tracing != NULL) {
        (void)snprintf(record->stacks_refused, sizeof record->stacks_refused, "%s",
                       setup->tracing->refusal);
    }
    /* Signals inside valgrind are its own business first. */
    struct tracing *tracing = setup->valgrind == NULL ? setup->tracing : NULL;
    if (worker_tracing_begin(&watched->tracing, tracing, setup->flavor, &record->failure) != 0 ||
        (setup->scenario->client.interposition &&
         descriptor_log_create(&watched->descriptors, &record->failure) != 0)) {
        return -1;
    }
    return sanitizer_logs_open(&watched->logs, setup->folder, setup->flavor, setup->undefined,
                               setup->environment, &record->failure);
}

static void give_up(struct watched *watched)
{
    struct thread_stacks nothing;
    struct buffer text = BUFFER_INIT;
    worker_tracing_end(&watched->tracing, 0, &nothing);
    thread_stacks_release(&nothing);
    sanitizer_logs_take(&watched->logs, &text);
    buffer_clear(&text);
    shared_memory_release(&watched->descriptors);
}

static void take_logs(const struct trial_setup *setup, struct trial_record *record,
                      struct watched *watched, pid_t pid)
{
    if (record->programs != NULL) {
        uint64_t peak = atomic_load_explicit(&record->programs->peak_rss, memory_order_relaxed);
        record->peak_rss = peak;
        if (!trial_ended_well(record)) {
            program_driver_sweep(pid);
        }
        struct buffer rest = BUFFER_INIT; /* of programs whose end nobody saw */
        sanitizer_logs_take(&watched->logs, &rest);
        buffer_clear(&rest);
        return;
    }
    if (setup->valgrind != NULL) {
        record->instructions = callgrind_take(&watched->callgrind);
    }
    record->sanitized = watched->logs.folder[0] != '\0';
    record->sanitizer_exit = sanitizer_logs_exited(&watched->logs, record->status);
    sanitizer_logs_take(&watched->logs, &record->sanitizer);
    descriptor_evidence_read(&record->descriptors, &watched->descriptors, &record->left,
                             setup->tracing != NULL ? setup->tracing->symbols : NULL);
    shared_memory_release(&watched->descriptors);
}

void trial_run(const struct trial_setup *setup, uint32_t index, uint64_t seed,
               struct trial_record *record)
{
    struct watched watched;
    record->index = index;
    record->seed = seed;
    record->begun = clock_now();
    record->ended = record->begun;
    if (setup->target != NULL && trial_target_begin(setup, record) != 0) {
        return;
    }
    record->begun = clock_now();
    if (prepare(setup, record, &watched) != 0 || start_worker(setup, record, &watched) != 0) {
        record->ended = clock_now();
        give_up(&watched);
        return;
    }
    pid_t pid = watched.child.pid;
    watch(setup, record, &watched);
    record->ended = clock_now();
    note_usage(record, &watched.child);
    take_logs(setup, record, &watched, pid);
    take_rest(&record->out);
    take_rest(&record->err);
    if (setup->target != NULL) {
        trial_target_settle(setup, record);
    }
    setup->listen(setup->context, record, setup->target, true);
}
