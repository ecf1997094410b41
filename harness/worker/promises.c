/* SPDX-License-Identifier: MIT
 *
 * Decides what is withheld from a client that does not promise to bear it.
 */
#include "harness/worker/promises.h"

#include "harness/worker/notes.h"

bool promises_allow_race(const struct promises *promises, const struct step *race)
{
    uint32_t closes = 0;
    uint32_t others = 0;
    for (size_t i = 0; i < race->step_count; i++) {
        enum step_kind kind = race->steps[i].kind;
        closes += kind == STEP_CLOSE;
        others += kind == STEP_CONNECT || kind == STEP_REQUEST || kind == STEP_PING;
    }
    if (closes > 0 && closes + others > 1 && !promises->close_while_busy) {
        return false;
    }
    return others <= 1 || promises->share;
}

struct wishes {
    bool pings;
    bool share;
    bool close_while_busy;
};

/* Recursion ends: a scenario has at most SCENARIO_MAX_STEPS steps, nested ones included. */
static void look_for_wishes(const struct step *steps, size_t count, struct wishes *wishes)
{
    static const struct promises no_close = {.share = true};
    static const struct promises no_share = {.close_while_busy = true};
    for (size_t i = 0; i < count; i++) {
        wishes->pings |= steps[i].kind == STEP_PING;
        if (steps[i].kind == STEP_RACE) {
            wishes->close_while_busy |= !promises_allow_race(&no_close, &steps[i]);
            wishes->share |= !promises_allow_race(&no_share, &steps[i]);
        }
        if (steps[i].kind == STEP_RACE || steps[i].kind == STEP_REPEAT) {
            look_for_wishes(steps[i].steps, steps[i].step_count, wishes);
        }
    }
}

static int check_transport(const struct eighth_client *client, bool tls, struct failure *failure)
{
    if (tls && !(client->capabilities & EIGHTH_CAN_TLS)) {
        return failure_set(failure, FAILURE_USAGE,
                           "the target speaks TLS, which this client cannot do (EIGHTH_CAN_TLS)");
    }
    if (!tls && !(client->capabilities & EIGHTH_CAN_CLEAR)) {
        return failure_set(failure, FAILURE_USAGE,
                           "the target speaks clear text, which this client cannot do "
                           "(EIGHTH_CAN_CLEAR)");
    }
    return 0;
}

int promises_work_out(struct promises *promises, const struct scenario *scenario,
                      const struct eighth_client *client, bool tls, struct logbook *logbook,
                      struct failure *failure)
{
    bool ignore = scenario->client.ignore_promises;
    if (!ignore && check_transport(client, tls, failure) != 0) {
        return -1;
    }
    uint64_t can = ignore ? UINT64_MAX : client->capabilities;
    struct wishes wishes = {false, false, false};
    look_for_wishes(scenario->steps, scenario->step_count, &wishes);
    bool migrate = scenario->load.affinity == AFFINITY_MIGRATE;
    bool import = scenario->client.session == EIGHTH_SESSION_IMPORT;
    promises->migrates = migrate && (can & EIGHTH_CAN_MIGRATE);
    promises->reopens = (can & EIGHTH_CAN_REOPEN) != 0;
    promises->share = (can & EIGHTH_CAN_SHARE) != 0;
    promises->close_while_busy = (can & EIGHTH_CAN_CLOSE_WHILE_BUSY) != 0;
    promises->pings = client->ping != NULL;
    promises->imports_sessions =
        import && client->export_session != NULL && client->import_session != NULL;
    if (migrate && !promises->migrates) {
        notes_add(logbook, "migrate: the client does not promise EIGHTH_CAN_MIGRATE; its instances "
                           "stayed on their threads");
    }
    if (wishes.share && !promises->share) {
        notes_add(logbook, "race: the client does not promise EIGHTH_CAN_SHARE; racing requests "
                           "ran one after another");
    }
    if (wishes.close_while_busy && !promises->close_while_busy) {
        notes_add(logbook, "race: the client does not promise EIGHTH_CAN_CLOSE_WHILE_BUSY; "
                           "operations that race with close ran one after another");
    }
    if (wishes.pings && !promises->pings) {
        notes_add(logbook, "ping: the client has no ping; these steps were skipped");
    }
    if (import && !promises->imports_sessions) {
        notes_add(logbook, "session: the client cannot export and import sessions");
    }
    return 0;
}
