/* SPDX-License-Identifier: MIT
 *
 * Dies, or lives, in the way that its first argument names. The tests of the tracer compile and
 * trace it; they look for the functions named here, and for lines that carry a "mark:" comment.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef LAST_WORDS
#include "harness/worker/last_words.h"
#endif

#if defined(__clang__)
#define FAR __attribute__((noinline))
#else
#define FAR __attribute__((noinline, noclone))
#endif

/* Keeps the compiler from turning a call into a jump. */
static volatile int sink;

static inline __attribute__((always_inline)) void write_through(volatile int *where)
{
    *where = 1; /* mark: write */
}

FAR static void deepest(volatile int *where)
{
    write_through(where); /* mark: inlined call */
    sink++;
}

FAR static void deeper(volatile int *where, int depth)
{
    if (depth > 0) {
        deeper(where, depth - 1);
    } else {
        deepest(where); /* mark: call of deepest */
    }
    sink++;
}

static int segv(void)
{
    deeper((volatile int *)16, 5);
    return 0;
}

static int fpe(void)
{
    volatile int zero = 0;
    return 7 / zero;
}

static int ill(void)
{
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#else
    __asm__ volatile(".inst 0");
#endif
    return 0;
}

static int bus(void)
{
    char name[] = "/tmp/eighth-bus-XXXXXX";
    int fd = mkstemp(name);
    (void)unlink(name);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    page[0] = 1; /* the file is empty */
    return 0;
}

static int double_free(void)
{
    char *volatile block = malloc(2000);
    char *volatile guard = malloc(2000);
    char *first = block;
    free(first);
    free(block);
    free(guard);
    return 0;
}

FAR static int recurse(volatile char *above)
{
    volatile char frame[256];
    frame[0] = (char)(above == NULL ? 1 : above[0] + 1);
    int below = recurse(frame);
    return below + frame[0];
}

static int overflow(void)
{
    return recurse(NULL);
}

typedef void (*call)(void);

FAR static void call_through(call where)
{
    where();
    sink++;
}

static int jump(void)
{
    call_through((call)(uintptr_t)(sink == 0 ? 0 : 1));
    return 0;
}

static void recover(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    void *page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)4095);
    (void)mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static int handled(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = recover;
    (void)sigaction(SIGSEGV, &action, NULL);
    volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[8] = 1;
    return page[8] == 1 ? 0 : 1;
}

static void raise_again(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static int reraised(void)
{
    (void)signal(SIGSEGV, raise_again);
    return segv();
}

static int broken_pipe(void)
{
    int ends[2];
    (void)!pipe(ends);
    (void)close(ends[0]);
    return write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 1;
}

static int pipe_ignored(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 99; i++) {
        if (broken_pipe() != 0) {
            return 1;
        }
    }
    return broken_pipe();
}

/** Its child dies of a signal, and sees that nobody traces it. */
static int child_dies(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        char line[128];
        FILE *self = fopen("/proc/self/status", "r");
        while (fgets(line, sizeof line, self) != NULL) {
            if (strcmp(line, "TracerPid:\t0\n") == 0) {
                abort();
            }
        }
        _exit(1);
    }
    (void)waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? 0 : 1;
}

static int spawns(void)
{
    extern char **environ;
    for (int i = 0; i < 5; i++) {
        int status;
        pid_t child;
        char *arguments[] = {"/bin/true", NULL};
        if (posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) != 0 ||
            waitpid(child, &status, 0) != child || status != 0) {
            return 1;
        }
    }
    return 0;
}

static char *own_path;

static int executes(void)
{
    char *arguments[] = {own_path, "segv", NULL};
    (void)execv(own_path, arguments);
    return 1;
}

static void *execute_from_thread(void *unused)
{
    (void)unused;
    return (void *)(intptr_t)executes();
}

FAR static void *blocked_in_poll(void *unused)
{
    (void)unused;
    (void)poll(NULL, 0, -1);
    return NULL;
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

FAR static void *blocked_in_lock(void *unused)
{
    (void)unused;
    (void)pthread_mutex_lock(&held);
    return NULL;
}

static int thread_executes(void)
{
    pthread_t thread;
    (void)pthread_create(&thread, NULL, blocked_in_poll, NULL);
    (void)pthread_create(&thread, NULL, execute_from_thread, NULL);
    (void)pthread_join(thread, NULL);
    return 1;
}

FAR static void *blocked_in_read(void *unused)
{
    (void)unused;
    int ends[2];
    char byte;
    (void)!pipe(ends);
    return (void *)(intptr_t)read(ends[0], &byte, 1);
}

static pthread_barrier_t all_there;
static unsigned others;               /**< threads that come to block, besides the main one */
static _Atomic unsigned on_their_way; /**< of these, past all else that they could sleep in */

/** How many threads of this process sleep in a system call. */
static unsigned sleeping(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300];
        char state = '?';
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/stat", task->d_name);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            (void)fscanf(file, "%*d (%*[^)]) %c", &state);
            (void)fclose(file);
        }
        count += state == 'S';
    }
    (void)closedir(tasks);
    return count;
}

FAR static void *crashing_thread(void *unused)
{
    (void)unused;
    (void)pthread_setname_np(pthread_self(), "crasher");
    (void)pthread_barrier_wait(&all_there);
    while (atomic_load(&on_their_way) < others || sleeping() < others + 1) {
        (void)sched_yield();
    }
    (void)segv();
    return NULL;
}

