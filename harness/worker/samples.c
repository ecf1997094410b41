/* SPDX-License-Identifier: MIT
 *
 * Reads /proc/self and what OpenSSL and malloc tell.
 */
#include "harness/worker/samples.h"

#include "harness/base/clock.h"
#include "harness/base/descriptor_log.h"
#include "harness/worker/allocations.h"
#include "harness/worker/descriptors.h"
#include "harness/worker/tls_objects.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The next entry that is a number, or -1. */
static long next_number(DIR *directory)
{
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            return strtol(entry->d_name, NULL, 10);
        }
    }
    return -1;
}

/* A sanitizer's log, which it opens with its first report: not the client's descriptor. */
static bool is_sanitizers(int fd)
{
    char path[64];
    char target[4400];
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    return strstr(target, DESCRIPTOR_LOG_SANITIZER) != NULL;
}

typedef void (*descriptor_fn)(int fd, void *context);

/* Calls visit for each open descriptor but the one that reads, and a sanitizer's. */
static void each_descriptor(descriptor_fn visit, void *context)
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return;
    }
    long fd;
    while ((fd = next_number(directory)) >= 0) {
        if (fd != dirfd(directory) && !is_sanitizers((int)fd)) {
            visit((int)fd, context);
        }
    }
    (void)closedir(directory);
}

static bool is_socket(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static void count_descriptor(int fd, void *context)
{
    struct resource_sample *sample = context;
    sample->fds++;
    sample->sockets += is_socket(fd);
}

/* Reads a small file of /proc as text; "" if that fails. */
static void read_text(const char *path, char *text, size_t size)
{
    text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t length = read(fd, text, size - 1);
        text[length > 0 ? length : 0] = '\0';
        (void)close(fd);
    }
}

/* Flags are the seventh number after the name, which may hold anything but ends with the last
 * parenthesis (proc(5)). PF_EXITING is 0x4. */
static bool is_exiting(long tid)
{
    char path[64];
    char text[512];
    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/stat", tid);
    read_text(path, text, sizeof text);
    const char *field = strrchr(text, ')');
    if (field == NULL) {
        return true; /* gone meanwhile */
    }
    for (int i = 0; i < 7 && field != NULL; i++) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL && (strtoul(field, NULL, 10) & 0x4) != 0;
}

typedef void (*thread_fn)(long tid, void *context);

/* Calls visit for each thread that is not about to be gone; their number. */
static uint32_t each_thread(thread_fn visit, void *context)
{
    uint32_t count = 0;
    DIR *directory = opendir("/proc/self/task");
    if (directory == NULL) {
        return 0;
    }
    long tid;
    while ((tid = next_number(directory)) >= 0) {
        if (!is_exiting(tid)) {
            count++;
            visit(tid, context);
        }
    }
    (void)closedir(directory);
    return count;
}

static void pass_by(long tid, void *context)
{
    (void)tid, (void)context;
}

static uint32_t count_threads(void)
{
    return each_thread(pass_by, NULL);
}

