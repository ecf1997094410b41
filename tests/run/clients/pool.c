/* SPDX-License-Identifier: MIT
 *
 * Fills a pool of threads, sockets or other descriptors as EIGHTH_TEST_POOL says, "KIND:N:EVERY":
 * one more in every EVERY-th open, up to N of them. The cleanup gives all of it back; after "keep-"
 * it does not.
 */
#include "tests/run/clients/base.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>

#define MOST 4096U

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static bool end;
static pthread_t threads[MOST];
static int fds[MOST];
static unsigned held;

static void *wait_for_end(void *nothing)
{
    (void)pthread_mutex_lock(&mutex);
    while (!end) {
        (void)pthread_cond_wait(&ended, &mutex);
    }
    (void)pthread_mutex_unlock(&mutex);
    return nothing;
}

static void take_one(const char *kind)
{
    if (strncmp(kind, "threads", 7) == 0) {
        (void)pthread_create(&threads[held], NULL, wait_for_end, NULL);
    } else if (strncmp(kind, "sockets", 7) == 0) {
        fds[held] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    } else {
        fds[held] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    held++;
}

static void give_back(const char *kind)
{
    (void)pthread_mutex_lock(&mutex);
    end = true;
    (void)pthread_cond_broadcast(&ended);
    (void)pthread_mutex_unlock(&mutex);
    for (unsigned i = 0; i < held; i++) {
        if (strncmp(kind, "threads", 7) == 0) {
            (void)pthread_join(threads[i], NULL);
        } else {
            (void)close(fds[i]);
        }
    }
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *kind = getenv("EIGHTH_TEST_POOL");
    bool keep = kind != NULL && strncmp(kind, "keep-", 5) == 0;
    unsigned most;
    unsigned every;
    kind = keep ? kind + 5 : kind;
    const char *colon = kind != NULL ? strchr(kind, ':') : NULL;
    if (colon == NULL || sscanf(colon, ":%u:%u", &most, &every) != 2 || every == 0) {
        return;
    }
    if (operation == AT_OPEN && (count + 1) % every == 0) {
        (void)pthread_mutex_lock(&mutex);
        if (held < most && held < MOST) {
            take_one(kind);
        }
        (void)pthread_mutex_unlock(&mutex);
    } else if (operation == AT_CLEANUP && !keep) {
        give_back(kind);
    }
}
