/* SPDX-License-Identifier: MIT
 *
 * Defect: a finalizer thread closes dropped connections, after the objects around them are gone.
 */
#include "client/lab/defects.h"

#include "client/h2/deadline.h"
#include "client/h2/memory.h"

static int period_ms;

static struct h2_closing_ops closing;

struct dropped {
    struct dropped *next;
    eighth_instance *instance;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running; /* guarded by lock, like the rest */
    bool stop;
    struct dropped *list;
} finalizer = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void finalize(struct dropped *list)
{
    while (list != NULL) {
        struct dropped *next = list->next;
        h2_closing_orderly.drop(list->instance);
        h2_release(list);
        list = next;
    }
}

/* Runs now and then, as a collector does. */
static void *finalizer_main(void *unused)
{
    (void)unused;
    bool stop = false;
    while (!stop) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        uint64_t at = (uint64_t)until.tv_sec * H2_NS_PER_S + (uint64_t)until.tv_nsec +
                      (uint64_t)period_ms * H2_NS_PER_MS;
        until = h2_timespec(at);
        (void)pthread_mutex_lock(&finalizer.lock);
        if (!finalizer.stop) {
            (void)pthread_cond_timedwait(&finalizer.changed, &finalizer.lock, &until);
        }
        stop = finalizer.stop;
        struct dropped *list = finalizer.list;
        finalizer.list = NULL;
        (void)pthread_mutex_unlock(&finalizer.lock);
        finalize(list);
    }
    return NULL;
}

/* Notes the object for later; the caller frees it at once. */
static void drop_later(eighth_instance *instance)
{
    struct dropped *dropped = h2_allocate(sizeof(*dropped));
    if (dropped == NULL || instance->state == H2_IDLE) {
        h2_release(dropped);
        h2_closing_orderly.drop(instance);
        return;
    }
    dropped->instance = instance;
    (void)pthread_mutex_lock(&finalizer.lock);
    dropped->next = finalizer.list;
    finalizer.list = dropped;
    (void)pthread_mutex_unlock(&finalizer.lock);
}

static int apply(struct h2_seams *seams)
{
    closing = h2_closing_orderly;
    closing.drop = drop_later;
    seams->closing = &closing;
    finalizer.stop = false;
    finalizer.running = pthread_create(&finalizer.thread, NULL, finalizer_main, NULL) == 0;
    return finalizer.running ? 0 : -1;
}

static void end(void)
{
    (void)pthread_mutex_lock(&finalizer.lock);
    bool running = finalizer.running;
    finalizer.stop = true;
    finalizer.running = false;
    (void)pthread_cond_signal(&finalizer.changed);
    (void)pthread_mutex_unlock(&finalizer.lock);
    if (running) {
        (void)pthread_join(finalizer.thread, NULL);
    }
}

static const struct lab_option options[] = {
    {"period_ms", "how often the finalizer runs", NULL, 1, 1000, 5, &period_ms},
    {0},
};

const struct lab_defect lab_finalizer_order = {
    .name = "finalizer-order",
    .seed = "garbage collection during SSL operations; a finalize method is added to free what "
            "was not closed",
    .mechanism = "finalizers run in no order: the one of the connection reads the object that the "
                 "collector has freed before, or that is somebody else's by now",
    .plain =
        "crash, heap-corruption; also fd-misuse, error, wrong-response, cross-talk, leak, hang",
    .asan = "asan; also ubsan, lsan, fd-misuse, crash, heap-corruption, error, wrong-response, "
            "cross-talk, leak, hang",
    .tsan = "tsan; also fd-misuse, crash, heap-corruption, error, wrong-response, cross-talk, "
            "leak, hang",
    .twin = "{} (free closes on the spot)",
    .options = options,
    .apply = apply,
    .end = end,
};
