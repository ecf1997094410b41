/* SPDX-License-Identifier: MIT
 *
 * What /proc tells about processes and listening sockets. A process that is gone tells nothing:
 * then the functions say so, and that is no failure.
 */
#ifndef PROGRAMS_PROC_FILES_H
#define PROGRAMS_PROC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** From /proc/PID/stat. */
struct proc_stat {
    char name[32]; /**< comm, cleaned */
    char state;    /**< 'Z': dead, not reaped */
    pid_t parent;
    pid_t group;
    pid_t session;
    uint64_t born; /**< ns, on the clock of clock_now: it began then, or a moment before */
};

/** False if there is no such process. */
bool proc_read_stat(pid_t pid, struct proc_stat *stat);

/** The command line, its words separated by blanks, cleaned and cut. "" if it cannot be read. */
void proc_read_command(pid_t pid, char *text, size_t capacity);

/** The value of a variable in the environment that the process was started with: 1; 0 if it has
 *  none; -1 if that cannot be read, as of a process that is about to be gone. */
int proc_read_variable(pid_t pid, const char *name, char *value, size_t capacity);

/** The children of this thread's process, at most `most`: how many there are. */
size_t proc_children(pid_t *children, size_t most);

/** Open descriptors and threads; false if it is gone or may not be looked at. */
bool proc_count(pid_t pid, uint32_t *fds, uint32_t *threads);

/** Resident bytes; 0 if it is gone. */
uint64_t proc_resident(pid_t pid);

/** Connections that wait to be accepted at that port of 127.0.0.1; -1 if that is not known. */
int proc_backlog(uint16_t port);

#endif
