/* SPDX-License-Identifier: MIT
 *
 * The order of a trial.
 */
#include "harness/worker/driver.h"

#include "harness/base/clock.h"
#include "harness/scenario/lanes.h"
#include "harness/worker/allocations.h"
#include "harness/worker/context.h"
#include "harness/worker/figures.h"
#include "harness/worker/instructions.h"
#include "harness/worker/lane.h"
#include "harness/worker/notes.h"
#include "harness/worker/pool.h"
#include "harness/worker/report_moment.h"
#include "harness/worker/rounds.h"
#include "harness/worker/samples.h"
#include "harness/worker/thread_calls.h"
#include "harness/worker/tls_objects.h"
#include "harness/worker/tls_origins.h"

#include <stdio.h>
#include <string.h>

static void enter(struct driver *driver, enum worker_state state)
{
    atomic_store_explicit(&driver->logbook->state, (uint32_t)state, memory_order_release);
}

static bool target_speaks_tls(const struct target_model *target)
{
    return target->kind == TARGET_EMBEDDED ? target->embedded.tls : target->tls;
}

static void fill_endpoint(struct driver *driver)
{
    const struct plan *plan = driver->plan;
    const struct client_model *client = &driver->scenario->client;
    bool tls = target_speaks_tls(&driver->scenario->target);
    driver->endpoint = (struct eighth_endpoint){
        .size = sizeof driver->endpoint,
        .host = plan->host,
        .port = plan->port,
        .tls = tls,
        .verify = client->verify,
        .sni = plan->sni,
        .ca_file = plan->ca_file,
        .alpn = tls ? client->alpn : NULL,
        .tls_min = client->tls_min,
        .tls_max = client->tls_max,
        .session = client->session,
    };
}

/* Whether a good client may have to refuse a connection although it could open it. */
static bool may_refuse(const struct scenario *scenario)
{
    const struct embedded_model *embedded = &scenario->target.embedded;
    bool refuses = scenario_target_fault(scenario) != NULL;
    for (size_t i = 0; i < embedded->fault_count; i++) {
        refuses |= fault_kind_of(embedded->faults[i].id)->open != FAULT_OPEN_ALLOWED;
    }
    return refuses;
}

static void describe_client(struct driver *driver)
{
    struct logbook *logbook = driver->logbook;
    const struct eighth_client *client = &driver->library.table;
    (void)snprintf(logbook->client_name, sizeof logbook->client_name, "%s",
                   client->name != NULL ? client->name : "");
    (void)snprintf(logbook->client_version, sizeof logbook->client_version, "%s",
                   client->version != NULL ? client->version : "");
    (void)snprintf(logbook->client_path, sizeof logbook->client_path, "%s", driver->library.path);
    logbook->client_capabilities = client->capabilities;
    logbook->tls_observed = tls_objects_shared_with(driver->library.handle);
}

static void watch_allocations(struct driver *driver)
{
    if (!driver->scenario->client.count_allocations) {
        return;
    }
    driver->logbook->allocations_counted = allocations_watch(&driver->library.table);
    if (!driver->logbook->allocations_counted) {
        notes_add(driver->logbook, "allocations were not counted: the client has no set_allocator");
    }
}

/* What the process-wide calls belong to in the flight record. */
static const struct instance nobody = {.fd = -1};

/* Whatever they open belongs to no instance. */
static void watch_process_wide(enum flight_operation operation)
{
    struct descriptor_actor actor = {.instance = DESCRIPTOR_NOBODY,
                                     .operation = (uint16_t)operation};
    descriptors_enter(&actor);
}

static int client_init(struct driver *driver, struct lane *lane, struct failure *failure)
{
    const char *options = driver->scenario->client.options;
    struct eighth_error error = {.size = sizeof error};
    lane_record(lane, &nobody, FLIGHT_INIT, FLIGHT_BEGIN, clock_now(), 0);
    watch_process_wide(FLIGHT_INIT);
    int returned =
        driver->library.table.init(options != NULL ? options : "{}", &driver->process, &error);
    descriptors_leave();
    lane_record(lane, &nobody, FLIGHT_INIT, FLIGHT_END, clock_now(), returned);
    if (returned == 0) {
        return 0;
    }
    error.text[sizeof error.text - 1] = '\0';
    /* The contract has unknown and invalid options fail here: that is the scenario's author. */
    return failure_set(
        failure, error.error_class == EIGHTH_INTERNAL ? FAILURE_ENVIRONMENT : FAILURE_USAGE,
        "the client's init failed: %s", error.text[0] != '\0' ? error.text : "it does not say why");
}

static void client_cleanup(struct driver *driver, struct lane *lane)
{
    lane_record(lane, &nobody, FLIGHT_CLEANUP, FLIGHT_BEGIN, clock_now(), 0);
    watch_process_wide(FLIGHT_CLEANUP);
    driver->library.table.cleanup(driver->process);
    descriptors_leave();
    lane_record(lane, &nobody, FLIGHT_CLEANUP, FLIGHT_END, clock_now(), 0);
    driver->process = NULL;
}

