/* SPDX-License-Identifier: MIT
 *
 * Judges every call into the client; opens, pings, closes and frees.
 */
#include "harness/worker/operations.h"

#include "harness/base/clock.h"
#include "harness/base/histogram.h"
#include "harness/worker/lane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void operation_begin(struct lane *lane, const struct instance *instance,
                     struct operation *operation, enum flight_operation what)
{
    memset(&operation->error, 0, sizeof operation->error);
    operation->error.size = sizeof operation->error;
    operation->done = false;
    operation->fd = -1;
    operation->begun = clock_now();
    lane_record(lane, instance, what, FLIGHT_BEGIN, operation->begun, 0);
    if (what == FLIGHT_OPEN) {
        descriptors_hold(instance->number, instance->cycle);
    } else if (what == FLIGHT_CLOSE) {
        descriptors_let_go(instance->number, instance->cycle);
    }
    lane_watch(instance, what, &operation->trace);
}

/* A client may fill in anything; what is not a number of the contract counts as internal. */
static void tame(struct eighth_error *error)
{
    error->text[sizeof error->text - 1] = '\0';
    if (error->phase < 0 || error->phase >= LOGBOOK_PHASES) {
        error->phase = EIGHTH_PHASE_NONE;
    }
    if (error->error_class <= EIGHTH_OK || error->error_class >= LOGBOOK_CLASSES) {
        error->error_class = EIGHTH_INTERNAL;
    }
}

static bool is_expected(const struct expect_model *expect, const struct eighth_error *error)
{
    return expect->error && (expect->error_phase == 0 || expect->error_phase == error->phase) &&
           (expect->error_class == 0 || expect->error_class == error->error_class);
}

static void judge_failure(struct driver *driver, struct lane *lane, const struct instance *instance,
                          struct operation *operation, enum flight_operation what)
{
    struct eighth_error *error = &operation->error;
    if (operation->cancellable && error->error_class == EIGHTH_CANCELLED) {
        lane->book->counters.races_cancelled++;
        operation->done = true;
        return;
    }
    lane->book->counters.errors[error->phase][error->error_class]++;
    if (is_expected(&operation->step->expect, error)) {
        operation->done = true;
        return;
    }
    lane_observe(lane, driver, instance, operation, OBSERVATION_FAILED, what, error, error->text);
}

/* True if the call came back in time. */
static bool judge_time(struct driver *driver, struct lane *lane, const struct instance *instance,
                       struct operation *operation, enum flight_operation what)
{
    uint64_t timeout = operation->step->timeout_ns;
    uint64_t took = operation->ended - operation->begun;
    if (timeout == 0 || took <= OVERRUN_GRACE + 2 * timeout) {
        return true;
    }
    char text[128];
    (void)snprintf(text, sizeof text, "returned after %llu ms; its timeout was %llu ms",
                   (unsigned long long)(took / NS_PER_MS),
                   (unsigned long long)(timeout / NS_PER_MS));
    lane_observe(lane, driver, instance, operation, OBSERVATION_OVERRUN, what, NULL, text);
    return false;
}

bool operation_end(struct driver *driver, struct lane *lane, const struct instance *instance,
                   struct operation *operation, enum flight_operation what, int returned)
{
    descriptors_leave();
    operation->ended = clock_now();
    if (returned != 0 && what == FLIGHT_OPEN) {
        descriptors_let_go(instance->number, instance->cycle);
    }
    int32_t result = 0;
    if (returned != 0) {
        tame(&operation->error);
        result = operation->error.phase * 256 + operation->error.error_class;
    }
    lane_record(lane, instance, what, FLIGHT_END, operation->ended, result);
    bool in_time = judge_time(driver, lane, instance, operation, what);
    if (returned != 0) {
        judge_failure(driver, lane, instance, operation, what);
        operation->done = operation->done && in_time;
        return false;
    }
    if (operation->step->expect.error) {
        lane_observe(lane, driver, instance, operation, OBSERVATION_UNEXPECTED, what, NULL,
                     "it succeeded, but the step expects an error");
        return false;
    }
    operation->done = in_time;
    return true;
}

static void count_handshake(struct lane *lane, const struct eighth_connection *connection)
{
    if (connection->resumed) {
        lane->book->counters.handshakes_resumed++;
    } else {
        lane->book->counters.handshakes_full++;
    }
}

static void record_latency(struct lane *lane, enum latency which, uint64_t ns)
{
    if (ns != 0) {
        histogram_record(&lane->book->latencies[which], ns);
    }
}

static void check_resumed(struct driver *driver, struct lane *lane, const struct instance *instance,
                          struct operation *operation, const struct eighth_connection *connection)
{
    int expected = operation->step->expect.resumed;
    if (expected < 0 || (expected != 0) == (connection->resumed != 0)) {
        return;
    }
    operation->done = false;
    lane_observe(lane, driver, instance, operation, OBSERVATION_UNEXPECTED, FLIGHT_OPEN, NULL,
                 expected != 0 ? "a full handshake, but the step expects a resumed session"
                               : "the session was resumed, but the step expects a full handshake");
}

