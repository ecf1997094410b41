/* SPDX-License-Identifier: MIT
 *
 * Decides for each observation: explained by a fault, by the machine, or a finding.
 */
#include "harness/judge/observations.h"

#include "client/eighth_client.h"
#include "harness/base/flight.h"
#include "harness/judge/acceptance.h"
#include "harness/judge/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void observations_init(struct observations *observations, const struct scenario *scenario)
{
    memset(observations, 0, sizeof *observations);
    observations->scenario = scenario;
}

void observations_release(struct observations *observations)
{
    finding_list_clear(&observations->findings);
    free(observations->pending);
    observations->pending = NULL;
    observations->pending_count = 0;
    observations->pending_capacity = 0;
}

/* The limit of descriptors is set above what the scenario needs, so a client that meets it leaks:
 * then its leak is a finding of its own, and this one failure is not needed to see it. */
bool observations_is_machine(int32_t phase, int64_t code)
{
    if (phase != EIGHTH_PHASE_TCP) {
        return false;
    }
    return code == EADDRNOTAVAIL || code == EMFILE || code == ENFILE || code == ENOMEM ||
           code == ENOBUFS;
}

static const char *machine_text(int64_t code)
{
    switch (code) {
    case EADDRNOTAVAIL:
        return "ephemeral ports used up: widen net.ipv4.ip_local_port_range, use fewer clients or "
               "cycles, or wait until TIME_WAIT has passed";
    case EMFILE:
    case ENFILE:
        return "no file descriptors left on a connect";
    default:
        return "no memory left for sockets";
    }
}

/* ---- findings ---- */

void observations_add(struct observations *observations, const struct observation *observation,
                      enum finding_kind kind, const char *key, const struct buffer *title)
{
    struct finding *finding = finding_new(kind, key, buffer_text(title));
    if (finding == NULL) {
        return;
    }
    finding->first_connection = observation->connection;
    if (finding_list_find(&observations->findings, key) == NULL) {
        struct buffer where = BUFFER_INIT;
        buffer_printf(&where,
                      "instance %u, cycle %u, step %u, connection %u, local port %u, code %lld%s\n",
                      observation->instance, observation->cycle, observation->step,
                      observation->connection, observation->local_port,
                      (long long)observation->code, observation->racing != 0 ? ", in a race" : "");
        finding_add_evidence(finding, "first occurrence", buffer_text(&where));
        buffer_clear(&where);
    }
    (void)finding_list_add(&observations->findings, finding, observations->trial,
                           observations->seed);
}

static void add_failed(struct observations *observations, const struct observation *observation,
                       const struct fault_kind *fault)
{
    const char *operation = flight_operation_name(observation->operation);
    const char *phase = words_phase(observation->phase);
    const char *class = words_class(observation->error_class);
    struct buffer title = BUFFER_INIT;
    char key[160];
    (void)snprintf(key, sizeof key, "error/%s/%s/%s%s%s", operation, phase, class,
                   fault != NULL ? "/" : "", fault != NULL ? fault->name : "");
    buffer_printf(&title, "%s failed: %s in phase %s", operation, class, phase);
    if (fault != NULL) {
        buffer_printf(&title, ", which the fault %s on its connection does not explain",
                      fault->name);
    }
    buffer_puts(&title, ": ");
    words_clean(&title, observation->text, sizeof observation->text);
    observations->unexplained++;
    observations_add(observations, observation, FINDING_ERROR, key, &title);
    buffer_clear(&title);
}

static void add_machine(struct observations *observations, const struct observation *observation)
{
    struct buffer title = BUFFER_INIT;
    char key[64];
    (void)snprintf(key, sizeof key, "infra/connect/%lld", (long long)observation->code);
    buffer_puts(&title, machine_text(observation->code));
    observations->machine++;
    observations_add(observations, observation, FINDING_INFRA, key, &title);
    buffer_clear(&title);
}

