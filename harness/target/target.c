/* SPDX-License-Identifier: MIT
 *
 * Start, trials, quiet and stop of the target.
 */
#include "harness/target/target.h"

#include "harness/base/clock.h"
#include "harness/target/behaviour.h"
#include "harness/target/listener.h"
#include "harness/target/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- start and stop ---- */

static int start_tls(struct target *target, const char *ca_file, struct failure *failure)
{
    const struct embedded_model *model = target->model;
    struct certificates certificates = {NULL};
    unsigned faulty = behaviour_certificates(model->faults, model->fault_count);
    if (certificates_make(&certificates, model->key, faulty | 1U << model->certificate, failure) !=
        0) {
        return -1;
    }
    int result = -1;
    if (ca_file == NULL || certificates_write_root(&certificates, ca_file, failure) == 0) {
        result = tls_contexts_make(&target->tls, model, &certificates, faulty, failure);
    }
    certificates_release(&certificates);
    return result;
}

static bool has_refusals(const struct embedded_model *model)
{
    for (size_t i = 0; i < model->fault_count; i++) {
        if (model->faults[i].id == FAULT_REFUSE) {
            return true;
        }
    }
    return false;
}

static int open_sockets(struct target *target, unsigned ports, struct failure *failure)
{
    struct ledger *ledger = target->ledger;
    uint16_t refuse_port = 0;
    target->listeners = calloc(ports, sizeof *target->listeners);
    if (target->listeners == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the target's ports");
    }
    for (unsigned i = 0; i < ports; i++) {
        uint16_t port = i == 0 ? target->model->port : 0;
        target->listeners[i] = listener_open(&port, failure);
        if (target->listeners[i] < 0) {
            return -1;
        }
        ledger->ports[i] = port;
        target->listener_count++;
    }
    if (has_refusals(target->model)) {
        target->refuser = listener_refuse(&refuse_port, failure);
        if (target->refuser < 0) {
            return -1;
        }
    }
    ledger->port_count = ports;
    ledger->port = ledger->ports[0];
    ledger->refuse_port = refuse_port;
    ledger->pid = getpid();
    return 0;
}

static unsigned count_threads(const struct embedded_model *model)
{
    long wanted = model->threads;
    if (wanted == 0) {
        wanted = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return wanted < 1 ? 1 : wanted > (long)LEDGER_THREADS ? LEDGER_THREADS : (unsigned)wanted;
}

static int start_loops(struct target *target, struct failure *failure)
{
    unsigned threads = count_threads(target->model);
    target->loops = calloc(threads, sizeof *target->loops);
    if (target->loops == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the target's threads");
    }
    for (unsigned i = 0; i < threads; i++) {
        if (loop_start(&target->loops[i], target, i, failure) != 0) {
            return -1;
        }
        target->threads++;
    }
    return 0;
}

int target_start(struct target **target, const struct embedded_model *model, unsigned ports,
                 struct ledger *ledger, const char *ca_file, struct failure *failure)
{
    struct target *made = calloc(1, sizeof *made);
    *target = NULL;
    if (made == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the target");
    }
    made->model = model;
    made->ledger = ledger;
    made->refuser = -1;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&made->quiet, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&made->lock, NULL);
    listener_raise_descriptors();
    if ((model->tls && start_tls(made, ca_file, failure) != 0) ||
        session_prepare(&made->callbacks, &made->option, failure) != 0 ||
        open_sockets(made, ports, failure) != 0 || start_loops(made, failure) != 0) {
        target_stop(made);
        return -1;
    }
    *target = made;
    return 0;
}

static void wake_all(struct target *target)
{
    for (unsigned i = 0; i < target->threads; i++) {
        loop_wake(&target->loops[i]);
    }
}

void target_stop(struct target *target)
{
    if (target == NULL) {
        return;
    }
    atomic_store_explicit(&target->stopping, true, memory_order_release);
    wake_all(target);
    for (unsigned i = 0; i < target->threads; i++) {
        loop_join(&target->loops[i]);
    }
    free(target->loops);
    for (unsigned i = 0; i < target->listener_count; i++) {
        (void)close(target->listeners[i]);
    }
    free(target->listeners);
    if (target->refuser >= 0) {
        (void)close(target->refuser);
    }
    nghttp2_session_callbacks_del(target->callbacks);
    nghttp2_option_del(target->option);
    tls_contexts_release(&target->tls);
    (void)pthread_cond_destroy(&target->quiet);
    (void)pthread_mutex_destroy(&target->lock);
    free(target);
}

/* ---- trials ---- */

void target_begin(struct target *target, uint64_t seed)
{
    struct ledger *ledger = target->ledger;
    uint64_t base = atomic_load_explicit(&ledger->next, memory_order_relaxed);
    ledger->trial_seed = seed;
    ledger->trial_base = base;
    atomic_store_explicit(&ledger->most_active, 0, memory_order_relaxed);
    atomic_store_explicit(&target->seed, seed, memory_order_relaxed);
    atomic_store_explicit(&target->base, base, memory_order_release);
}

static bool is_quiet(const struct target *target)
{
    return target->drained >= target->threads && atomic_load(&target->active) == 0;
}

uint64_t target_quiesce(struct target *target, uint64_t timeout_ns, unsigned *stuck)
{
    uint64_t now = clock_now();
    uint64_t until = timeout_ns < UINT64_MAX - now ? now + timeout_ns : UINT64_MAX;
    struct timespec deadline = clock_timespec(until);
    (void)pthread_mutex_lock(&target->lock);
    target->drained = 0;
    atomic_store(&target->waiting, true);
    (void)atomic_fetch_add_explicit(&target->drain_order, 1, memory_order_release);
    wake_all(target);
    int waited = 0;
    while (!is_quiet(target) && waited == 0) {
        waited = pthread_cond_timedwait(&target->quiet, &target->lock, &deadline);
    }
    atomic_store(&target->waiting, false);
    uint64_t active = atomic_load(&target->active);
    /* A queue that nobody could look into may hold one. */
    *stuck = target->drained < target->threads ? target->threads - target->drained : 0;
    active += active == 0 && *stuck > 0;
    (void)pthread_mutex_unlock(&target->lock);
    return active;
}

void target_report_drained(struct target *target, uint64_t order)
{
    (void)pthread_mutex_lock(&target->lock);
    /* A loop that was late obeys an order that nobody waits for any more. */
    if (order == atomic_load_explicit(&target->drain_order, memory_order_relaxed)) {
        target->drained++;
        (void)pthread_cond_signal(&target->quiet);
    }
    (void)pthread_mutex_unlock(&target->lock);
}

/* Sequential consistency makes either this side see `waiting` or the waiter see no connection. */
void target_report_ended(struct target *target)
{
    if (atomic_fetch_sub(&target->active, 1) == 1 && atomic_load(&target->waiting)) {
        (void)pthread_mutex_lock(&target->lock);
        (void)pthread_cond_signal(&target->quiet);
        (void)pthread_mutex_unlock(&target->lock);
    }
}
