/* SPDX-License-Identifier: MIT
 *
 * Who made the TLS objects that are alive: the operation, the instance and the stack of each, as of
 * a descriptor. At the end the log gets the origins of those that nobody freed.
 *
 * Called inside OpenSSL, also under its locks. Any thread; nothing here orders anything in
 * ThreadSanitizer's eyes.
 */
#ifndef WORKER_TLS_ORIGINS_H
#define WORKER_TLS_ORIGINS_H

#include "harness/worker/descriptor_stacks.h"

/** From now on; without it nothing is remembered. The log must stay valid for the life of the
 *  process. Before the first object, once, after descriptors_watch. Fails with
 *  FAILURE_ENVIRONMENT. */
int tls_origins_watch(struct descriptor_log *log, struct failure *failure);

/** object, a DESCRIPTOR_CALL_SSL, _SSL_CTX or _SSL_SESSION as call says, was made. */
void tls_origins_made(const void *object, enum descriptor_call call, struct call_site *site);

/** It is about to be freed. */
void tls_origins_freed(const void *object);

/** Writes where the objects that are left were made. At the end, when no thread makes or frees
 *  any. */
void tls_origins_tell(void);

#endif
