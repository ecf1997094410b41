/* SPDX-License-Identifier: MIT
 *
 * Trials at once: a thread for each slot, and this one, which takes in what they leave.
 *
 * A trial is watched by one thread from its begin to its end (a process can be traced by one thread
 * only). Trials are begun and taken in by their numbers, so that counts and findings are those of
 * the same trials run one after the other; what differs is their timing. When a rule ends the scene
 * early, trials with higher numbers that already run are ended and do not count.
 *
 * Threads share nothing but the fields of struct job below the mutex. Signals arrive here alone and
 * are passed on: each slot has a pipe that reads like a signalfd.
 */
#include "harness/cli/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DRAW_EVERY 100 /* ms */

enum job_state { JOB_IDLE = 0, JOB_ORDERED, JOB_DONE, JOB_QUIT };

struct crew;

struct job {
    struct crew *crew;
    struct slot *slot;
    struct signals signals; /* fd: the read end of its pipe */
    int relay;              /* the write end */
    pthread_t thread;
    bool running; /* the thread was made */
    /* Below crew->mutex */
    enum job_state state;
    uint32_t index;
};

struct crew {
    struct runner *runner;
    struct scene *scene;
    struct slot *slots;
    struct job *jobs;
    unsigned count;
    int done; /* eventfd: a trial ended */
    pthread_mutex_t mutex;
    pthread_cond_t order;
};

static void *job_main(void *argument)
{
    struct job *job = argument;
    struct crew *crew = job->crew;
    uint64_t one = 1;
    (void)pthread_mutex_lock(&crew->mutex);
    for (;;) {
        while (job->state != JOB_ORDERED && job->state != JOB_QUIT) {
            (void)pthread_cond_wait(&crew->order, &crew->mutex);
        }
        if (job->state == JOB_QUIT) {
            break;
        }
        (void)pthread_mutex_unlock(&crew->mutex);
        slot_run(job->slot, job->index);
        (void)pthread_mutex_lock(&crew->mutex);
        job->state = JOB_DONE;
        if (write(crew->done, &one, sizeof one) < 0) {
            continue; /* its counter is full: readable anyway */
        }
    }
    (void)pthread_mutex_unlock(&crew->mutex);
    slot_release(job->slot); /* by the thread that started its target, which dies with it */
    return NULL;
}

static enum job_state state_of(struct job *job)
{
    (void)pthread_mutex_lock(&job->crew->mutex);
    enum job_state state = job->state;
    (void)pthread_mutex_unlock(&job->crew->mutex);
    return state;
}

static void order(struct job *job, enum job_state state, uint32_t index)
{
    (void)pthread_mutex_lock(&job->crew->mutex);
    job->index = index;
    job->state = state;
    (void)pthread_cond_broadcast(&job->crew->order);
    (void)pthread_mutex_unlock(&job->crew->mutex);
}

/* ---- signals ---- */

static void pass_on(const struct crew *crew, const struct signalfd_siginfo *info)
{
    for (unsigned i = 0; i < crew->count; i++) {
        /* A full pipe will wake its reader as well. */
        if (crew->jobs[i].running && write(crew->jobs[i].relay, info, sizeof *info) < 0) {
            continue;
        }
    }
}

static void take_signals(const struct crew *crew)
{
    struct signals *signals = crew->runner->signals;
    struct signalfd_siginfo info;
    while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            signals->stop = (int)info.ssi_signo;
        }
        pass_on(crew, &info);
    }
}

static void end_all(const struct crew *crew)
{
    struct signalfd_siginfo info;
    memset(&info, 0, sizeof info);
    info.ssi_signo = SIGTERM;
    pass_on(crew, &info);
}

static void await(const struct crew *crew)
{
    uint64_t count;
    struct pollfd fds[] = {{.fd = crew->runner->signals->fd, .events = POLLIN},
                           {.fd = crew->done, .events = POLLIN}};
    (void)poll(fds, 2, DRAW_EVERY);
    take_signals(crew);
    if (read(crew->done, &count, sizeof count) < 0 && errno != EAGAIN) {
        return;
    }
    runner_show_progress(crew->runner, crew->scene, crew->slots, crew->count);
}

/* ---- crew ---- */

