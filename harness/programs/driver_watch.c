/* SPDX-License-Identifier: MIT
 *
 * One poll over all that runs: limits, orphans, ends.
 */
#include "harness/programs/driver_parts.h"

#include "harness/base/clock.h"
#include "harness/programs/ending.h"
#include "harness/programs/proc_files.h"

#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY (50 * NS_PER_MS)
/* More of them are looked at less often: it costs the same for each. */
#define LOOK_TOGETHER 32U
/* Something is being settled: its orphans tell nothing when they end. */
#define SETTLE_EVERY (5 * NS_PER_MS)
/* The target is awaited so long to accept what a process has left in its queue. */
#define WHOLE_LIMIT NS_PER_S

static bool is_own(const void *context, pid_t pid)
{
    const struct driver *driver = context;
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        const struct process *process = &driver->seats[i].process;
        if (process->state != PROCESS_NONE && process->child.pid == pid) {
            return true;
        }
    }
    return false;
}

/* One without a mark belongs to a program that was there when it was born, and how that ended is
 * known once its place is free; one whose mark is ours, to the program that it names. */
static bool has_living_owner(const struct driver *driver, const struct orphan *orphan)
{
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        const struct process *process = &driver->seats[i].process;
        if (process_owns(process, orphan) ||
            (orphan->process == 0 && process->state != PROCESS_NONE &&
             process->end.begun <= orphan->born)) {
            return true;
        }
    }
    return false;
}

/* Orphans whose program has ended, whichever it was: they escaped while it was settled, or nothing
 * says that they were its own. */
static void end_strangers(struct driver *driver, size_t count, bool at_once, uint64_t now)
{
    strangers_begin(&driver->strangers);
    for (size_t i = 0; i < count; i++) {
        const struct orphan *orphan = &driver->orphans[i];
        if (has_living_owner(driver, orphan)) {
            continue;
        }
        uint64_t waited = strangers_wait(&driver->strangers, orphan, now);
        if (at_once || waited >= OWN_END) {
            bool at_fault = !driver->stopping && !driver->unclean;
            strangers_tell(&driver->strangers, orphan, at_fault ? driver->number : 0, driver->log);
            leftovers_signal(orphan, SIGKILL);
        }
    }
}

/* With one place for programs there is no doubt whose an orphan is. */
static void claim(struct driver *driver, size_t count)
{
    const struct process *process = &driver->seats[0].process;
    if (driver->seat_count != 1 || process->state != PROCESS_SETTLING) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (driver->orphans[i].process == 0 && driver->orphans[i].born >= process->end.begun) {
            driver->orphans[i].process = process->end.process;
        }
    }
}

static void settle(struct driver *driver, uint64_t now)
{
    bool wanted = now - driver->searched >= LOOK_EVERY;
    for (uint32_t i = 0; i < driver->seat_count && !wanted; i++) {
        wanted = driver->seats[i].process.state == PROCESS_SETTLING;
    }
    if (!wanted) {
        return;
    }
    driver->searched = now;
    bool unsure;
    size_t count = leftovers_find(is_own, driver, driver->orphans, LEFTOVERS_MOST, &unsure);
    claim(driver, count);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        if (driver->seats[i].process.state == PROCESS_SETTLING) {
            process_settle(&driver->seats[i].process, driver->orphans, count, unsure, now);
        }
    }
    end_strangers(driver, count, driver->stopping, now);
}

static void close_seat(struct driver *driver, uint32_t lane, uint64_t now)
{
    struct seat *seat = &driver->seats[lane];
    struct process *process = &seat->process;
    process->end.settled = now;
    driver->unclean = driver->unclean || process->end.stop != PROGRAM_NOT_STOPPED ||
                      !WIFEXITED(process->end.status);
    bool well = ending_take(process, &driver->setup, driver->log, driver->ledger, seat->above);
    bool last = population_ended(driver->population, &process->turn, well, now);
    driver_count_end(driver, lane, well, last);
    driver_record(driver, lane, FLIGHT_END, well ? 0 : 1);
    process_release(process);
    driver->busy--;
}

/* Nothing of the process lives; what it had made at the target may still wait there. */
static void await_target(struct driver *driver, uint32_t lane, uint64_t now)
{
    struct seat *seat = &driver->seats[lane];
    seat->watching = seat->watching == 0 ? now : seat->watching;
    if (account_is_whole(driver->account, seat->process.end.port)) {
        close_seat(driver, lane, clock_now());
    } else if (now - seat->watching >= WHOLE_LIMIT) {
        seat->process.end.settled_not = 1;
        close_seat(driver, lane, now);
    }
}

