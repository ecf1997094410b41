/* SPDX-License-Identifier: MIT
 *
 * One thread, one poll: starts what is due, watches what runs, settles what has ended.
 */
#include "harness/programs/driver_parts.h"

#include "harness/base/clock.h"
#include "harness/scenario/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int run(struct driver *driver, struct failure *failure)
{
    int result = 0;
    while (!population_done(driver->population)) {
        if (result == 0 && driver_start_due(driver, failure) != 0) {
            result = -1;
        }
        driver_watch(driver);
        if (!population_done(driver->population)) {
            driver_await(driver);
        }
    }
    return result;
}

static int map(struct driver *driver, int index, int fd, bool writable, struct failure *failure)
{
    return shared_memory_map(&driver->shared[index], fd, writable, failure);
}

static int open_shared(struct driver *driver, struct failure *failure)
{
    const struct driver_order *order = driver->order;
    if (map(driver, 0, order->logbook_fd, true, failure) != 0 ||
        (driver->logbook = logbook_of(&driver->shared[0], failure)) == NULL ||
        map(driver, 1, order->log_fd, true, failure) != 0 ||
        (driver->log = program_log_of(&driver->shared[1], failure)) == NULL) {
        return -1;
    }
    if (order->ledger_fd >= 0 &&
        (map(driver, 2, order->ledger_fd, false, failure) != 0 ||
         (driver->ledger = ledger_of(&driver->shared[2], failure)) == NULL)) {
        return -1;
    }
    return 0;
}

static int make_room(struct driver *driver, struct failure *failure)
{
    driver->seat_count = lanes_programs(driver->scenario);
    if (driver->ledger != NULL && driver->ledger->port_count < driver->seat_count) {
        return failure_set(failure, FAILURE_INTERNAL, "the target has %u ports for %u processes",
                           driver->ledger->port_count, driver->seat_count);
    }
    driver->seats = calloc(driver->seat_count, sizeof *driver->seats);
    driver->polled = calloc((size_t)driver->seat_count * 2 + 1, sizeof *driver->polled);
    driver->orphans = calloc(LEFTOVERS_MOST, sizeof *driver->orphans);
    driver->account = malloc(sizeof *driver->account);
    if (driver->seats == NULL || driver->polled == NULL || driver->orphans == NULL ||
        driver->account == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %u processes",
                           driver->seat_count);
    }
    if (strangers_open(&driver->strangers, failure) != 0) {
        return -1;
    }
    for (uint32_t i = 0; i < driver->seat_count; i++) {
        struct output none = OUTPUT_INIT;
        driver->seats[i].process.out = none;
        driver->seats[i].process.err = none;
    }
    return 0;
}

static int open_program(struct driver *driver, struct failure *failure)
{
    const char *search = getenv("PATH");
    const char *program = driver->scenario->client.exec[0];
    if (binary_find(program, search != NULL ? search : "/usr/bin:/bin", driver->path,
                    sizeof driver->path, failure) != 0) {
        return -1;
    }
    driver->setup = (struct process_setup){
        .plan = &driver->plan,
        .path = driver->path,
        .tracing = &driver->tracing,
        .environment = (const char *const *)environ,
        .folder = driver->order->folder,
        .mask = &driver->signals.old_mask,
        .descriptors = driver->order->descriptors,
        .output_bytes = driver->scenario->limits.output_bytes,
    };
    binary_look(driver->path, &driver->setup.binary);
    const char *slash = strrchr(driver->path, '/');
    (void)snprintf(driver->logbook->client_name, sizeof driver->logbook->client_name, "%.63s",
                   slash != NULL ? slash + 1 : driver->path);
    (void)snprintf(driver->logbook->client_path, sizeof driver->logbook->client_path, "%.1023s",
                   driver->path);
    return 0;
}

static int prepare(struct driver *driver, struct failure *failure)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT,
                           "cannot become the reaper of orphans: what a program leaves behind "
                           "would run on");
    }
    if (plan_read(&driver->plan, driver->order->plan_fd, failure) != 0) {
        return -1;
    }
    driver->scenario = driver->plan.scenario;
    if (make_room(driver, failure) != 0 || open_program(driver, failure) != 0 ||
        tracing_open(&driver->tracing, failure) != 0) {
        return -1;
    }
    driver->begun = clock_now();
    account_begin(driver->account, driver->ledger);
    driver->population =
        population_make(driver->scenario, driver->plan.seed, driver->begun, failure);
    return driver->population != NULL ? 0 : -1;
}

static void set_state(struct driver *driver, enum worker_state state)
{
    atomic_store_explicit(&driver->logbook->state, state, memory_order_release);
}

static void refuse(struct driver *driver, const struct failure *failure)
{
    driver->logbook->failure_kind = (uint32_t)failure->kind;
    (void)snprintf(driver->logbook->failure_text, sizeof driver->logbook->failure_text, "%s",
                   failure->text);
    set_state(driver, WORKER_REFUSED);
}

static void release(struct driver *driver)
{
    population_free(driver->population);
    free(driver->seats);
    free(driver->polled);
    free(driver->orphans);
    strangers_close(&driver->strangers);
    free(driver->account);
    tracing_close(&driver->tracing);
    plan_release(&driver->plan);
    signals_close(&driver->signals);
    for (size_t i = 0; i < sizeof driver->shared / sizeof *driver->shared; i++) {
        shared_memory_release(&driver->shared[i]);
    }
}

int driver_run_programs(const struct driver_order *order, struct failure *failure)
{
    struct driver driver = {.order = order, .signals = {.fd = -1}, .parent = getppid()};
    struct shared_memory nothing = SHARED_MEMORY_INIT;
    driver.shared[0] = driver.shared[1] = driver.shared[2] = nothing;
    int result = signals_open(&driver.signals, failure);
    if (result == 0) {
        result = open_shared(&driver, failure);
    }
    if (result == 0) {
        result = prepare(&driver, failure);
        if (result == 0) {
            driver.logbook->run_begun = driver.begun;
            set_state(&driver, WORKER_RUNNING);
            result = run(&driver, failure);
            driver.logbook->run_ended = clock_now();
            driver_clear_up(&driver);
        }
        if (result == 0) {
            set_state(&driver, WORKER_FINISHED);
        } else {
            refuse(&driver, failure);
        }
    }
    release(&driver);
    return result;
}