struct other_kind {
    enum finding_kind finding;
    const char *word;
    const char *title;
};

static void add_other(struct observations *observations, const struct observation *observation)
{
    static const struct other_kind kinds[OBSERVATION_KINDS] = {
        [OBSERVATION_UNEXPECTED] = {FINDING_ERROR, "unexpected success",
                                    "succeeded although an error is expected"},
        [OBSERVATION_WRONG_STATUS] = {FINDING_WRONG_RESPONSE, "status", "got a wrong status"},
        [OBSERVATION_WRONG_BODY] = {FINDING_WRONG_RESPONSE, "body", "got a wrong body"},
        [OBSERVATION_CROSS_TALK] = {FINDING_CROSS_TALK, "nonce",
                                    "got the response to somebody else's request"},
        [OBSERVATION_NONCE_MISSING] = {FINDING_WRONG_RESPONSE, "nonce missing",
                                       "got a response without the nonce of its request"},
        [OBSERVATION_OVERRUN] = {FINDING_ERROR, "overrun",
                                 "returned later than its timeout allows"},
    };
    if (observation->kind >= OBSERVATION_KINDS || kinds[observation->kind].word == NULL) {
        return; /* scribbled */
    }
    const struct other_kind *kind = &kinds[observation->kind];
    const char *operation = flight_operation_name(observation->operation);
    struct buffer title = BUFFER_INIT;
    char key[96];
    (void)snprintf(key, sizeof key, "%s/%s/%s", finding_kind_name(kind->finding), operation,
                   kind->word);
    buffer_printf(&title, "%s %s", operation, kind->title);
    if (observation->text[0] != '\0') {
        buffer_puts(&title, ": ");
        words_clean(&title, observation->text, sizeof observation->text);
    }
    observations_add(observations, observation, kind->finding, key, &title);
    buffer_clear(&title);
}

/* ---- which fault ---- */

/* The fault on the observation's connection: *fault, NULL for none, and whether it was carried
 * out. NOT_YET if the ledger does not know the connection. */
static enum judgement find_fault(struct observations *observations,
                                 const struct observation *observation,
                                 const struct fault_kind **fault, bool *done)
{
    *fault = NULL;
    *done = false;
    if (observations->ledger == NULL || observation->local_port == 0 ||
        observation->connect_time == 0) {
        return JUDGED;
    }
    if (observations->refuse_port != 0 && observation->peer_port == observations->refuse_port) {
        *fault = fault_kind_of(FAULT_REFUSE);
        *done = true;
        return JUDGED;
    }
    struct ledger_entry entry;
    uint64_t ordinal = ledger_find(observations->ledger, observation->local_port,
                                   observation->connect_time, &entry);
    if (ordinal == 0) {
        return NOT_YET;
    }
    *fault = fault_kind_of(entry.fault);
    *done = entry.fault_done != 0;
    return JUDGED;
}

/* A client that pools may use any connection for any instance: what a failure was on is not known,
 * only which faults were carried out in the trial. */
static void look_for_struck(struct observations *observations)
{
    struct ledger *ledger = observations->ledger;
    uint64_t last = atomic_load_explicit(&ledger->next, memory_order_acquire);
    observations->struck[FAULT_REFUSE] = observations->refuse_port != 0;
    for (uint64_t ordinal = observations->first_ordinal; ordinal <= last; ordinal++) {
        struct ledger_entry entry;
        if (ledger_entry_at(ledger, ordinal, &entry) == 0 && entry.fault_done != 0 &&
            entry.fault < FAULT_COUNT) {
            observations->struck[entry.fault] = true;
        }
    }
}

static const struct fault_kind *struck_fault(const struct observations *observations,
                                             const struct observation *observation)
{
    for (unsigned id = 0; id < FAULT_COUNT; id++) {
        const struct fault_kind *fault = fault_kind_of((enum fault_id)id);
        if (observations->struck[id] && fault != NULL &&
            fault_explains(fault, observation->phase, observation->error_class)) {
            return fault;
        }
    }
    return NULL;
}

