/* SPDX-License-Identifier: MIT
 *
 * One thread for one cycle.
 */
#include "harness/worker/fresh.h"

#include "harness/base/clock.h"
#include "harness/worker/lane.h"
#include "harness/worker/last_words.h"
#include "harness/worker/notes.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

struct fresh {
    struct driver *driver;
    struct lane *lane;
    struct racers *racers;
    struct instance *instance;
    bool whole_cycle;
    enum turn turn;
};

static void *fresh_main(void *argument)
{
    struct fresh *fresh = argument;
    lane_enter(fresh->lane);
    last_words_thread_begin();
    do {
        fresh->turn = instance_turn(fresh->driver, fresh->lane, fresh->racers, fresh->instance);
        if (fresh->whole_cycle && fresh->turn == TURN_HOLD) {
            struct timespec until = clock_timespec(fresh->instance->timer.due);
            (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        }
    } while (fresh->whole_cycle && fresh->turn != TURN_ENDED);
    last_words_thread_end();
    return NULL;
}

enum turn fresh_turn(struct driver *driver, struct lane *lane, struct racers *racers,
                     struct instance *instance, bool whole_cycle)
{
    struct fresh fresh = {driver, lane, racers, instance, whole_cycle, TURN_AGAIN};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, fresh_main, &fresh);
    if (error != 0) {
        struct failure failure = FAILURE_INIT;
        (void)failure_errno(&failure, FAILURE_ENVIRONMENT, error,
                            "cannot create the thread of cycle %u of instance %u", instance->cycle,
                            instance->number);
        notes_refuse(driver->logbook, &failure);
        _exit(3);
    }
    (void)pthread_join(thread, NULL);
    return fresh.turn;
}
