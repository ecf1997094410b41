/* SPDX-License-Identifier: MIT
 *
 * What each thread of a worker was doing, in sentences, from the flight record that outlived it.
 */
#ifndef JUDGE_DOING_H
#define JUDGE_DOING_H

#include "harness/base/buffer.h"
#include "harness/base/logbook.h"
#include "harness/judge/finding.h"

#include <stdbool.h>
#include <stdint.h>

/** The last thing that one lane had noted by some moment. */
struct doing {
    uint32_t lane;
    uint32_t role; /**< enum lane_role */
    int32_t tid;
    struct flight_record last;
    bool busy; /**< it began and did not end */
};

/** Reads the last record of a lane that is not later than now (ns), or the very last where none is;
 *  false if the lane never wrote one. */
bool doing_of(struct logbook *logbook, uint32_t lane, uint64_t now, struct doing *doing);

/** The lane most likely at fault when nothing goes on: of those inside an operation the one that
 *  entered it first; if none is, the one that wrote last. False if no lane wrote anything. */
bool doing_of_suspect(struct logbook *logbook, uint32_t lanes, uint64_t now, struct doing *doing);

/** What the lane of that thread noted last; false if the thread has none (it is the client's own,
 *  or never ran an operation). */
bool doing_of_thread(struct logbook *logbook, uint32_t lanes, int32_t tid, uint64_t now,
                     struct doing *doing);

/** True if the operation is on an instance: not init or cleanup. */
bool doing_has_instance(const struct doing *doing);

/** Adds "close of instance 8 (connection 12)", "init of the client". */
void doing_operation(const struct flight_record *record, struct buffer *text);

/** Adds "thread 4711 (pool 3): in close of instance 8 (connection 12), begun 340 us before". The
 *  instant `now` is the end, or the deadline, in ns. */
void doing_sentence(const struct doing *doing, uint64_t now, struct buffer *text);

/** Adds the sentences of all lanes to the finding, those inside an operation first. */
void doing_tell(struct logbook *logbook, uint32_t lanes, uint64_t now, struct finding *finding);

/** Adds the last `records` records of every lane to *text, oldest first, one line each. */
void doing_flight(struct logbook *logbook, uint32_t lanes, uint32_t records, uint64_t now,
                  struct buffer *text);

#endif
