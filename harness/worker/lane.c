/* SPDX-License-Identifier: MIT
 *
 * Sizes a lane's scratch memory and fills its records.
 */
#include "harness/worker/lane.h"

#include "harness/worker/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sizes {
    size_t received;
    size_t sent;
    size_t headers;
};

/* Recursion ends: a scenario has at most SCENARIO_MAX_STEPS steps, nested ones included. */
static void measure(const struct step *steps, size_t count, bool embedded, struct sizes *sizes)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        if (step->kind == STEP_REQUEST) {
            struct body_check check;
            checks_plan(&check, step, embedded);
            sizes->received = check.capacity > sizes->received ? check.capacity : sizes->received;
            sizes->headers =
                step->header_count > sizes->headers ? step->header_count : sizes->headers;
            if (step->body == NULL && step->body_bytes > sizes->sent) {
                sizes->sent = (size_t)step->body_bytes;
            }
        } else if (step->kind == STEP_RACE || step->kind == STEP_REPEAT) {
            measure(step->steps, step->step_count, embedded, sizes);
        }
    }
}

int lane_init(struct lane *lane, const struct driver *driver, uint32_t index, enum lane_role role,
              struct failure *failure)
{
    memset(lane, 0, sizeof *lane);
    lane->index = index;
    lane->book = logbook_lane(driver->logbook, index);
    lane->book->role = role;
    struct sizes sizes = {0, 0, 0};
    if (role != LANE_MAIN) {
        const struct scenario *scenario = driver->scenario;
        measure(scenario->steps, scenario->step_count, scenario->target.kind == TARGET_EMBEDDED,
                &sizes);
    }
    lane->received_size = sizes.received;
    lane->sent_size = sizes.sent;
    lane->received = malloc(sizes.received + 1);
    lane->sent = malloc(sizes.sent + 1);
    lane->headers = calloc(sizes.headers + 1, sizeof *lane->headers);
    if (lane->received == NULL || lane->sent == NULL || lane->headers == NULL) {
        lane_release(lane);
        return failure_set(failure, FAILURE_ENVIRONMENT,
                           "no memory for the bodies of a thread (%zu and %zu bytes)",
                           sizes.received, sizes.sent);
    }
    return 0;
}

void lane_release(struct lane *lane)
{
    free(lane->received);
    free(lane->sent);
    free(lane->headers);
    lane->received = NULL;
    lane->sent = NULL;
    lane->headers = NULL;
}

void lane_enter(struct lane *lane)
{
    lane->book->tid = gettid();
}

void lane_watch(const struct instance *instance, enum flight_operation operation,
                struct connect_trace *connect)
{
    struct descriptor_actor actor = {
        .instance = instance->number,
        .cycle = instance->cycle,
        .connection = instance->connection,
        .operation = (uint16_t)operation,
        .step = instance->step,
        .connect = connect,
    };
    descriptors_enter(&actor);
}

void lane_record(struct lane *lane, const struct instance *instance,
                 enum flight_operation operation, enum flight_edge edge, uint64_t time,
                 int32_t result)
{
    struct flight_record record = {
        .time = time,
        .instance = instance->number,
        .cycle = instance->cycle,
        .connection = instance->connection,
        .step = instance->step,
        .operation = (uint8_t)operation,
        .edge = (uint8_t)edge,
        .result = result,
        .fd = instance->fd,
    };
    flight_write(&lane->book->flight, &record);
}

void lane_observe(struct lane *lane, const struct driver *driver, const struct instance *instance,
                  const struct operation *operation, enum observation_kind kind,
                  enum flight_operation what, const struct eighth_error *error, const char *text)
{
    const struct connect_trace *trace =
        operation->trace.begun != 0 ? &operation->trace : &instance->trace;
    struct observation observation = {
        .time = operation->ended,
        .begun = operation->begun,
        .connect_time = trace->begun,
        .kind = (uint32_t)kind,
        .lane = lane->index,
        .instance = instance->number,
        .cycle = instance->cycle,
        .connection = instance->connection,
        .step = operation->step->index,
        .operation = (uint16_t)what,
        .local_port = trace->local_port,
        .peer_port = trace->peer_port,
        .racing = operation->racing,
    };
    if (error != NULL) {
        observation.phase = error->phase;
        observation.error_class = error->error_class;
        observation.code = error->code;
    }
    (void)snprintf(observation.text, sizeof observation.text, "%s", text);
    logbook_observe(driver->logbook, &observation);
}