static void run(struct driver *driver, struct pool *pool, int instructions)
{
    struct logbook *logbook = driver->logbook;
    samples_take(&logbook->before_run, 0);
    logbook->cpu_begun = clock_process_cpu();
    logbook->run_begun = clock_now();
    enter(driver, WORKER_RUNNING);
    instructions_start(instructions);
    rounds_run(driver, pool);
    logbook->instructions = instructions_read(instructions);
    logbook->run_ended = clock_now();
    logbook->cpu_ended = clock_process_cpu();
    logbook->peak_rss = samples_peak_rss();
    logbook->tls_observed |= tls_objects_seen();
    if (!logbook->tls_observed && driver->endpoint.tls) {
        notes_add(logbook, "TLS objects were not counted: the client's TLS library is not the "
                           "OpenSSL of this process");
    }
    enter(driver, WORKER_CLEANING);
}

/* Loads, runs, cleans up; lane is the main thread's. */
static int drive(struct driver *driver, struct lane *lane, struct failure *failure)
{
    const struct scenario *scenario = driver->scenario;
    static struct pool pool; /* aligned beyond what stacks hold to */
    if (library_load(&driver->library, driver->plan->library, failure) != 0) {
        return -1;
    }
    describe_client(driver);
    watch_allocations(driver);
    if (promises_work_out(&driver->promises, scenario, &driver->library.table,
                          target_speaks_tls(&scenario->target), driver->logbook, failure) != 0 ||
        client_init(driver, lane, failure) != 0) {
        return -1;
    }
    driver->imports_sessions = driver->promises.imports_sessions;
    /* Before the pool: only threads that are made afterwards inherit it. */
    int instructions = driver->plan->count_instructions ? instructions_open() : -1;
    int result = pool_init(&pool, driver, failure);
    if (result == 0) {
        run(driver, &pool, instructions);
        pool_release(&pool);
        figures_take(&driver->library.table, driver->process, driver->logbook);
    }
    instructions_close(instructions);
    client_cleanup(driver, lane);
    return result;
}

static int check_plan(const struct plan *plan, const struct logbook *logbook,
                      struct failure *failure)
{
    if (plan->library == NULL || plan->host == NULL || plan->scenario == NULL) {
        return failure_set(failure, FAILURE_INTERNAL,
                           "the plan names no library, host or scenario");
    }
    if (logbook->lanes < driver_lanes(plan->scenario)) {
        return failure_set(failure, FAILURE_INTERNAL, "the logbook has %u lanes, %u are needed",
                           logbook->lanes, driver_lanes(plan->scenario));
    }
    return 0;
}

/* What the client calls of libc and OpenSSL. The log is NULL if nobody wants to know. */
static int watch_calls(const struct scenario *scenario, struct descriptor_log *log,
                       struct failure *failure)
{
    if (!scenario->client.interposition) {
        descriptors_ignore();
        return 0;
    }
    if (log == NULL) {
        return 0;
    }
    if (descriptors_watch(log, scenario->load.clients, failure) != 0 ||
        tls_origins_watch(log, failure) != 0) {
        return -1;
    }
    thread_calls_watch(log);
    return 0;
}

int driver_run(const struct plan *plan, struct logbook *logbook, struct descriptor_log *log,
               struct failure *failure)
{
    /* Large, and once in a process. */
    static struct driver driver;
    static struct lane lane;
    static struct descriptor_set before;
    static struct thread_set threads;
    if (check_plan(plan, logbook, failure) != 0) {
        return -1;
    }
    driver.plan = plan;
    driver.scenario = plan->scenario;
    driver.logbook = logbook;
    report_moment_watch(logbook);
    driver.checks_nonce =
        plan->scenario->target.kind == TARGET_EMBEDDED || plan->scenario->target.nonce;
    driver.tells_opens = may_refuse(plan->scenario);
    fill_endpoint(&driver);
    if (watch_calls(plan->scenario, log, failure) != 0) {
        return -1;
    }
    if (tls_objects_init() != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "OpenSSL accepts no more ex_data");
    }
    samples_warm_up();
    samples_remember(&before);
    samples_remember_threads(&threads);
    samples_take(&logbook->before_init, 0);
    enter(&driver, WORKER_LOADING);
    int result = program_compile(&driver.program, plan->scenario->steps, plan->scenario->step_count,
                                 failure);
    if (result == 0) {
        result = lane_init(&lane, &driver, driver_lanes(plan->scenario) - 1, LANE_MAIN, failure);
    }
    if (result == 0) {
        lane_enter(&lane);
        result = drive(&driver, &lane, failure);
    }
    uint64_t cycles = rounds_cycles(&driver);
    lane_release(&lane);
    program_release(&driver.program);
    if (result == 0) {
        samples_take(&logbook->after_cleanup, cycles);
        samples_surplus(logbook, &before);
        tls_origins_tell();
        samples_surplus_threads(logbook, &threads);
        if (logbook->surplus_thread_count > 0) {
            thread_calls_tell();
        }
        enter(&driver, WORKER_FINISHED);
    }
    return result;
}
