/* SPDX-License-Identifier: MIT
 *
 * Finds, tells and ends orphans.
 */
#include "harness/programs/leftovers.h"

#include "harness/programs/proc_files.h"
#include "harness/watch/program_driver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where each child makes the next and ends, none may be seen alive but by looking again. */
#define LOOKS 4

void leftovers_mark(uint32_t process, char mark[LEFTOVERS_MARK])
{
    (void)snprintf(mark, LEFTOVERS_MARK, "%d.%u", (int)getpid(), process);
}

/* The number in a mark; 0 if it is not ours. */
static uint32_t read_mark(const char *mark)
{
    char *end;
    long watcher = strtol(mark, &end, 10);
    if (watcher != (long)getpid() || *end != '.') {
        return 0;
    }
    return (uint32_t)strtoul(end + 1, NULL, 10);
}

/* False if it does not let itself be read: it may be about to be gone. */
static bool examine(pid_t pid, const struct proc_stat *stat, struct orphan *orphan)
{
    char mark[LEFTOVERS_MARK];
    int marked = proc_read_variable(pid, PROGRAM_VARIABLE, mark, sizeof mark);
    orphan->pid = pid;
    orphan->group = stat->group;
    orphan->session = stat->session;
    orphan->born = stat->born;
    orphan->process = marked == 1 ? read_mark(mark) : 0;
    return marked != -1;
}

/* One look at the list. *passed: some in it were dead or dying, and may have left children that are
 * not. */
static size_t look(bool (*is_own)(const void *context, pid_t pid), const void *context,
                   struct orphan *orphans, size_t most, bool *passed)
{
    pid_t children[LEFTOVERS_MOST];
    size_t count = proc_children(children, LEFTOVERS_MOST);
    size_t found = 0;
    *passed = false;
    for (size_t i = 0; i < count && found < most; i++) {
        struct proc_stat stat;
        if (is_own(context, children[i])) {
            continue;
        }
        bool there = proc_read_stat(children[i], &stat);
        if (!there || stat.state == 'Z' || stat.state == 'X') {
            (void)waitpid(children[i], NULL, WNOHANG);
            *passed = true;
        } else if (stat.parent == getpid()) {
            *passed = !examine(children[i], &stat, &orphans[found++]) || *passed;
        }
    }
    return found;
}

size_t leftovers_find(bool (*is_own)(const void *context, pid_t pid), const void *context,
                      struct orphan *orphans, size_t most, bool *unsure)
{
    size_t found = 0;
    *unsure = true;
    for (int i = 0; i < LOOKS && *unsure; i++) {
        found = look(is_own, context, orphans, most, unsure);
    }
    return found;
}

void leftovers_tell(const struct orphan *orphan, struct buffer *text)
{
    struct proc_stat stat;
    char command[200];
    if (!proc_read_stat(orphan->pid, &stat)) {
        return;
    }
    proc_read_command(orphan->pid, command, sizeof command);
    buffer_printf(text, "%d %s%s%s\n", (int)orphan->pid, stat.name, command[0] != '\0' ? ": " : "",
                  command);
}

void leftovers_signal(const struct orphan *orphan, int signal)
{
    (void)kill(orphan->pid, signal);
    /* A group lies within one session: with another session than ours it is no group of ours. */
    if (orphan->group > 1 && orphan->session != getsid(0) && orphan->session > 0) {
        (void)kill(-orphan->group, signal);
    }
}
