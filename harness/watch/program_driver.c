/* SPDX-License-Identifier: MIT
 *
 * Starts a driver of programs, and clears up after one that could not.
 */
#include "harness/watch/program_driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST_ENVIRONMENT ((size_t)256 << 10)
/* Each kill may set free a child that was not seen before. */
#define SWEEPS 20

int program_driver_start(struct child *child, const struct program_driver *driver,
                         struct failure *failure)
{
    char plan[16];
    char logbook[16];
    char log[16];
    char ledger[16];
    char limit[32];
    struct rlimit own = {1024, 1024};
    (void)getrlimit(RLIMIT_NOFILE, &own);
    (void)snprintf(plan, sizeof plan, "%d", driver->plan_fd);
    (void)snprintf(logbook, sizeof logbook, "%d", driver->logbook_fd);
    (void)snprintf(log, sizeof log, "%d", driver->log_fd);
    (void)snprintf(ledger, sizeof ledger, "%d", driver->ledger_fd);
    (void)snprintf(limit, sizeof limit, "%" PRIu64, (uint64_t)own.rlim_cur);
    const char *arguments[] = {
        "eighth",   "programs",    "--plan-fd",     plan,  "--logbook-fd", logbook,
        "--log-fd", log,           "--descriptors", limit, "--folder",     driver->folder,
        NULL,       "--ledger-fd", ledger,          NULL};
    int inherited[] = {driver->plan_fd, driver->logbook_fd, driver->log_fd, driver->ledger_fd};
    if (driver->ledger_fd >= 0) {
        for (int i = 12; i < 15; i++) {
            arguments[i] = arguments[i + 1];
        }
    }
    struct child_order order = {
        .path = driver->eighth,
        .arguments = arguments,
        .inherited = inherited,
        .inherited_count = driver->ledger_fd >= 0 ? 4 : 3,
        .descriptors = driver->limit,
        .mask = driver->mask,
        .environment = driver->environment,
        .death_signal = SIGTERM, /* it must clear up first */
    };
    return child_start(child, &order, failure);
}

/* Whether the process was started with a variable that begins so: "NAME=VALUE". */
static bool carries(pid_t pid, const char *beginning, char *text)
{
    char path[48];
    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t more;
    size_t length = 0;
    while (length + 1 < MOST_ENVIRONMENT &&
           (more = read(fd, text + length, MOST_ENVIRONMENT - 1 - length)) > 0) {
        length += (size_t)more;
    }
    (void)close(fd);
    text[length] = '\0';
    bool found = false;
    for (size_t at = 0; at < length && !found; at += strlen(text + at) + 1) {
        found = strncmp(text + at, beginning, strlen(beginning)) == 0;
    }
    return found;
}

/* The pid may have become another process's since it was looked at: once more behind a pidfd, which
 * holds it. */
static bool end(pid_t pid, const char *mark, char *text)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0) {
        return false;
    }
    bool ended = carries(pid, mark, text) && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
    (void)close(fd);
    return ended;
}

void program_driver_sweep(pid_t driver)
{
    char mark[48];
    char *text = malloc(MOST_ENVIRONMENT);
    bool more = text != NULL && driver > 0;
    (void)snprintf(mark, sizeof mark, PROGRAM_VARIABLE "=%d.", (int)driver);
    for (int i = 0; i < SWEEPS && more; i++) {
        const struct dirent *entry;
        DIR *directory = opendir("/proc");
        more = false;
        while (directory != NULL && (entry = readdir(directory)) != NULL) {
            pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
            if (pid > 0 && carries(pid, mark, text) && end(pid, mark, text)) {
                more = true;
            }
        }
        if (directory != NULL) {
            (void)closedir(directory);
        }
    }
    free(text);
}
