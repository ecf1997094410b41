/* SPDX-License-Identifier: MIT
 *
 * Reads and takes apart small files of /proc; see proc(5).
 */
#include "harness/programs/proc_files.h"

#include "harness/base/clock.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of an environment: what lies behind is not searched. */
#define MOST_ENVIRONMENT ((size_t)256 << 10)

/* As many bytes as there are, at most capacity - 1, with a zero byte after them; -1: none. */
static ssize_t read_file(const char *path, char *text, size_t capacity)
{
    size_t length = 0;
    ssize_t more = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    while (length + 1 < capacity && (more = read(fd, text + length, capacity - 1 - length)) > 0) {
        length += (size_t)more;
    }
    (void)close(fd);
    text[length] = '\0';
    return more < 0 && length == 0 ? -1 : (ssize_t)length;
}

static void clean(char *to, size_t capacity, const char *from, size_t length)
{
    size_t i = 0;
    for (; i < length && i + 1 < capacity; i++) {
        to[i] = isprint((unsigned char)from[i]) ? from[i] : from[i] == '\0' ? ' ' : '?';
    }
    to[i] = '\0';
}

/* The kernel tells the beginning in ticks since the machine's start, rounded down. */
static uint64_t instant_of(unsigned long long ticks)
{
    struct timespec time;
    uint64_t tick = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    uint64_t now = clock_now();
    (void)clock_gettime(CLOCK_BOOTTIME, &time);
    uint64_t since_start = (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
    uint64_t latest = (ticks + 1) * tick;
    uint64_t age = since_start > latest ? since_start - latest : 0;
    return now > age ? now - age : 0;
}

bool proc_read_stat(pid_t pid, struct proc_stat *stat)
{
    char path[48];
    char text[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_file(path, text, sizeof text) <= 0) {
        return false;
    }
    /* The name may hold anything, parentheses too. */
    const char *name = strchr(text, '(');
    const char *end = strrchr(text, ')');
    if (name == NULL || end == NULL || end < name) {
        return false;
    }
    clean(stat->name, sizeof stat->name, name + 1, (size_t)(end - name - 1));
    int parent;
    int group;
    int session;
    unsigned long long ticks;
    if (sscanf(end + 1,
               " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &stat->state, &parent, &group, &session, &ticks) != 5) {
        return false;
    }
    stat->born = instant_of(ticks);
    stat->parent = parent;
    stat->group = group;
    stat->session = session;
    return true;
}

void proc_read_command(pid_t pid, char *text, size_t capacity)
{
    char path[48];
    char words[512];
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    ssize_t length = read_file(path, words, sizeof words);
    while (length > 0 && words[length - 1] == '\0') {
        length--;
    }
    clean(text, capacity, words, length > 0 ? (size_t)length : 0);
}

int proc_read_variable(pid_t pid, const char *name, char *value, size_t capacity)
{
    char path[48];
    size_t wanted = strlen(name);
    int found = 0;
    char *text = malloc(MOST_ENVIRONMENT);
    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    ssize_t length = text != NULL ? read_file(path, text, MOST_ENVIRONMENT) : -1;
    if (length <= 0) {
        found = -1;
    }
    for (ssize_t at = 0; at < length && found == 0; at += (ssize_t)strlen(text + at) + 1) {
        const char *entry = text + at;
        found = strncmp(entry, name, wanted) == 0 && entry[wanted] == '=';
        if (found == 1) {
            (void)snprintf(value, capacity, "%s", entry + wanted + 1);
        }
    }
    free(text);
    return found;
}

/* Where the kernel does not list children: all processes are asked for their parent. */
static size_t search_children(pid_t *children, size_t most)
{
    const struct dirent *entry;
    size_t count = 0;
    struct proc_stat stat;
    DIR *directory = opendir("/proc");
    while (directory != NULL && count < most && (entry = readdir(directory)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && proc_read_stat(pid, &stat) && stat.parent == getpid()) {
            children[count++] = pid;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return count;
}

size_t proc_children(pid_t *children, size_t most)
{
    char path[64];
    char text[65536];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
    if (read_file(path, text, sizeof text) < 0) {
        return search_children(children, most);
    }
    char *at = text;
    for (;;) {
        char *end;
        long pid = strtol(at, &end, 10);
        if (end == at || count == most) {
            return count;
        }
        children[count++] = (pid_t)pid;
        at = end;
    }
}

/* Entries of a folder that are numbers; -1 if it cannot be read. */
static int count_numbers(const char *path)
{
    const struct dirent *entry;
    int count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    while ((entry = readdir(directory)) != NULL) {
        count += isdigit((unsigned char)entry->d_name[0]) != 0;
    }
    (void)closedir(directory);
    return count;
}

bool proc_count(pid_t pid, uint32_t *fds, uint32_t *threads)
{
    char path[48];
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    int open_now = count_numbers(path);
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    int running = count_numbers(path);
    *fds = open_now > 0 ? (uint32_t)open_now : 0;
    *threads = running > 0 ? (uint32_t)running : 0;
    return open_now >= 0 && running > 0;
}

uint64_t proc_resident(pid_t pid)
{
    char path[48];
    char text[128];
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_file(path, text, sizeof text) <= 0) {
        return 0;
    }
    const char *second = strchr(text, ' ');
    return second != NULL ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Listening sockets are the first in the file: reading ends with the first line of another kind. */
int proc_backlog(uint16_t port)
{
    char line[256];
    int found = -1;
    FILE *file = fopen("/proc/net/tcp", "re");
    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned at;
        unsigned state;
        unsigned queue;
        if (sscanf(line, " %*d: 0100007F:%x %*x:%*x %x %*x:%x", &at, &state, &queue) == 3 &&
            state == 0x0a && at == port) {
            found = (int)queue;
            break;
        }
        if (sscanf(line, " %*d: %*x:%*x %*x:%*x %x", &state) == 1 && state != 0x0a) {
            break;
        }
    }
    (void)fclose(file);
    return found;
}
