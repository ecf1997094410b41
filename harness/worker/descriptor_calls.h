/* SPDX-License-Identifier: MIT
 *
 * What the functions that stand before libc's share with those who say for whom a thread works.
 */
#ifndef WORKER_DESCRIPTOR_CALLS_H
#define WORKER_DESCRIPTOR_CALLS_H

#include "harness/worker/descriptor_table.h"
#include "harness/worker/descriptors.h"

/** The operation that the calling thread is in; all zero outside any. */
struct descriptor_watch {
    struct descriptor_caller caller;
    struct connect_trace *connect;
};

extern _Thread_local struct descriptor_watch descriptor_watch;

/** Set once, before the client is loaded: the table is to be kept. */
extern bool descriptor_calls_noted;

#endif
