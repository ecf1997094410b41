/* SPDX-License-Identifier: MIT
 *
 * Write, fsync, rename, fsync of the folder.
 */
#include "harness/report/folder.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_parents(const char *path, struct failure *failure)
{
    char part[REPORT_PATH];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                                 "cannot make the report folder %s", part);
        }
        if (slash == NULL) {
            return 0;
        }
        *slash = '/';
    }
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return -1;
        }
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

/* Writes and flushes; close(2) tells of errors too. */
static int write_file(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return -1;
    }
    int result = write_all(fd, bytes, length);
    if (result == 0) {
        result = fsync(fd);
    }
    int error = errno;
    if (close(fd) != 0 && result == 0) {
        return -1;
    }
    errno = error;
    return result;
}

static void flush_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* not every file system can; the rename itself is what counts */
        (void)close(fd);
    }
}

int report_folder_write(const struct report_folder *folder, const char *name, const char *bytes,
                        size_t length, struct failure *failure)
{
    char path[REPORT_PATH + 160];
    char temporary[REPORT_PATH + 400];
    const char *slash = strchr(name, '/');
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    if (slash != NULL) {
        char sub[REPORT_PATH + 160];
        (void)snprintf(sub, sizeof sub, "%s/%.*s", folder->path, (int)(slash - name), name);
        if (mkdir(sub, 0777) != 0 && errno != EEXIST) {
            return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot make %s", sub);
        }
        (void)snprintf(temporary, sizeof temporary, "%s/.%s.new", sub, slash + 1);
    } else {
        (void)snprintf(temporary, sizeof temporary, "%s/.%s.new", folder->path, name);
    }
    if (write_file(temporary, bytes, length) != 0 || rename(temporary, path) != 0) {
        int error = errno;
        (void)unlink(temporary);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot write %s", path);
    }
    flush_folder(folder->path);
    return 0;
}

/* A full disk is better found now than after an hour of load. */
static int prove_writable(const struct report_folder *folder, struct failure *failure)
{
    static const char zeros[65536];
    char path[REPORT_PATH + 32];
    (void)snprintf(path, sizeof path, "%s/.probe", folder->path);
    int result = write_file(path, zeros, sizeof zeros);
    int error = errno;
    (void)unlink(path);
    if (result != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot write to the report folder %s", folder->path);
    }
    return 0;
}

int report_folder_make(struct report_folder *folder, const char *reports, const char *name,
                       uint64_t seed, struct failure *failure)
{
    char stamp[32];
    folder->path[0] = '\0';
    if (reports[0] == '\0' || strlen(reports) + strlen(name) + 128 > sizeof folder->path) {
        return failure_set(failure, FAILURE_USAGE, "the report folder's path is empty or too long");
    }
    if (make_parents(reports, failure) != 0) {
        return -1;
    }
    clock_file_stamp(stamp, sizeof stamp);
    char path[REPORT_PATH];
    int made = -1;
    /* The same scenario and seed may run twice in a second. */
    for (int again = 0; made != 0 && again < 1000; again++) {
        char suffix[16] = "";
        if (again > 0) {
            (void)snprintf(suffix, sizeof suffix, ".%d", again);
        }
        (void)snprintf(path, sizeof path, "%s/%s-%s-%" PRIu64 "%s", reports, name, stamp, seed,
                       suffix);
        made = mkdir(path, 0777);
        if (made != 0 && errno != EEXIST) {
            break;
        }
    }
    if (made != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot make the report folder %s", path);
    }
    (void)snprintf(folder->path, sizeof folder->path, "%s", path);
    if (prove_writable(folder, failure) != 0) {
        report_folder_drop(folder);
        return -1;
    }
    return 0;
}

void report_folder_drop(struct report_folder *folder)
{
    if (folder->path[0] != '\0') {
        (void)rmdir(folder->path);
        folder->path[0] = '\0';
    }
}