static void check_limits(struct driver *driver, struct seat *seat, uint64_t now)
{
    struct process *process = &seat->process;
    uint64_t most = driver->scenario->limits.memory_bytes;
    uint64_t resident = process_sample(process, driver->account->seen[process->end.port], now);
    if (most != 0 && resident > most) {
        process_stop(process, PROGRAM_STOP_MEMORY, driver->snapshots++ < MOST_SNAPSHOTS, now);
    }
}

static void look(struct driver *driver, uint64_t now)
{
    uint64_t every = LOOK_EVERY * (1 + driver->busy / LOOK_TOGETHER);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        struct seat *seat = &driver->seats[i];
        struct process *process = &seat->process;
        if (process->state != PROCESS_RUNNING) {
            continue;
        }
        if (now - process->sampled >= every) {
            check_limits(driver, seat, now);
        }
        if (now - process->end.begun >= process->turn.step->timeout_ns &&
            process->end.stop == PROGRAM_NOT_STOPPED) {
            process_stop(process, PROGRAM_STOP_TIMEOUT, driver->snapshots++ < MOST_SNAPSHOTS, now);
        }
        process_press(process, now);
    }
}

/* Only the controller gives orders, or its death. A program can send signals, too. */
static bool is_ordered(struct driver *driver)
{
    struct program_log *log = driver->log;
    bool signalled = signals_take(&driver->signals);
    if (atomic_load_explicit(&log->ordered, memory_order_acquire) != 0 ||
        getppid() != driver->parent) {
        return true;
    }
    if (signalled) {
        uint32_t number = (uint32_t)driver->signals.stop;
        uint32_t sender = (uint32_t)driver->signals.sender;
        (void)atomic_fetch_add_explicit(&log->strays, 1, memory_order_relaxed);
        atomic_store_explicit(&log->stray_number, number, memory_order_relaxed);
        atomic_store_explicit(&log->stray_sender, sender, memory_order_relaxed);
        driver->signals.stop = 0;
    }
    return false;
}

static void check_orders(struct driver *driver, uint64_t now)
{
    bool ordered = is_ordered(driver);
    if (driver->stopping) {
        return;
    }
    if (ordered) {
        driver_stop_all(driver, PROGRAM_STOP_ORDER);
    } else if (now - driver->begun >= driver->scenario->deadline_ns) {
        atomic_store_explicit(&driver->log->idle_deadline, driver->busy == 0, memory_order_relaxed);
        driver_stop_all(driver, PROGRAM_STOP_DEADLINE);
    }
}

void driver_watch(struct driver *driver)
{
    uint64_t now = clock_now();
    check_orders(driver, now);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        if (driver->seats[i].process.state != PROCESS_NONE) {
            process_watch(&driver->seats[i].process, now);
        }
    }
    account_read(driver->account);
    look(driver, now);
    settle(driver, now);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        if (driver->seats[i].process.state == PROCESS_SETTLED) {
            await_target(driver, i, now);
        }
    }
}

static void add_poll(struct driver *driver, nfds_t *count, int fd)
{
    if (fd >= 0) {
        driver->polled[(*count)++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
}

void driver_await(struct driver *driver)
{
    nfds_t count = 0;
    uint64_t now = clock_now();
    uint64_t wait = driver->busy > 0 ? LOOK_EVERY / 2 : LOOK_EVERY;
    uint64_t due = population_due(driver->population);
    add_poll(driver, &count, driver->signals.fd);
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        const struct process *process = &driver->seats[i].process;
        if (process->state == PROCESS_NONE) {
            continue;
        }
        if (process->state != PROCESS_RUNNING && wait > SETTLE_EVERY) {
            wait = SETTLE_EVERY;
        }
        add_poll(driver, &count, process->out.fd);
        add_poll(driver, &count, process->err.fd);
    }
    if (driver->busy < driver->seat_count && due != POPULATION_NEVER) {
        uint64_t until = due > now ? due - now : 0;
        wait = until < wait ? until : wait;
    }
    struct timespec time = {(time_t)(wait / NS_PER_S), (long)(wait % NS_PER_S)};
    (void)ppoll(driver->polled, count, &time, NULL);
}

/* Orphans that no program owned are ended now that none runs. */
void driver_clear_up(struct driver *driver)
{
    size_t count;
    bool unsure;
    uint64_t begun = clock_now();
    uint64_t now;
    do {
        now = clock_now();
        count = leftovers_find(is_own, driver, driver->orphans, LEFTOVERS_MOST, &unsure);
        end_strangers(driver, count, driver->stopping || now - begun >= OWN_END, now);
        if (count > 0 || unsure) {
            (void)poll(NULL, 0, 2);
        }
    } while ((count > 0 || unsure) && now - begun < 5 * NS_PER_S);
}