/* The judge looks into the ledger whether this client should have refused the connection. Where the
 * step expects an error, the success has been told already. */
static void tell_opened(const struct driver *driver, struct lane *lane,
                        const struct instance *instance, const struct operation *operation)
{
    const struct eighth_error what = {.code = driver->library.requests};
    if (driver->tells_opens && !operation->step->expect.error) {
        lane_observe(lane, driver, instance, operation, OBSERVATION_OPENED, FLIGHT_OPEN, &what, "");
    }
}

static void open_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                     struct operation *operation)
{
    struct logbook_counters *counters = &lane->book->counters;
    struct eighth_connection connection = {.size = sizeof connection, .fd = -1};
    counters->connects++;
    operation_begin(lane, instance, operation, FLIGHT_OPEN);
    int returned = driver->library.table.open(instance->object, operation->step->timeout_ns,
                                              &connection, &operation->error);
    bool wanted = operation_end(driver, lane, instance, operation, FLIGHT_OPEN, returned);
    if (returned != 0) {
        int phase = operation->error.phase;
        counters->handshakes_failed += phase == EIGHTH_PHASE_TLS || phase == EIGHTH_PHASE_ALPN;
        return;
    }
    operation->opened = true;
    operation->fd = connection.fd;
    tell_opened(driver, lane, instance, operation);
    if (driver->endpoint.tls) {
        count_handshake(lane, &connection);
    }
    if (wanted) {
        record_latency(lane, LATENCY_CONNECT, operation->ended - operation->begun);
        record_latency(lane, LATENCY_TCP, connection.tcp_ns);
        record_latency(lane, LATENCY_TLS, connection.tls_ns);
        check_resumed(driver, lane, instance, operation, &connection);
    }
}

static void ping_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                     struct operation *operation)
{
    if (!driver->promises.pings) {
        operation->done = true;
        return;
    }
    lane->book->counters.pings++;
    operation_begin(lane, instance, operation, FLIGHT_PING);
    int returned = driver->library.table.ping(instance->object, operation->step->timeout_ns,
                                              &operation->error);
    if (operation_end(driver, lane, instance, operation, FLIGHT_PING, returned)) {
        record_latency(lane, LATENCY_PING, operation->ended - operation->begun);
    }
}

static void close_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                      struct operation *operation)
{
    int mode = operation->step->close == CLOSE_ABRUPT ? EIGHTH_CLOSE_ABRUPT : EIGHTH_CLOSE_GRACEFUL;
    operation_begin(lane, instance, operation, FLIGHT_CLOSE);
    int returned = driver->library.table.close(instance->object, mode, operation->step->timeout_ns,
                                               &operation->error);
    bool wanted = operation_end(driver, lane, instance, operation, FLIGHT_CLOSE, returned);
    operation->closed = true;
    if (wanted) {
        record_latency(lane, LATENCY_CLOSE, operation->ended - operation->begun);
    }
}

/* Only within a race: elsewhere a hold gives its thread back (instance.c). */
static void hold_run(struct lane *lane, const struct instance *instance,
                     struct operation *operation)
{
    operation_begin(lane, instance, operation, FLIGHT_HOLD);
    struct timespec until = clock_timespec(operation->begun + operation->step->hold_ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
    descriptors_leave();
    operation->ended = clock_now();
    lane_record(lane, instance, FLIGHT_HOLD, FLIGHT_END, operation->ended, 0);
    operation->done = true;
}

void operation_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                   struct operation *operation)
{
    enum step_kind kind = operation->step->kind;
    /* Nothing may be called on an object that was never made; and with an expected failure to
     * connect the contract allows no request, but a close. */
    if (instance->object == NULL || (instance->unconnected && kind != STEP_CONNECT &&
                                     kind != STEP_CLOSE && kind != STEP_HOLD)) {
        operation->done = true;
        return;
    }
    switch (kind) {
    case STEP_CONNECT:
        open_run(driver, lane, instance, operation);
        break;
    case STEP_REQUEST:
        request_run(driver, lane, instance, operation);
        break;
    case STEP_PING:
        ping_run(driver, lane, instance, operation);
        break;
    case STEP_CLOSE:
        close_run(driver, lane, instance, operation);
        break;
    case STEP_HOLD:
        hold_run(lane, instance, operation);
        break;
    case STEP_RUN:
    case STEP_REPEAT:
    case STEP_RACE:
        break; /* program_compile lets none come here */
    }
}

void operation_apply(struct instance *instance, const struct operation *operation)
{
    if (operation->trace.begun != 0) {
        instance->trace = operation->trace;
    }
    if (operation->step->kind == STEP_CONNECT) {
        instance->unconnected = !operation->opened;
    }
    if (operation->opened) {
        instance->open = true;
        instance->opened_before = true;
        instance->fd = operation->fd;
    }
    if (operation->closed) {
        instance->open = false;
    }
    if (!operation->done) {
        instance->failed = true;
    }
}