static uint64_t resident_bytes(void)
{
    char text[128];
    read_text("/proc/self/statm", text, sizeof text);
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t samples_peak_rss(void)
{
    char text[4096];
    read_text("/proc/self/status", text, sizeof text);
    const char *line = strstr(text, "\nVmHWM:");
    return line == NULL ? 0 : strtoull(line + strlen("\nVmHWM:"), NULL, 10) * 1024;
}

static uint64_t heap_bytes(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0; /* glibc's malloc is not the one in use */
#else
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
#endif
}

/* glibc's tcache: 64 sizes in steps of 16, up to 7 blocks of each. */
#define CACHE_SIZES 64U
#define CACHE_BLOCKS 7U
#define CACHE_LEAST 24U
#define CACHE_STEP 16U

void samples_fill_cache(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    for (size_t i = 0; i < CACHE_SIZES; i++) {
        void *volatile blocks[CACHE_BLOCKS];
        for (size_t b = 0; b < CACHE_BLOCKS; b++) {
            blocks[b] = malloc(CACHE_LEAST + i * CACHE_STEP);
        }
        for (size_t b = 0; b < CACHE_BLOCKS; b++) {
            free(blocks[b]);
        }
    }
#endif
}

static void *do_nothing(void *argument)
{
    return argument;
}

/* Of the sanitizers' runtimes; NULL in a build without. */
__attribute__((weak)) const char *__sanitizer_get_report_path(void);

void samples_warm_up(void)
{
    if (__sanitizer_get_report_path != NULL) {
        (void)__sanitizer_get_report_path(); /* opens it */
    }
    pthread_t thread;
    samples_fill_cache();
    if (pthread_create(&thread, NULL, do_nothing, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

void samples_take(struct resource_sample *sample, uint64_t cycles)
{
    memset(sample, 0, sizeof *sample);
    sample->heap = heap_bytes();
    sample->rss = resident_bytes();
    sample->cycles = cycles;
    sample->threads = count_threads();
    each_descriptor(count_descriptor, sample);
    struct tls_counts counts;
    tls_objects_count(&counts);
    sample->ssl = counts.ssl;
    sample->ssl_ctx = counts.ssl_ctx;
    sample->ssl_session = counts.ssl_session;
    sample->allocations = allocations_live();
    sample->time = clock_now();
}

void samples_append(struct logbook *logbook, uint64_t cycles)
{
    struct resource_sample sample;
    samples_take(&sample, cycles);
    logbook_add_sample(logbook, &sample);
}

static void remember(int fd, void *context)
{
    struct descriptor_set *set = context;
    if ((unsigned)fd < SAMPLES_DESCRIPTORS) {
        set->open[fd / 8] |= (unsigned char)(1U << (fd % 8));
    }
}

void samples_remember(struct descriptor_set *set)
{
    memset(set, 0, sizeof *set);
    each_descriptor(remember, set);
}

/* "127.0.0.1:80", "[::1]:80", or "" for other families. */
static void address_text(const struct sockaddr_storage *address, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    text[0] = '\0';
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        (void)snprintf(text, size, "%s:%u", host, ntohs(v4.sin_port));
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(text, size, "[%s]:%u", host, ntohs(v6.sin6_port));
    }
}

static void describe(int fd, char *text, size_t size)
{
    char path[64];
    char target[96];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    int used = snprintf(text, size, "fd %d: %s", fd, target);
    if (!is_socket(fd) || used < 0 || (size_t)used >= size) {
        return;
    }
    struct sockaddr_storage address = {0};
    socklen_t address_length = sizeof address;
    char local[64] = "";
    char peer[64] = "";
    if (getsockname(fd, (struct sockaddr *)&address, &address_length) == 0) {
        address_text(&address, local, sizeof local);
    }
    address_length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &address_length) == 0) {
        address_text(&address, peer, sizeof peer);
    }
    if (local[0] != '\0') {
        (void)snprintf(text + used, size - (size_t)used, " %s%s%s", local, peer[0] ? "->" : "",
                       peer);
    }
}

/* ---- threads ---- */

/* The controller looks every 20 ms, and names the frames of each thread. */
#define LOOK_TIME (10 * NS_PER_S)
#define LOOK_EVERY NS_PER_MS

static void remember_thread(long tid, void *context)
{
    struct thread_set *set = context;
    if (set->count < SAMPLES_THREADS) {
        set->tids[set->count++] = tid;
    }
}

void samples_remember_threads(struct thread_set *set)
{
    set->count = 0;
    (void)each_thread(remember_thread, set);
}

struct surplus_threads {
    struct logbook *logbook;
    const struct thread_set *set;
};

static void add_surplus_thread(long tid, void *context)
{
    const struct surplus_threads *surplus = context;
    struct logbook *logbook = surplus->logbook;
    for (uint32_t i = 0; i < surplus->set->count; i++) {
        if (surplus->set->tids[i] == tid) {
            return;
        }
    }
    if (logbook->surplus_thread_count < LOGBOOK_SURPLUS) {
        logbook->surplus_threads[logbook->surplus_thread_count++] = (int32_t)tid;
    }
}

void samples_surplus_threads(struct logbook *logbook, const struct thread_set *set)
{
    struct surplus_threads surplus = {logbook, set};
    struct timespec pause = {0, (long)LOOK_EVERY};
    (void)each_thread(add_surplus_thread, &surplus);
    if (logbook->surplus_thread_count == 0) {
        return;
    }
    uint64_t end = clock_now() + LOOK_TIME;
    atomic_store_explicit(&logbook->stacks_wanted, 1, memory_order_release);
    while (atomic_load_explicit(&logbook->stacks_taken, memory_order_acquire) == 0 &&
           clock_now() < end) {
        (void)nanosleep(&pause, NULL);
    }
}

/* ---- descriptors ---- */

struct surplus {
    struct logbook *logbook;
    const struct descriptor_set *set;
};

static void add_surplus(int fd, void *context)
{
    struct surplus *surplus = context;
    struct logbook *logbook = surplus->logbook;
    bool known =
        (unsigned)fd < SAMPLES_DESCRIPTORS && (surplus->set->open[fd / 8] & (1U << (fd % 8))) != 0;
    if (!known && logbook->surplus_count < LOGBOOK_SURPLUS) {
        describe(fd, logbook->surplus[logbook->surplus_count], sizeof logbook->surplus[0]);
        logbook->surplus_count++;
        descriptors_surplus(fd);
    }
}

void samples_surplus(struct logbook *logbook, const struct descriptor_set *set)
{
    struct surplus surplus = {logbook, set};
    each_descriptor(add_surplus, &surplus);
}
