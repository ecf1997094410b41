/* SPDX-License-Identifier: MIT
 *
 * Keeps memory, descriptors, threads or sessions as EIGHTH_TEST_GROW says, counted in opens:
 *
 *   "heap"         16 bytes in each; "heap:N": N bytes
 *   "cache:N"      an entry of 200 bytes in each of the first N: a cache that fills
 *   "start"        1 MiB in the first
 *   "fd:N" "thread:N" "session:N"   one in every N-th
 *   "late-fd"      /dev/urandom in the tenth, for good
 */
#include "tests/run/clients/base.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>

static void *volatile kept;

static void *sleep_for_ever(void *nothing)
{
    for (;;) {
        pause();
    }
    return nothing;
}

static void keep_one(const char *what)
{
    pthread_t thread;
    if (strncmp(what, "fd", 2) == 0) {
        (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    } else if (strncmp(what, "thread", 6) == 0) {
        (void)pthread_create(&thread, NULL, sleep_for_ever, NULL);
    } else if (strncmp(what, "session", 7) == 0) {
        kept = SSL_SESSION_new();
    }
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *what = getenv("EIGHTH_TEST_GROW");
    if (operation != AT_OPEN || what == NULL) {
        return;
    }
    const char *colon = strchr(what, ':');
    unsigned long number = colon != NULL ? strtoul(colon + 1, NULL, 10) : 16;
    if (strncmp(what, "heap", 4) == 0) {
        kept = malloc(number);
    } else if (strncmp(what, "cache", 5) == 0 && count < number) {
        kept = malloc(200);
    } else if (strcmp(what, "start") == 0 && count == 0) {
        kept = malloc(1 << 20);
    } else if (strcmp(what, "late-fd") == 0 && count == 9) {
        (void)open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    } else if (colon != NULL && number > 0 && count % number == number - 1) {
        keep_one(what);
    }
}