static void *at_barrier(void *body)
{
    (void)pthread_barrier_wait(&all_there);
    (void)atomic_fetch_add(&on_their_way, 1);
    return ((void *(*)(void *))body)(NULL);
}

/** Thread 3 of count crashes, the others block in three ways. */
static int crowd_of(unsigned count)
{
    void *(*const blocks[])(void *) = {blocked_in_poll, blocked_in_lock, blocked_in_read};
    pthread_t thread;
    (void)pthread_mutex_lock(&held);
    (void)pthread_barrier_init(&all_there, NULL, count + 1);
    others = count - 1;
    for (unsigned i = 0; i < count; i++) {
        if (i == 2) {
            (void)pthread_create(&thread, NULL, crashing_thread, NULL);
        } else {
            (void)pthread_create(&thread, NULL, at_barrier, (void *)(uintptr_t)blocks[i % 3]);
        }
    }
    (void)pthread_barrier_wait(&all_there);
    (void)pthread_join(thread, NULL);
    (void)poll(NULL, 0, -1);
    return 0;
}

static int crowd(void)
{
    return crowd_of(8);
}

static int multitude(void)
{
    return crowd_of(200);
}

static void *nothing(void *unused)
{
    return unused;
}

static void *births_and_deaths(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) == 0) {
            (void)pthread_join(thread, NULL);
        }
    }
    return NULL;
}

/** Threads start and end all the time. */
static int churn(void)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        (void)pthread_create(&thread, NULL, births_and_deaths, NULL);
    }
    (void)puts("ready");
    (void)fflush(stdout);
    (void)poll(NULL, 0, -1);
    return 0;
}

static int churn_segv(void)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        (void)pthread_create(&thread, NULL, births_and_deaths, NULL);
    }
    (void)usleep(3000);
    return segv();
}

static void *slow_crash(void *unused)
{
    (void)unused;
    (void)usleep(20000);
    (void)segv();
    return NULL;
}

/** The main thread is a zombie when another one crashes. */
static int main_ended(void)
{
    pthread_t thread;
    (void)pthread_create(&thread, NULL, slow_crash, NULL);
    pthread_exit(NULL);
}

static void *crash_at_once(void *unused)
{
    (void)unused;
    (void)pthread_barrier_wait(&all_there);
    (void)segv();
    return NULL;
}

static int all_crash(void)
{
    pthread_t thread;
    (void)pthread_barrier_init(&all_there, NULL, 4);
    for (int i = 0; i < 4; i++) {
        (void)pthread_create(&thread, NULL, crash_at_once, NULL);
    }
    (void)pthread_join(thread, NULL);
    return 0;
}

/** Starts n threads one after the other and says how many ns each took. */
static int measure_threads(void)
{
    struct timespec begin;
    struct timespec end;
    enum { THREADS = 2000 };
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        (void)pthread_create(&thread, NULL, nothing, NULL);
        (void)pthread_join(thread, NULL);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    (void)printf("%ld\n",
                 ((end.tv_sec - begin.tv_sec) * 1000000000L + end.tv_nsec - begin.tv_nsec) /
                     THREADS);
    return 0;
}

static int hang(void)
{
    pthread_t thread;
    (void)pthread_mutex_lock(&held);
    (void)pthread_create(&thread, NULL, blocked_in_lock, NULL);
    (void)puts("ready");
    (void)fflush(stdout);
    (void)pthread_join(thread, NULL);
    return 0;
}

/** Lives until it reads a byte; then it exits with 7. */
static int waits(void)
{
    char byte;
    (void)puts("ready");
    (void)fflush(stdout);
    while (read(0, &byte, 1) < 0 && errno == EINTR) {
    }
    return 7;
}

static int terminate_soon(void)
{
    (void)kill(getpid(), SIGTERM);
    (void)poll(NULL, 0, -1);
    return 0;
}

static int killed(void)
{
    (void)kill(getpid(), SIGKILL);
    return 0;
}

static int aborts(void)
{
    abort();
}

static int stops(void)
{
    (void)raise(SIGSTOP);
    return 9;
}

static int fine(void)
{
    return 3;
}

static const struct {
    const char *name;
    int (*run)(void);
} ways[] = {
    {"segv", segv},
    {"fpe", fpe},
    {"ill", ill},
    {"bus", bus},
    {"double_free", double_free},
    {"overflow", overflow},
    {"jump", jump},
    {"handled", handled},
    {"reraised", reraised},
    {"broken_pipe", broken_pipe},
    {"pipe_ignored", pipe_ignored},
    {"child_dies", child_dies},
    {"spawns", spawns},
    {"executes", executes},
    {"thread_executes", thread_executes},
    {"crowd", crowd},
    {"multitude", multitude},
    {"churn", churn},
    {"churn_segv", churn_segv},
    {"main_ended", main_ended},
    {"all_crash", all_crash},
    {"measure_threads", measure_threads},
    {"hang", hang},
    {"waits", waits},
    {"terminate_soon", terminate_soon},
    {"killed", killed},
    {"aborts", aborts},
    {"stops", stops},
    {"fine", fine},
};

#ifdef LAST_WORDS
/** Descriptor 3 is the memory for the last words. */
static void words_install(void)
{
    struct last_words *words = mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    if (words == MAP_FAILED || last_words_install(words, NULL) != 0) {
        exit(2);
    }
}
#endif

int main(int count, char **arguments)
{
    own_path = arguments[0];
#ifdef LAST_WORDS
    words_install();
#endif
    for (size_t i = 0; count > 1 && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].name, arguments[1]) == 0) {
            return ways[i].run();
        }
    }
    return 2;
}
