/* SPDX-License-Identifier: MIT
 *
 * Is worse by as much as its options say, each on its own:
 *
 *   "crash": 0.1         dies of SIGSEGV in its third request in this share of the processes; the
 *                        nonce of the first request decides, which derives from the trial's seed
 *   "racy": 1            it dies by chance instead, whatever the seed
 *   "salt": 7            makes that another choice, independent of that of other salts
 *   "burn_us": 1000      CPU time that each request takes
 *   "open_us": 4000      time that each open takes, told as its TLS handshake
 *   "leak_bytes": 64     allocated and forgotten in each close
 *   "loops": 1000        turns of an empty loop that each request makes: some instructions each
 *   "calls": 4           system calls that each request makes for nothing
 *   "leak_fd_every": 100 leaves the socket of every so many closes open
 */
#include "client/eighth_client.h"

static struct eighth_client worse_client;
#define BASE_TABLE worse_client
#include "tests/run/clients/base.h"
#include "tests/run/clients/share.h"

#include <time.h>

static double crash;
static double racy;
static double salt;
static double burn_us;
static double open_us;
static double leak_bytes;
static double leak_fd_every;
static double calls;
static double loops;
static _Atomic int doomed;
static volatile int *volatile nowhere = (volatile int *)16;

static double option(const char *options, const char *key)
{
    char quoted[32];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(options, quoted);
    return found != NULL ? strtod(found + strlen(quoted), NULL) : 0;
}

static double now_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* CPU time, so that a busy machine does not change how much it is. */
static void burn(void)
{
    double end = now_us(CLOCK_THREAD_CPUTIME_ID) + burn_us;
    while (burn_us > 0 && now_us(CLOCK_THREAD_CPUTIME_ID) < end) {
    }
}

__attribute__((noinline)) static void die(void)
{
    *nowhere = 1;
}

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST) {
        if (count == 2 && doomed) {
            die();
        }
        burn();
        for (volatile int i = 0; i < (int)loops; i++) {
        }
        for (int i = 0; i < (int)calls; i++) {
            (void)getppid();
        }
    } else if (operation == AT_CLOSE && leak_bytes > 0) {
        void *volatile forgotten = malloc((size_t)leak_bytes);
        (void)forgotten;
    }
}

static int worse_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    crash = option(options, "crash");
    racy = option(options, "racy");
    salt = option(options, "salt");
    burn_us = option(options, "burn_us");
    open_us = option(options, "open_us");
    leak_bytes = option(options, "leak_bytes");
    leak_fd_every = option(options, "leak_fd_every");
    calls = option(options, "calls");
    loops = option(options, "loops");
    return base_init(options, process, error);
}

static int worse_open(eighth_instance *instance, uint64_t timeout_ns,
                      struct eighth_connection *connection, struct eighth_error *error)
{
    double begun = now_us(CLOCK_MONOTONIC);
    int result = base_open(instance, timeout_ns, connection, error);
    if (open_us > 0) {
        struct timespec pause = {0, (long)(open_us * 1e3)};
        (void)nanosleep(&pause, NULL);
        connection->tls_ns = (uint64_t)((now_us(CLOCK_MONOTONIC) - begun) * 1e3);
    }
    return result;
}

static int worse_request(eighth_instance *instance, const struct eighth_request *request,
                         struct eighth_response *response, uint64_t timeout_ns,
                         struct eighth_error *error)
{
    if (base_counts[AT_REQUEST] == 0 && request->header_count > 0) {
        char chance[32];
        (void)snprintf(chance, sizeof chance, "%.0f", now_us(CLOCK_MONOTONIC) * 1e3 + getpid());
        doomed = share_of(racy > 0 ? chance : nonce_of(request), (uint64_t)salt) < crash;
    }
    return base_request(instance, request, response, timeout_ns, error);
}

static int worse_close(eighth_instance *instance, int mode, uint64_t timeout_ns,
                       struct eighth_error *error)
{
    unsigned closes = base_counts[AT_CLOSE] + 1;
    if (leak_fd_every > 0 && closes % (unsigned)leak_fd_every == 0) {
        instance->fd = -1; /* forgotten, not closed */
    }
    return base_close(instance, mode, timeout_ns, error);
}

__attribute__((constructor)) static void make_table(void)
{
    worse_client = base_client;
    worse_client.init = worse_init;
    worse_client.open = worse_open;
    worse_client.request = worse_request;
    worse_client.close = worse_close;
}
