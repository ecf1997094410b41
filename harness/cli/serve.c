/* SPDX-License-Identifier: MIT
 *
 * What `serve` tells its user, and when it ends.
 */
#include "harness/cli/serve.h"

#include "harness/base/buffer.h"
#include "harness/base/clock.h"
#include "harness/cli/serve_options.h"
#include "harness/target/service.h"
#include "harness/target/target.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The CA's file: the user's own, or one in a folder that is removed at the end. */
struct ca_place {
    char folder[1024]; /* "" if none was made */
    char made[1040];
    const char *path; /* NULL in clear text without --ca */
};

static int place_ca(struct ca_place *place, const struct serve_options *options,
                    struct failure *failure)
{
    place->folder[0] = '\0';
    place->path = options->ca_file;
    if (place->path != NULL || !options->model.tls) {
        return 0;
    }
    const char *base = getenv("TMPDIR");
    if (base == NULL || base[0] == '\0') {
        base = "/tmp";
    }
    int length = snprintf(place->folder, sizeof place->folder, "%s/eighth-XXXXXX", base);
    if (length < 0 || (size_t)length >= sizeof place->folder || mkdtemp(place->folder) == NULL) {
        place->folder[0] = '\0';
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot make a folder for the CA file in %s", base);
    }
    (void)snprintf(place->made, sizeof place->made, "%s/ca.pem", place->folder);
    place->path = place->made;
    return 0;
}

static void clear_ca(const struct ca_place *place)
{
    if (place->folder[0] != '\0') {
        (void)unlink(place->made);
        (void)rmdir(place->folder);
    }
}

static const char *version_name(uint16_t version)
{
    return version == 0x0303 ? "1.2" : "1.3";
}

static void announce(const struct serve_options *options, const struct ledger *ledger,
                     const char *ca_file, unsigned threads)
{
    const struct embedded_model *model = &options->model;
    const char *plural = threads == 1 ? "" : "s";
    if (model->tls) {
        const char *lowest = version_name(model->tls_min);
        const char *highest = version_name(model->tls_max);
        (void)printf(
            "listening at https://127.0.0.1:%u (TLS %s to %s, HTTP/2 and HTTP/1.1, %u thread%s)\n"
            "CA file: %s\n"
            "try: curl --http2 --cacert %s https://127.0.0.1:%u/get\n",
            ledger->port, lowest, highest, threads, plural, ca_file, ca_file, ledger->port);
    } else {
        (void)printf(
            "listening at http://127.0.0.1:%u (clear text, HTTP/2 and HTTP/1.1, %u thread%s)\n"
            "try: curl --http2-prior-knowledge http://127.0.0.1:%u/get\n",
            ledger->port, threads, plural, ledger->port);
    }
    for (size_t i = 0; i < model->fault_count; i++) {
        const struct fault_kind *kind = fault_kind_of(model->faults[i].id);
        if (kind->id == FAULT_REFUSE) {
            (void)printf("fault %s: connect to port %u\n", kind->name, ledger->refuse_port);
        } else {
            (void)printf("fault %s: %s\n", kind->name, kind->help);
        }
    }
    (void)fflush(stdout);
}

/* The signals are blocked in all threads, so that only this waits for them. */
static void wait_for_end(const sigset_t *signals, uint64_t time_ns)
{
    struct timespec time = {(time_t)(time_ns / NS_PER_S), (long)(time_ns % NS_PER_S)};
    int taken;
    do {
        taken = sigtimedwait(signals, NULL, time_ns != 0 ? &time : NULL);
    } while (taken < 0 && errno == EINTR);
}

static void summarise(const struct ledger *ledger, bool tls)
{
    struct ledger_counters sum;
    ledger_sum(ledger, &sum);
    (void)printf("connections: %" PRIu64 "\n", sum.accepted);
    if (tls) {
        (void)printf("handshakes: %" PRIu64 " full, %" PRIu64 " resumed, %" PRIu64 " failed\n",
                     sum.handshakes_full, sum.handshakes_resumed, sum.handshakes_failed);
    }
    (void)printf("requests: %" PRIu64 ", responses: %" PRIu64 ", bytes sent: %" PRIu64 "\n",
                 sum.requests, sum.responses, sum.bytes_sent);
    (void)printf("connections that broke a protocol: %" PRIu64 "\n", sum.protocol_errors);
    for (unsigned id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
        if (sum.faults[id] != 0) {
            (void)printf("fault %s: %" PRIu64 " times\n", fault_kind_of(id)->name, sum.faults[id]);
        }
    }
    if (sum.accept_errors != 0) {
        (void)printf("accept failed for want of descriptors or memory: %" PRIu64 " times\n",
                     sum.accept_errors);
    }
    (void)fflush(stdout);
}

static int run_alone(const struct serve_options *options, struct failure *failure)
{
    struct shared_memory shared = SHARED_MEMORY_INIT;
    struct ca_place place;
    struct target *target = NULL;
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (place_ca(&place, options, failure) != 0) {
        return -1;
    }
    int result = -1;
    if (ledger_create(&shared, failure) != 0 ||
        target_start(&target, &options->model, 1, shared.memory, place.path, failure) != 0) {
        goto done;
    }
    target_begin(target, options->seed);
    announce(options, shared.memory, place.path, target->threads);
    wait_for_end(&signals, options->time_ns);
    target_stop(target);
    summarise(shared.memory, options->model.tls);
    result = 0;
done:
    clear_ca(&place);
    shared_memory_release(&shared);
    return result;
}

int cli_serve(int argc, char **argv)
{
    struct serve_options options;
    struct failure failure = FAILURE_INIT;
    int result = serve_options_read(&options, argc, argv, &failure);
    if (result == 0 && options.help) {
        (void)fputs(serve_options_help(), stdout);
        return 0;
    }
    if (result == 0) {
        result = options.plan_fd >= 0
                     ? service_run(options.plan_fd, options.ledger_fd, options.control_fd, &failure)
                     : run_alone(&options, &failure);
    }
    if (result != 0) {
        (void)fprintf(stderr, "eighth serve: %s\n", failure.text);
        return failure_exit_code(&failure);
    }
    return 0;
}
