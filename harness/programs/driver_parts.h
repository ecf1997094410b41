/* SPDX-License-Identifier: MIT
 *
 * The parts of the driver: what they share, and how they call each other. For driver*.c alone.
 */
#ifndef PROGRAMS_DRIVER_PARTS_H
#define PROGRAMS_DRIVER_PARTS_H

#include "harness/base/logbook.h"
#include "harness/programs/account.h"
#include "harness/programs/driver.h"
#include "harness/programs/process.h"
#include "harness/programs/strangers.h"
#include "harness/watch/signals.h"

#include <poll.h>

/** Stacks at a timeout cost time: of more processes than these they are not taken. */
#define MOST_SNAPSHOTS 20U

/** The place of one process that runs at a time: lane i of the logbook, port i of the target. */
struct seat {
    struct process process;
    uint64_t above;    /**< ordinal of the ledger when its process began */
    uint64_t watching; /**< ns: since when the target's queue is awaited; 0: not yet */
};

struct driver {
    const struct driver_order *order;
    struct plan plan;
    const struct scenario *scenario;
    struct logbook *logbook;
    struct program_log *log;
    struct ledger *ledger; /**< NULL: the target is not ours */
    struct shared_memory shared[3];
    struct signals signals;
    struct tracing tracing;
    char path[4096];
    struct process_setup setup;
    struct population *population;
    struct account *account;
    struct seat *seats;
    struct pollfd *polled;
    struct orphan *orphans;
    struct strangers strangers;
    uint32_t seat_count;
    uint32_t busy;
    uint32_t number; /**< processes begun */
    uint32_t snapshots;
    pid_t parent; /**< the controller */
    uint64_t begun;
    uint64_t searched; /**< orphans were */
    uint64_t cannot;   /**< ns: since when no process could be started; 0: it could */
    bool stopping;
    bool unclean; /**< a program did not end by itself: it had no chance to end its children */
};

/** The flight record: the seat's process begins or ends; result: 0 if it ended well. */
void driver_record(struct driver *driver, uint32_t lane, enum flight_edge edge, int32_t result);

/** Counts the begin of the seat's process. */
void driver_count_begin(struct driver *driver, uint32_t lane);

/** Counts its end and its cost. last: its cycle is over. */
void driver_count_end(struct driver *driver, uint32_t lane, bool well, bool last);

/** Starts all whose turn it is while there are free seats. Fails when the machine, for a while, or
 *  the program does not let any start: then all are told to end, and no more begin. */
int driver_start_due(struct driver *driver, struct failure *failure);

/** Ends all processes, and begins none any more. */
void driver_stop_all(struct driver *driver, enum program_stop why);

/** One round: takes what came, looks after limits and orphans, closes what is over. */
void driver_watch(struct driver *driver);

/** Sleeps until something may have come. */
void driver_await(struct driver *driver);

/** Ends orphans that no program owned, once no program runs. */
void driver_clear_up(struct driver *driver);

#endif
