/* SPDX-License-Identifier: MIT
 *
 * Reads rings that their writer may have scribbled over: every number is checked, nothing is
 * believed.
 */
#include "harness/judge/doing.h"

#include "harness/judge/words.h"

#include <string.h>

#define MOST_SENTENCES 64

static uint64_t ring_head(struct logbook *logbook, uint32_t lane)
{
    return atomic_load_explicit(&logbook_lane(logbook, lane)->flight.head, memory_order_acquire);
}

/* Untouched lanes are recognised by their first page alone: reading more would make it real. */
static bool lane_used(struct logbook *logbook, uint32_t lane)
{
    return logbook_lane(logbook, lane)->role != LANE_UNUSED;
}

/* Its writer may have gone on after that moment: one that hung is asked to end. */
static void last_by(const struct flight_ring *ring, uint64_t head, uint64_t now,
                    struct flight_record *last)
{
    uint64_t oldest = head > FLIGHT_RING ? head - FLIGHT_RING : 0;
    for (uint64_t i = head; i > oldest; i--) {
        memcpy(last, &ring->records[(i - 1) % FLIGHT_RING], sizeof *last);
        if (last->time <= now) {
            return;
        }
    }
    memcpy(last, &ring->records[(head - 1) % FLIGHT_RING], sizeof *last);
}

bool doing_of(struct logbook *logbook, uint32_t lane, uint64_t now, struct doing *doing)
{
    if (!lane_used(logbook, lane)) {
        return false;
    }
    uint64_t head = ring_head(logbook, lane);
    if (head == 0) {
        return false;
    }
    const struct logbook_lane *from = logbook_lane(logbook, lane);
    doing->lane = lane;
    doing->role = from->role;
    doing->tid = from->tid;
    last_by(&from->flight, head, now, &doing->last);
    doing->busy = doing->last.edge == FLIGHT_BEGIN;
    return true;
}

/* The longest in its operation; else the one that ended last. */
static bool more_suspect(const struct doing *one, const struct doing *than)
{
    if (one->busy != than->busy) {
        return one->busy;
    }
    return one->busy ? one->last.time < than->last.time : one->last.time > than->last.time;
}

bool doing_of_suspect(struct logbook *logbook, uint32_t lanes, uint64_t now, struct doing *doing)
{
    bool found = false;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        struct doing candidate;
        if (doing_of(logbook, lane, now, &candidate) &&
            (!found || more_suspect(&candidate, doing))) {
            *doing = candidate;
            found = true;
        }
    }
    return found;
}

bool doing_of_thread(struct logbook *logbook, uint32_t lanes, int32_t tid, uint64_t now,
                     struct doing *doing)
{
    bool found = false;
    for (uint32_t lane = 0; logbook != NULL && tid > 0 && lane < lanes; lane++) {
        struct doing candidate;
        if (doing_of(logbook, lane, now, &candidate) && candidate.tid == tid &&
            (!found || candidate.last.time > doing->last.time)) {
            *doing = candidate;
            found = true;
        }
    }
    return found;
}

bool doing_has_instance(const struct doing *doing)
{
    return doing->last.operation != FLIGHT_INIT && doing->last.operation != FLIGHT_CLEANUP &&
           doing->last.operation != FLIGHT_NONE;
}

static const char *role_name(uint32_t role)
{
    static const char *const names[] = {"unused", "pool", "racer", "main", "program"};
    return role < sizeof names / sizeof names[0] ? names[role] : "?";
}

void doing_operation(const struct flight_record *record, struct buffer *text)
{
    buffer_puts(text, flight_operation_name(record->operation));
    if (record->operation == FLIGHT_INIT || record->operation == FLIGHT_CLEANUP) {
        buffer_puts(text, " of the client");
        return;
    }
    buffer_printf(text, " of instance %u", record->instance);
    if (record->connection != 0) {
        buffer_printf(text,
                      record->operation == FLIGHT_RUN ? " (its connection %u)" : " (connection %u)",
                      record->connection);
    }
}

