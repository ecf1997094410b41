/* SPDX-License-Identifier: MIT
 *
 * Decides which connections should have been refused, and were not.
 *
 * That a client opened a connection is its own word: the ledger cannot know it, since in TLS 1.3 a
 * client may still refuse after the target's side of the handshake is done.
 */
#include "harness/judge/acceptance.h"

#include <stdio.h>
#include <string.h>

static void add_accepted(struct observations *observations, const struct observation *observation,
                         const struct fault_kind *fault, bool responded)
{
    struct buffer title = BUFFER_INIT;
    char key[96];
    (void)snprintf(key, sizeof key, "error/accepted/%s", fault->name);
    buffer_printf(&title, "%s with the fault %s%s",
                  responded ? "a response was accepted on a connection" : "a connection",
                  fault->name, responded ? "" : " was accepted");
    observations->unexplained++;
    observations_add(observations, observation, FINDING_ERROR, key, &title);
    buffer_clear(&title);
}

/* ---- opens ---- */

/* False: past what the ledger keeps, and so past what can be checked. */
static bool place_of(const struct observations *observations, uint64_t ordinal, uint64_t *place)
{
    *place = ordinal - observations->first_ordinal;
    return ordinal >= observations->first_ordinal && *place < LEDGER_ENTRIES;
}

/* The target's own certificate is shown where no fault shows another: then the connection need not
 * be looked for again. */
enum judgement acceptance_take(struct observations *observations,
                               const struct observation *observation, bool final)
{
    struct opened_connections *opened = &observations->opened;
    const struct fault_kind *own = scenario_target_fault(observations->scenario);
    struct ledger_entry entry;
    uint64_t ordinal = 0;
    uint64_t place;
    if (observations->ledger != NULL && observation->local_port != 0) {
        ordinal = ledger_find(observations->ledger, observation->local_port,
                              observation->connect_time, &entry);
        if (ordinal == 0 && !final) {
            return NOT_YET;
        }
    }
    const struct fault_kind *fault = ordinal != 0 ? fault_kind_of(entry.fault) : NULL;
    if (fault != NULL && fault->open != FAULT_OPEN_ALLOWED) {
        opened->client_requests = observation->code != 0;
        if (place_of(observations, ordinal, &place)) {
            opened->bits[place / 8] |= (uint8_t)(1U << place % 8);
        }
    }
    bool shows_own = fault == NULL || fault->open != FAULT_OPEN_UNVERIFIED;
    if (own != NULL && shows_own && observations->scenario->client.verify) {
        add_accepted(observations, observation, own, false);
    }
    return JUDGED;
}

/* ---- connections ---- */

static bool was_opened(const struct observations *observations, uint64_t ordinal)
{
    uint64_t place;
    return place_of(observations, ordinal, &place) &&
           (observations->opened.bits[place / 8] >> place % 8 & 1) != 0;
}

/* Whether a good client refuses the fault, once it has met it. */
static bool is_refused(const struct observations *observations, const struct fault_kind *fault)
{
    return fault != NULL && fault->must_fail &&
           (fault->open != FAULT_OPEN_UNVERIFIED || observations->scenario->client.verify);
}

/* A client that only connects has no use for a protocol, and HTTP/1.1 needs none to be selected. */
static bool opens_wrongly(const struct observations *observations, const struct fault_kind *fault,
                          const struct ledger_entry *entry)
{
    if (entry->fault_done == 0) {
        return false;
    }
    return fault->open == FAULT_OPEN_UNVERIFIED ||
           (fault->open == FAULT_OPEN_WITHOUT_ALPN && entry->only_h2 != 0 &&
            observations->opened.client_requests);
}

static void check(struct observations *observations, const struct ledger_entry *entry,
                  uint64_t ordinal)
{
    const struct fault_kind *fault = fault_kind_of(entry->fault);
    const struct fault_kind *own = scenario_target_fault(observations->scenario);
    struct observation observation;
    memset(&observation, 0, sizeof observation);
    observation.connection = (uint32_t)(ordinal - observations->first_ordinal + 1);
    bool responded = entry->responses > 0;
    if (is_refused(observations, fault) &&
        (responded ||
         (was_opened(observations, ordinal) && opens_wrongly(observations, fault, entry)))) {
        add_accepted(observations, &observation, fault, responded);
    } else if (observations->scenario->client.exec != NULL && responded && own != NULL) {
        add_accepted(observations, &observation, own, true); /* a library has told its opens */
    }
}

uint64_t acceptance_check(struct observations *observations, uint64_t last_ordinal)
{
    const struct scenario *scenario = observations->scenario;
    bool faulty = scenario->target.embedded.fault_count > 0;
    uint64_t gone = 0;
    if (observations->ledger == NULL || (!faulty && scenario_target_fault(scenario) == NULL)) {
        return 0;
    }
    uint64_t first = observations->first_ordinal;
    if (last_ordinal >= LEDGER_ENTRIES && first < last_ordinal - LEDGER_ENTRIES + 1) {
        gone = last_ordinal - LEDGER_ENTRIES + 1 - first;
        first += gone;
    }
    for (uint64_t ordinal = first; ordinal <= last_ordinal; ordinal++) {
        struct ledger_entry entry;
        if (ledger_entry_at(observations->ledger, ordinal, &entry) != 0) {
            gone++;
        } else {
            check(observations, &entry, ordinal);
        }
    }
    /* The target's own certificate is the same on those that are gone as on those that are there.
     */
    return faulty ? gone : 0;
}
