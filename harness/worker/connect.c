/* SPDX-License-Identifier: MIT
 *
 * The object behind an instance: made, reopened, replaced, freed; its TLS session carried from one
 * connection to the next.
 */
#include "harness/base/clock.h"
#include "harness/worker/lane.h"
#include "harness/worker/operations.h"

#include <string.h>

/* For the close that no step asked for. */
static const struct step implicit_close = {
    .kind = STEP_CLOSE,
    .close = CLOSE_ABRUPT,
    .timeout_ns = 5 * NS_PER_S,
    .expect = {.body_bytes = -1, .resumed = -1},
};

static uint16_t port_for(const struct driver *driver, uint32_t ordinal)
{
    const struct plan *plan = driver->plan;
    const struct target_model *target = &driver->scenario->target;
    if (plan->refuse_port != 0 && target->kind == TARGET_EMBEDDED &&
        fault_choose(target->embedded.faults, target->embedded.fault_count, plan->seed, ordinal,
                     true) != NULL) {
        return plan->refuse_port;
    }
    return plan->port;
}

static bool create(struct driver *driver, struct lane *lane, struct instance *instance,
                   struct operation *operation, uint16_t port)
{
    struct eighth_endpoint endpoint = driver->endpoint;
    endpoint.port = port;
    eighth_instance *object = NULL;
    operation_begin(lane, instance, operation, FLIGHT_CREATE);
    int returned =
        driver->library.table.create(driver->process, &endpoint, &object, &operation->error);
    if (returned == 0 && object != NULL) {
        /* Recorded, but not judged: the step is about the connect that follows. */
        descriptors_leave();
        lane_record(lane, instance, FLIGHT_CREATE, FLIGHT_END, clock_now(), 0);
        instance->object = object;
        instance->port = port;
        instance->opened_before = false;
        return true;
    }
    (void)operation_end(driver, lane, instance, operation, FLIGHT_CREATE, -1);
    return false;
}

/* A session that is not accepted only costs a full handshake; but a call that fails is told. */
static bool import(struct driver *driver, struct lane *lane, struct instance *instance,
                   struct operation *operation)
{
    if (instance->session_length == 0) {
        return true;
    }
    operation_begin(lane, instance, operation, FLIGHT_IMPORT);
    int returned = driver->library.table.import_session(
        instance->object, instance->session, instance->session_length, &operation->error);
    if (returned == 0) {
        descriptors_leave();
        lane_record(lane, instance, FLIGHT_IMPORT, FLIGHT_END, clock_now(), 0);
        return true;
    }
    (void)operation_end(driver, lane, instance, operation, FLIGHT_IMPORT, returned);
    return false;
}

bool operation_prepare_connect(struct driver *driver, struct lane *lane, struct instance *instance,
                               struct operation *operation)
{
    uint32_t ordinal = 1 + atomic_fetch_add_explicit(&driver->connections, 1, memory_order_relaxed);
    uint16_t port = port_for(driver, ordinal);
    if (instance->object != NULL &&
        (instance->open || !driver->promises.reopens || instance->port != port)) {
        operation_free(driver, lane, instance, true);
    }
    instance->connection = ordinal;
    instance->fd = -1;
    memset(&instance->trace, 0, sizeof instance->trace);
    if (instance->object == NULL && !create(driver, lane, instance, operation, port)) {
        instance->unconnected = true;
        return false;
    }
    return !driver->imports_sessions || import(driver, lane, instance, operation);
}

void operation_export(struct driver *driver, struct lane *lane, struct instance *instance)
{
    if (!driver->imports_sessions || instance->object == NULL || !instance->open) {
        return;
    }
    struct eighth_error error = {.size = sizeof error};
    size_t length = 0;
    lane_record(lane, instance, FLIGHT_EXPORT, FLIGHT_BEGIN, clock_now(), 0);
    lane_watch(instance, FLIGHT_EXPORT, NULL);
    int returned = driver->library.table.export_session(instance->object, instance->session,
                                                        SESSION_CAPACITY, &length, &error);
    descriptors_leave();
    lane_record(lane, instance, FLIGHT_EXPORT, FLIGHT_END, clock_now(),
                returned == 0 ? 0 : EIGHTH_INTERNAL);
    /* A session is used once (RFC 8446, C.4): without a new one the next handshake is a full one.
     */
    instance->session_length = returned == 0 && length <= SESSION_CAPACITY ? length : 0;
}

void operation_free(struct driver *driver, struct lane *lane, struct instance *instance,
                    bool close_first)
{
    if (instance->object == NULL) {
        return;
    }
    if (close_first && instance->open) {
        struct step step = implicit_close;
        step.index = instance->step;
        struct operation operation = {.step = &step};
        operation_begin(lane, instance, &operation, FLIGHT_CLOSE);
        int returned = driver->library.table.close(instance->object, EIGHTH_CLOSE_ABRUPT,
                                                   step.timeout_ns, &operation.error);
        (void)operation_end(driver, lane, instance, &operation, FLIGHT_CLOSE, returned);
        instance->failed |= !operation.done;
    }
    lane_record(lane, instance, FLIGHT_FREE, FLIGHT_BEGIN, clock_now(), 0);
    descriptors_let_go(instance->number, instance->cycle);
    lane_watch(instance, FLIGHT_FREE, NULL);
    driver->library.table.free(instance->object);
    descriptors_leave();
    lane_record(lane, instance, FLIGHT_FREE, FLIGHT_END, clock_now(), 0);
    instance->object = NULL;
    instance->open = false;
    instance->opened_before = false;
    instance->fd = -1;
}
