/* SPDX-License-Identifier: MIT
 *
 * Bugs between threads, as ThreadSanitizer sees them; three races share a function or an object.
 */
#include "common.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

static void *volatile hidden;

/* Runs both at the same time, as far as the detector can tell: nothing orders them. */
static void run_both(void *(*one)(void *), void *(*other)(void *), void *argument)
{
    pthread_t threads[2];
    if (pthread_create(&threads[0], NULL, one, argument) != 0 ||
        pthread_create(&threads[1], NULL, other, argument) != 0) {
        abort();
    }
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
}

/* ---- counters ------------------------------------------------------------------------------- */

struct counters {
    long cycles;
    long failed;
};

static struct counters counters;

static void counters_add(struct counters *total)
{
    total->cycles++;
}

static long counters_sum(const struct counters *total)
{
    return total->cycles + 1;
}

static void counters_reset(struct counters *total)
{
    total->cycles = 0;
}

static void *add_thread(void *argument)
{
    counters_add(argument);
    return NULL;
}

static void *sum_thread(void *argument)
{
    return counters_sum(argument) == -5 ? argument : NULL;
}

static void *reset_thread(void *argument)
{
    counters_reset(argument);
    return NULL;
}

static void race_sum(void)
{
    run_both(add_thread, sum_thread, &counters);
}

static void race_sum_swapped(void)
{
    run_both(sum_thread, add_thread, &counters);
}

static void race_reset(void)
{
    run_both(reset_thread, add_thread, &counters);
}

/* ---- an object on the heap, with locks that do not help ------------------------------------- */

struct stream {
    pthread_mutex_t reading;
    pthread_mutex_t writing;
    int queued;
};

static struct stream *stream_new(void)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    if (stream == NULL) {
        abort();
    }
    (void)pthread_mutex_init(&stream->reading, NULL);
    (void)pthread_mutex_init(&stream->writing, NULL);
    return stream;
}

static void stream_free(struct stream *stream)
{
    (void)pthread_mutex_destroy(&stream->reading);
    (void)pthread_mutex_destroy(&stream->writing);
    free(stream);
}

static void *stream_push(void *argument)
{
    struct stream *stream = argument;
    (void)pthread_mutex_lock(&stream->writing);
    stream->queued++;
    (void)pthread_mutex_unlock(&stream->writing);
    return NULL;
}

static void *stream_pop(void *argument)
{
    struct stream *stream = argument;
    (void)pthread_mutex_lock(&stream->reading);
    stream->queued--;
    (void)pthread_mutex_unlock(&stream->reading);
    return NULL;
}

static void race_queue(void)
{
    struct stream *stream = stream_new();
    run_both(stream_push, stream_pop, stream);
    stream_free(stream);
}

static void *close_thread(void *argument)
{
    free(argument);
    return NULL;
}

static void *use_thread(void *argument)
{
    (void)usleep(50000); /* the other thread's free comes first; nothing else depends on it */
    ((struct stream *)argument)->queued = 1;
    return NULL;
}

static void race_close(void)
{
    struct stream *stream = stream_new();
    run_both(close_thread, use_thread, stream);
}

/* ---- a flag that nobody guards, and a local that a thread outlives its use of --------------- */

static int stopping;
static int rounds;

static void loop_stop(void)
{
    stopping = 1;
}

static int loop_goes_on(int round)
{
    return stopping == 0 && round < 3;
}

static void *stop_thread(void *argument)
{
    loop_stop();
    return argument;
}

static void *loop_thread(void *argument)
{
    int round = 0;
    while (loop_goes_on(round)) {
        round++;
    }
    return argument;
}

static void race_stop(void)
{
    run_both(stop_thread, loop_thread, NULL);
}

static void *progress_thread(void *argument)
{
    *(int *)argument += 1;
    return NULL;
}

static int progress_wait(int *progress)
{
    return *progress + rounds;
}

static void race_progress(void)
{
    int progress = 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, progress_thread, &progress) != 0) {
        abort();
    }
    hidden = &progress;
    rounds += progress_wait(hidden);
    (void)pthread_join(thread, NULL);
}

/* ---- locks ---------------------------------------------------------------------------------- */

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t item_lock = PTHREAD_MUTEX_INITIALIZER;

static void *list_then_item(void *argument)
{
    (void)pthread_mutex_lock(&list_lock);
    (void)pthread_mutex_lock(&item_lock);
    (void)pthread_mutex_unlock(&item_lock);
    (void)pthread_mutex_unlock(&list_lock);
    return argument;
}

static void *item_then_list(void *argument)
{
    (void)pthread_mutex_lock(&item_lock);
    (void)pthread_mutex_lock(&list_lock);
    (void)pthread_mutex_unlock(&list_lock);
    (void)pthread_mutex_unlock(&item_lock);
    return argument;
}

static void run_one(void *(*work)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL) != 0 || pthread_join(thread, NULL) != 0) {
        abort();
    }
}

static void invert_locks(void)
{
    run_one(list_then_item);
    run_one(item_then_list);
}

static void destroy_held(void)
{
    static pthread_mutex_t held;
    (void)pthread_mutex_init(&held, NULL);
    (void)pthread_mutex_lock(&held);
    (void)pthread_mutex_destroy(&held);
}

static void unlock_free_lock(void)
{
    static pthread_mutex_t free_lock;
    (void)pthread_mutex_init(&free_lock, NULL);
    (void)pthread_mutex_unlock(&free_lock);
}

static void lock_destroyed(void)
{
    static pthread_mutex_t gone;
    (void)pthread_mutex_init(&gone, NULL);
    (void)pthread_mutex_destroy(&gone);
    (void)pthread_mutex_lock(&gone);
}

/* ---- threads and signals -------------------------------------------------------------------- */

static void *idle(void *argument)
{
    return argument;
}

static void start_keeper(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0) {
        abort();
    }
    (void)usleep(20000); /* it should have ended when the program does; either way it leaks */
}

static void on_signal_allocate(int number)
{
    hidden = malloc((size_t)number + 8);
    free(hidden);
}

static void on_signal_spoil(int number)
{
    errno = number + 100;
}

/* A timer's signal comes while nobody waits for it, as a handler must expect. */
static void take_signal(void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    (void)sigaction(SIGALRM, &action, NULL);
    struct itimerval soon = {{0, 0}, {0, 2000}};
    (void)setitimer(ITIMER_REAL, &soon, NULL);
    (void)usleep(50000);
}

static void allocate_in_handler(void)
{
    take_signal(on_signal_allocate);
}

static void spoil_errno(void)
{
    take_signal(on_signal_spoil);
}

static const struct corpus_bug bugs[] = {
    {"race-sum", race_sum},
    {"race-sum-swapped", race_sum_swapped},
    {"race-reset", race_reset},
    {"race-queue", race_queue},
    {"race-close", race_close},
    {"race-stop", race_stop},
    {"race-progress", race_progress},
    {"invert-locks", invert_locks},
    {"destroy-held", destroy_held},
    {"unlock-free-lock", unlock_free_lock},
    {"lock-destroyed", lock_destroyed},
    {"start-keeper", start_keeper},
    {"allocate-in-handler", allocate_in_handler},
    {"spoil-errno", spoil_errno},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