static int start_job(struct crew *crew, struct job *job, struct slot *slot, struct failure *failure)
{
    int ends[2];
    job->crew = crew;
    job->slot = slot;
    job->signals = *crew->runner->signals;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot make a pipe");
    }
    job->signals.fd = ends[0];
    job->relay = ends[1];
    slot_init(slot, crew->scene, &job->signals);
    int error = pthread_create(&job->thread, NULL, job_main, job);
    if (error != 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot make a thread for a job");
    }
    job->running = true;
    return 0;
}

static int crew_start(struct crew *crew, struct failure *failure)
{
    crew->slots = calloc(crew->count, sizeof *crew->slots);
    crew->jobs = calloc(crew->count, sizeof *crew->jobs);
    crew->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (crew->slots == NULL || crew->jobs == NULL || crew->done < 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory or descriptors for %u jobs",
                           crew->count);
    }
    for (unsigned i = 0; i < crew->count; i++) {
        if (start_job(crew, &crew->jobs[i], &crew->slots[i], failure) != 0) {
            return -1;
        }
    }
    return 0;
}

static void crew_stop(struct crew *crew)
{
    for (unsigned i = 0; crew->jobs != NULL && i < crew->count; i++) {
        struct job *job = &crew->jobs[i];
        if (job->running) {
            order(job, JOB_QUIT, 0);
            (void)pthread_join(job->thread, NULL);
            (void)close(job->signals.fd);
            (void)close(job->relay);
        }
    }
    if (crew->done >= 0) {
        (void)close(crew->done);
    }
    free(crew->slots);
    free(crew->jobs);
    (void)pthread_cond_destroy(&crew->order);
    (void)pthread_mutex_destroy(&crew->mutex);
}

/* Gives idle slots the next trials while there are some to begin. */
static void order_more(struct crew *crew, uint32_t *begun)
{
    for (unsigned i = 0; i < crew->count && scene_next(crew->scene, *begun) == STOP_NOT; i++) {
        if (state_of(&crew->jobs[i]) == JOB_IDLE) {
            order(&crew->jobs[i], JOB_ORDERED, (*begun)++);
        }
    }
}

/* Takes in the trials that are next by their numbers. */
static void take_ready(struct crew *crew, uint32_t *taken)
{
    for (unsigned i = 0; i < crew->count; i++) {
        struct job *job = &crew->jobs[i];
        enum stop_rule rule = scene_next(crew->scene, *taken);
        if (rule == STOP_FINDING || rule == STOP_TROUBLE) {
            return;
        }
        if (state_of(job) == JOB_DONE && job->index == *taken) {
            scene_take(crew->scene, job->slot);
            order(job, JOB_IDLE, 0);
            ++*taken;
            runner_keep(crew->runner, crew->scene);
            i = UINT32_MAX; /* from the first one again */
        }
    }
}

/* Ends what still runs behind the trial that ended the scene, and forgets it. */
static void drop_rest(struct crew *crew)
{
    end_all(crew);
    for (unsigned i = 0; i < crew->count; i++) {
        struct job *job = &crew->jobs[i];
        while (state_of(job) == JOB_ORDERED) {
            await(crew);
        }
        if (state_of(job) == JOB_DONE) {
            trial_judge_release(&job->slot->judge);
            trial_release(&job->slot->record);
            order(job, JOB_IDLE, 0);
        }
    }
}

enum stop_rule runner_run_jobs(struct runner *runner, struct scene *scene)
{
    struct crew crew = {.runner = runner,
                        .scene = scene,
                        .count = runner->options->jobs,
                        .done = -1,
                        .mutex = PTHREAD_MUTEX_INITIALIZER,
                        .order = PTHREAD_COND_INITIALIZER};
    struct failure failure = FAILURE_INIT;
    enum stop_rule rule = STOP_TROUBLE;
    uint32_t begun = 0;
    uint32_t taken = 0;
    if (crew_start(&crew, &failure) != 0) {
        scene_give_up(scene, &failure);
    } else {
        for (;;) {
            take_ready(&crew, &taken);
            order_more(&crew, &begun);
            rule = scene_next(scene, begun);
            if (rule == STOP_FINDING || rule == STOP_TROUBLE) {
                drop_rest(&crew);
                break;
            }
            if (taken == begun) {
                break;
            }
            await(&crew);
        }
    }
    crew_stop(&crew);
    return rule;
}
