/* SPDX-License-Identifier: MIT
 *
 * A request with its nonce, and the checks of its response.
 */
#include "harness/base/histogram.h"
#include "harness/base/prf.h"
#include "harness/worker/checks.h"
#include "harness/worker/lane.h"
#include "harness/worker/operations.h"

#include <stdio.h>
#include <string.h>

/* Which visit of which step: the last word of the key of its choices. */
static uint64_t visit(const struct operation *operation)
{
    return (uint64_t)operation->iteration << 16 | operation->step->index;
}

/* One mixing for each eight bytes, from a key of the request's own: bodies that are swapped between
 * two requests show. */
static void fill_body(const struct driver *driver, const struct instance *instance,
                      const struct operation *operation, unsigned char *body, size_t length)
{
    uint64_t key =
        prf(driver->plan->seed, PRF_BODY, instance->number, instance->cycle, visit(operation));
    size_t i = 0;
    for (; i + sizeof key <= length; i += sizeof key) {
        uint64_t word = prf_mix(key + i);
        memcpy(body + i, &word, sizeof word);
    }
    uint64_t last = prf_mix(key + i);
    memcpy(body + i, &last, length - i);
}

static void fill_request(const struct driver *driver, struct lane *lane,
                         const struct instance *instance, const struct operation *operation,
                         const char *nonce, struct eighth_request *request)
{
    const struct step *step = operation->step;
    for (size_t i = 0; i < step->header_count; i++) {
        lane->headers[i].name = step->headers[i].name;
        lane->headers[i].value = step->headers[i].value;
    }
    lane->headers[step->header_count].name = NONCE_HEADER;
    lane->headers[step->header_count].value = nonce;
    request->size = sizeof *request;
    request->method = step->method;
    request->path = step->path;
    request->headers = lane->headers;
    request->header_count = step->header_count + 1;
    if (step->body != NULL) {
        request->body_length = strlen(step->body);
        request->body = request->body_length == 0 ? NULL : step->body;
    } else if (step->body_bytes > 0) {
        request->body_length = (size_t)step->body_bytes;
        fill_body(driver, instance, operation, lane->sent, request->body_length);
        request->body = lane->sent;
    }
}

/* The buffer ends where its memory ends. Its beginning is made different from any body that was in
 * it, so that a client which writes nothing is not taken for one that writes the same again. */
static void fill_response(struct lane *lane, size_t capacity, struct eighth_header_slot *slot,
                          struct eighth_response *response)
{
    response->size = sizeof *response;
    response->body_capacity = capacity;
    response->body = lane->received + lane->received_size - capacity;
    memset(response->body, 0, capacity < 64 ? capacity : 64);
    response->headers = slot;
    response->header_count = 1;
}

static bool check_nonce(struct driver *driver, struct lane *lane, const struct instance *instance,
                        struct operation *operation, const struct eighth_header_slot *slot,
                        const char *nonce)
{
    if (!driver->checks_nonce || (slot->present && strcmp(slot->value, nonce) == 0)) {
        return true;
    }
    char text[128];
    if (!slot->present) {
        (void)snprintf(text, sizeof text, "the response has no " NONCE_HEADER " header");
    } else {
        (void)snprintf(text, sizeof text, "sent nonce %s, the response carries %s", nonce,
                       slot->value);
    }
    lane_observe(lane, driver, instance, operation,
                 slot->present ? OBSERVATION_CROSS_TALK : OBSERVATION_NONCE_MISSING, FLIGHT_REQUEST,
                 NULL, text);
    return false;
}

static bool check_content(struct driver *driver, struct lane *lane, const struct instance *instance,
                          struct operation *operation, const struct body_check *check,
                          const struct eighth_request *request,
                          const struct eighth_response *response)
{
    char text[128];
    if (!checks_status(operation->step, response->status, text, sizeof text)) {
        lane_observe(lane, driver, instance, operation, OBSERVATION_WRONG_STATUS, FLIGHT_REQUEST,
                     NULL, text);
        return false;
    }
    if (!checks_body(check, operation->step, response, request->body, request->body_length, text,
                     sizeof text)) {
        lane_observe(lane, driver, instance, operation, OBSERVATION_WRONG_BODY, FLIGHT_REQUEST,
                     NULL, text);
        return false;
    }
    return true;
}

void request_run(struct driver *driver, struct lane *lane, const struct instance *instance,
                 struct operation *operation)
{
    struct logbook_counters *counters = &lane->book->counters;
    char nonce[NONCE_LENGTH + 1];
    checks_nonce_text(
        prf(driver->plan->seed, PRF_NONCE, instance->number, instance->cycle, visit(operation)),
        nonce);
    struct eighth_request request = {0};
    fill_request(driver, lane, instance, operation, nonce, &request);
    struct body_check check;
    checks_plan(&check, operation->step, driver->scenario->target.kind == TARGET_EMBEDDED);
    char echoed[2 * NONCE_LENGTH + 1] = "";
    struct eighth_header_slot slot = {NONCE_HEADER, echoed, sizeof echoed, 0};
    struct eighth_response response = {0};
    fill_response(lane, check.capacity, &slot, &response);

    counters->requests++;
    operation_begin(lane, instance, operation, FLIGHT_REQUEST);
    int returned = driver->library.table.request(instance->object, &request, &response,
                                                 operation->step->timeout_ns, &operation->error);
    bool wanted = operation_end(driver, lane, instance, operation, FLIGHT_REQUEST, returned);
    echoed[sizeof echoed - 1] = '\0';
    if (returned != 0) {
        return;
    }
    counters->requests_answered++;
    counters->body_bytes += response.body_length;
    /* Somebody else's response is cross-talk, not a wrong status: the nonce comes first. */
    operation->done &= check_nonce(driver, lane, instance, operation, &slot, nonce);
    if (!wanted || !operation->done) {
        return;
    }
    operation->done = check_content(driver, lane, instance, operation, &check, &request, &response);
    if (response.first_byte_ns != 0) {
        histogram_record(&lane->book->latencies[LATENCY_FIRST_BYTE], response.first_byte_ns);
    }
    histogram_record(&lane->book->latencies[LATENCY_REQUEST], operation->ended - operation->begun);
}
