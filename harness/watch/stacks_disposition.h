/* SPDX-License-Identifier: MIT
 *
 * Would a signal kill?
 */
#ifndef WATCH_STACKS_DISPOSITION_H
#define WATCH_STACKS_DISPOSITION_H

#include <stdbool.h>
#include <sys/types.h>

/** Is the default action of the signal to end the process? */
bool stacks_signal_ends(int signal);

/** Would the process of the thread die of the signal as it is set up now: default action that ends,
 *  neither caught nor ignored? False when the process is gone. */
bool stacks_signal_kills(pid_t pid, pid_t tid, int signal);

#endif
