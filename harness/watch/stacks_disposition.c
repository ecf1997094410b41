/* SPDX-License-Identifier: MIT
 *
 * Decides from /proc what a signal that is about to be delivered will do.
 */
#include "harness/watch/stacks_disposition.h"

#include "harness/watch/stacks_modules.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool stacks_signal_ends(int signal)
{
    switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return false;
    default:
        return signal > 0 && signal <= 64;
    }
}

/** Is the signal in the set that the line of that name gives? */
static bool set_holds(const char *status, const char *name, int signal)
{
    const char *line = strstr(status, name);
    uint64_t set = line == NULL ? 0 : strtoull(line + strlen(name), NULL, 16);
    return (set >> (signal - 1) & 1) != 0;
}

bool stacks_signal_kills(pid_t pid, pid_t tid, int signal)
{
    if (!stacks_signal_ends(signal)) {
        return false;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    struct buffer text = BUFFER_INIT;
    bool kills = false;
    if (stacks_read_file(path, &text) == 0) {
        /* The name of the thread stands in the first line and may look like anything; newlines in
         * it are escaped. */
        const char *status = buffer_text(&text);
        kills = strstr(status, "\nSigIgn:\t") != NULL &&
                !set_holds(status, "\nSigIgn:\t", signal) &&
                !set_holds(status, "\nSigCgt:\t", signal);
    }
    buffer_clear(&text);
    return kills;
}
