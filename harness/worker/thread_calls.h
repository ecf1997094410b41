/* SPDX-License-Identifier: MIT
 *
 * The client's own calls of pthread_create(3), seen as those on descriptors are: who started which
 * thread. Not in the builds with sanitizers, whose runtimes tell themselves, by the stack of this
 * very call.
 */
#ifndef WORKER_THREAD_CALLS_H
#define WORKER_THREAD_CALLS_H

#include "harness/worker/descriptor_stacks.h"

/** From now on notes in the log, which must stay valid for the life of the process, who started
 *  each thread. Once, after descriptors_watch. */
void thread_calls_watch(struct descriptor_log *log);

/** Notes in the log what is needed to read it. At the end, where threads are left. */
void thread_calls_tell(void);

#endif
