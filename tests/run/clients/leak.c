/* SPDX-License-Identifier: MIT
 *
 * Leaks what EIGHTH_TEST_LEAK names: "fd" (one in each open), "socket" (one in the third open),
 * "thread" (one in the third open), "ssl" (one SSL object in the third open), "one-time" (opens
 * /dev/urandom once and keeps it: not a leak), "nothing".
 */
#include "tests/run/clients/base.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>

static void *sleep_for_ever(void *nothing)
{
    for (;;) {
        pause();
    }
    return nothing;
}

static void leak_ssl(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context); /* the SSL keeps it */
    (void)ssl;
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *what = getenv("EIGHTH_TEST_LEAK");
    pthread_t thread;
    if (operation != AT_OPEN || what == NULL) {
        return;
    }
    if (strcmp(what, "fd") == 0) {
        (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    } else if (strcmp(what, "one-time") == 0 && count == 0) {
        (void)open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    } else if (strcmp(what, "socket") == 0 && count == 2) {
        (void)socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } else if (strcmp(what, "thread") == 0 && count == 2) {
        (void)pthread_create(&thread, NULL, sleep_for_ever, NULL);
    } else if (strcmp(what, "ssl") == 0 && count == 2) {
        leak_ssl();
    }
}