static void count_explained(struct observations *observations,
                            const struct observation *observation, const struct fault_kind *fault)
{
    observations->explained_count++;
    if ((unsigned)fault->id < FAULT_COUNT && observation->phase >= 0 &&
        observation->phase < LOGBOOK_PHASES && observation->error_class >= 0 &&
        observation->error_class < LOGBOOK_CLASSES) {
        observations->explained[fault->id][observation->phase][observation->error_class]++;
    }
}

/* final: what is not known by now stays unknown. */
static enum judgement judge(struct observations *observations,
                            const struct observation *observation, bool final)
{
    bool cut_off = observations->until != 0 && observation->time > observations->until;
    if (cut_off && observation->kind != OBSERVATION_FAILED) {
        return JUDGED;
    }
    if (observation->kind == OBSERVATION_OPENED) {
        return acceptance_take(observations, observation, final);
    }
    if (observation->kind != OBSERVATION_FAILED) {
        add_other(observations, observation);
        return JUDGED;
    }
    if (!cut_off && observations_is_machine(observation->phase, observation->code)) {
        add_machine(observations, observation);
        return JUDGED;
    }
    const struct fault_kind *fault;
    bool done;
    if (find_fault(observations, observation, &fault, &done) == NOT_YET && !final) {
        return NOT_YET;
    }
    bool explains =
        fault != NULL && fault_explains(fault, observation->phase, observation->error_class);
    if (explains && !done && !final) {
        return NOT_YET; /* the target writes it down when it is about to do it */
    }
    bool pools = observations->scenario->client.pools && observations->ledger != NULL;
    const struct fault_kind *struck = pools ? struck_fault(observations, observation) : NULL;
    if (pools && !final && !(explains && done)) {
        return NOT_YET; /* it may have been another connection, which is not in the ledger yet */
    }
    if (explains && done) {
        count_explained(observations, observation, fault);
    } else if (struck != NULL) {
        count_explained(observations, observation, struck);
    } else if (!cut_off) {
        add_failed(observations, observation, fault);
    }
    return JUDGED;
}

static bool keep_pending(struct observations *observations, const struct observation *observation)
{
    if (observations->pending_count >= OBSERVATIONS_PENDING) {
        return false;
    }
    if (observations->pending_count == observations->pending_capacity) {
        size_t capacity =
            observations->pending_capacity == 0 ? 256 : observations->pending_capacity * 2;
        struct observation *more =
            realloc(observations->pending, capacity * sizeof *observations->pending);
        if (more == NULL) {
            return false;
        }
        observations->pending = more;
        observations->pending_capacity = capacity;
    }
    memcpy(&observations->pending[observations->pending_count++], observation, sizeof *observation);
    return true;
}

void observations_take(struct observations *observations, struct logbook *logbook, bool final)
{
    size_t kept = 0;
    bool full = observations->pending_count >= OBSERVATIONS_PENDING;
    if (observations->scenario->client.pools && observations->ledger != NULL && (final || full)) {
        look_for_struck(observations);
    }
    for (size_t i = 0; i < observations->pending_count; i++) {
        if (judge(observations, &observations->pending[i], final) == NOT_YET) {
            if (kept != i) {
                memcpy(&observations->pending[kept], &observations->pending[i],
                       sizeof observations->pending[i]);
            }
            kept++;
        }
    }
    observations->pending_count = kept;
    struct observation observation;
    while (logbook_next_observation(logbook, &observation, final) == 1) {
        observations->racing += observation.racing != 0 && observation.kind != OBSERVATION_OPENED;
        if (judge(observations, &observation, final) == NOT_YET &&
            !keep_pending(observations, &observation)) {
            (void)judge(observations, &observation, true);
        }
    }
}
