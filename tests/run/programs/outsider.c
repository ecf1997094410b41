/* SPDX-License-Identifier: MIT
 *
 * An external program as client that misbehaves on demand: outsider HOST PORT N WHAT. It connects N
 * times, one after the other, without a word of HTTP, and then does what it was told.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int dial(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    (void)inet_pton(AF_INET, host, &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("outsider: connect");
        exit(7);
    }
    return fd;
}

static void rest(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

__attribute__((noinline)) static void crash_now(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 8;
}

static void *crash_in_thread(void *argument)
{
    (void)argument;
    crash_now();
    return NULL;
}

__attribute__((noinline)) static void free_twice(void)
{
    char *volatile block = malloc(24);
    char *volatile again = block;
    free(block);
    free(again);
}

__attribute__((noreturn)) static void *rest_for_ever(void *argument)
{
    (void)argument;
    for (;;) {
        rest(1000);
    }
}

/* A child that outlives its parent, deaf to SIGTERM if told so. */
static void leave_child(int own_session, int deaf)
{
    if (fork() == 0) {
        if (own_session) {
            (void)setsid();
            if (fork() != 0) {
                _exit(0);
            }
        }
        if (deaf) {
            (void)sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        }
        (void)rest_for_ever(NULL);
    }
}

/* Each child makes another and ends: there is always one, never for long. */
static void run_away(void)
{
    if (fork() == 0) {
        (void)setsid();
        for (;;) {
            if (fork() != 0) {
                _exit(0);
            }
            rest(1);
        }
    }
}

__attribute__((noinline)) static void lose_memory(void)
{
    char *volatile lost = malloc(40);
    lost[0] = 'x';
    lost = NULL;
}

static long counted;

static void *count_up(void *argument)
{
    (void)argument;
    for (int i = 0; i < 1000; i++) {
        counted++;
    }
    return NULL;
}

static void race(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, count_up, NULL);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

__attribute__((noinline)) static void overflow(void)
{
    volatile int most = 0x7fffffff;
    most = most + 1;
}

__attribute__((noinline)) static void read_freed(void)
{
    char *volatile block = malloc(24);
    free(block);
    volatile char first = block[0];
    (void)first;
}

/* Decides by bytes that nobody has written. */
__attribute__((noinline)) static void read_unwritten(void)
{
    int *volatile block = malloc(40);
    if (block[3] == 8) {
        rest(1);
    }
    free(block);
}

static void flood(void)
{
    static char line[4096];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 8192; i++) {
        if (write(2, line, sizeof line) < 0) {
            exit(8);
        }
    }
}

static void eat_memory(void)
{
    size_t size = (size_t)512 << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < size; i += 4096) {
        memory[i] = 1;
    }
    (void)rest_for_ever(NULL);
}

static void end_as(const char *what)
{
    pthread_t thread;
    if (strcmp(what, "crash") == 0) {
        crash_now();
    } else if (strcmp(what, "crash-thread") == 0) {
        (void)pthread_create(&thread, NULL, crash_in_thread, NULL);
        (void)pthread_join(thread, NULL);
    } else if (strcmp(what, "free-twice") == 0) {
        free_twice();
    } else if (strcmp(what, "abort") == 0) {
        abort();
    } else if (strcmp(what, "fail") == 0) {
        (void)fprintf(stderr, "outsider: this went wrong\n");
        exit(3);
    } else if (strcmp(what, "hang") == 0) {
        (void)rest_for_ever(NULL);
    } else if (strcmp(what, "deaf") == 0) {
        (void)sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
        (void)rest_for_ever(NULL);
    } else if (strcmp(what, "fork") == 0) {
        leave_child(0, 0);
    } else if (strcmp(what, "fork-deaf") == 0) {
        leave_child(0, 1);
    } else if (strcmp(what, "daemon") == 0) {
        leave_child(1, 0);
    } else if (strcmp(what, "daemon-deaf") == 0) {
        leave_child(1, 1);
    } else if (strcmp(what, "daemon-hang") == 0) {
        leave_child(1, 1);
        (void)rest_for_ever(NULL);
    } else if (strcmp(what, "lose") == 0) {
        lose_memory();
    } else if (strcmp(what, "race") == 0) {
        race();
    } else if (strcmp(what, "overflow") == 0) {
        overflow();
    } else if (strcmp(what, "read-freed") == 0) {
        read_freed();
    } else if (strcmp(what, "read-unwritten") == 0) {
        read_unwritten();
    } else if (strcmp(what, "run-away") == 0) {
        run_away();
    } else if (strcmp(what, "close") == 0) {
        (void)close(1);
        (void)close(2);
        rest(100);
    } else if (strcmp(what, "flood") == 0) {
        flood();
    } else if (strcmp(what, "eat") == 0) {
        eat_memory();
    } else if (strcmp(what, "kill-driver") == 0) {
        leave_child(1, 1);
        rest(100);
        (void)kill(getppid(), SIGKILL);
        (void)rest_for_ever(NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        (void)fprintf(stderr, "usage: outsider HOST PORT N WHAT\n");
        return 2;
    }
    int leaks = strcmp(argv[4], "leak-fds") == 0;
    int slow = leaks || strcmp(argv[4], "slow") == 0 || strcmp(argv[4], "leak-threads") == 0;
    for (long i = strtol(argv[3], NULL, 10); i > 0; i--) {
        pthread_t thread;
        int fd = dial(argv[1], argv[2]);
        if (!leaks) {
            (void)close(fd);
        }
        if (strcmp(argv[4], "leak-threads") == 0) {
            (void)pthread_create(&thread, NULL, rest_for_ever, NULL);
        }
        rest(slow ? 10 : 0);
    }
    if (strcmp(argv[4], "crash-main") == 0) {
        *(volatile int *volatile)NULL = 8;
    }
    end_as(argv[4]);
    return 0;
}