static void add_result(int32_t result, struct buffer *text)
{
    if (result == 0) {
        buffer_puts(text, "ok");
    } else {
        buffer_printf(text, "%s in phase %s", words_class(result & 0xff),
                      words_phase((result >> 8) & 0xff));
    }
}

void doing_sentence(const struct doing *doing, uint64_t now, struct buffer *text)
{
    uint64_t age = now > doing->last.time ? now - doing->last.time : 0;
    if (doing->role == LANE_PROGRAM) {
        buffer_printf(text, "thread %d of the program: ", doing->tid);
    } else {
        buffer_printf(text, "thread %d (%s %u): ", doing->tid, role_name(doing->role), doing->lane);
    }
    if (doing->busy) {
        buffer_puts(text, "in ");
        doing_operation(&doing->last, text);
        buffer_puts(text, ", begun ");
        words_duration(text, age);
        buffer_puts(text, " before");
    } else {
        buffer_puts(text, "between operations; its last, ");
        doing_operation(&doing->last, text);
        buffer_puts(text, ", ended (");
        add_result(doing->last.result, text);
        buffer_puts(text, ") ");
        words_duration(text, age);
        buffer_puts(text, " before");
    }
}

void doing_tell(struct logbook *logbook, uint32_t lanes, uint64_t now, struct finding *finding)
{
    uint32_t told = 0;
    uint32_t left = 0;
    for (int busy = 1; busy >= 0; busy--) {
        for (uint32_t lane = 0; lane < lanes; lane++) {
            struct doing doing;
            if (!doing_of(logbook, lane, now, &doing) || doing.busy != (busy == 1)) {
                continue;
            }
            if (told >= MOST_SENTENCES) {
                left++;
                continue;
            }
            struct buffer sentence = BUFFER_INIT;
            doing_sentence(&doing, now, &sentence);
            finding_add_doing(finding, buffer_text(&sentence));
            finding->doing_busy += doing.busy;
            buffer_clear(&sentence);
            told++;
        }
    }
    if (left > 0) {
        struct buffer rest = BUFFER_INIT;
        buffer_printf(&rest, "%u more threads", left);
        finding_add_doing(finding, buffer_text(&rest));
        buffer_clear(&rest);
    }
}

static void add_record(const struct flight_record *record, uint64_t now, struct buffer *text)
{
    uint64_t age = now > record->time ? now - record->time : 0;
    buffer_printf(text, "  -%.6f s  %s %s of instance %u cycle %u step %u connection %u fd %d",
                  (double)age / (double)NS_PER_S, record->edge == FLIGHT_BEGIN ? "begin" : "end  ",
                  flight_operation_name(record->operation), record->instance, record->cycle,
                  record->step, record->connection, record->fd);
    if (record->edge != FLIGHT_BEGIN) {
        buffer_puts(text, ": ");
        add_result(record->result, text);
    }
    buffer_puts(text, "\n");
}

void doing_flight(struct logbook *logbook, uint32_t lanes, uint32_t records, uint64_t now,
                  struct buffer *text)
{
    uint64_t most = records < FLIGHT_RING ? records : FLIGHT_RING;
    for (uint32_t lane = 0; lane < lanes; lane++) {
        struct doing doing;
        if (!doing_of(logbook, lane, now, &doing)) {
            continue;
        }
        uint64_t head = ring_head(logbook, lane);
        uint64_t first = head > most ? head - most : 0;
        doing_sentence(&doing, now, text);
        buffer_puts(text, "\n");
        for (uint64_t i = first; i < head; i++) {
            struct flight_record record;
            memcpy(&record, &logbook_lane(logbook, lane)->flight.records[i % FLIGHT_RING],
                   sizeof record);
            add_record(&record, now, text);
        }
    }
}
