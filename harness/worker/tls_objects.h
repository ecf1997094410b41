/* SPDX-License-Identifier: MIT
 *
 * Live counts of SSL, SSL_CTX and SSL_SESSION objects of any client in the process that uses the
 * same libcrypto as the worker: through the new and free callbacks of OpenSSL's ex_data.
 */
#ifndef WORKER_TLS_OBJECTS_H
#define WORKER_TLS_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

struct tls_counts {
    int64_t ssl;
    int64_t ssl_ctx;
    int64_t ssl_session;
};

/** Registers the callbacks. Once, before the client is loaded. -1: OpenSSL refused. */
int tls_objects_init(void);

/** Objects made through this process's libcrypto since tls_objects_init and not yet freed. Exact
 *  when no other thread makes or frees any. */
void tls_objects_count(struct tls_counts *counts);

/** Whether any object was ever made. */
bool tls_objects_seen(void);

/** Whether the library behind a dlopen handle finds the libcrypto that is watched. */
bool tls_objects_shared_with(void *handle);

#endif
