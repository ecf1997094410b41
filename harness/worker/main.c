/* SPDX-License-Identifier: MIT
 *
 * eighth-worker: takes its plan and its logbook by inherited descriptors, drives one trial, and
 * says everything in the logbook. Standard input, output and error belong to the client.
 *
 * Exit status: 0 when the trial ran to its end, whatever it found; 3 when it could not start, with
 * the reason in the logbook; 2 for wrong arguments. Anything else is the client's doing.
 */
#include "harness/base/shared_memory.h"
#include "harness/worker/driver.h"
#include "harness/worker/last_words.h"
#include "harness/worker/notes.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "usage: eighth-worker --plan-fd N --logbook-fd N [options]\n"
    "\n"
    "Holds the client under test and drives it through one trial. `eighth run` starts it; there\n"
    "is no reason to start it by hand.\n"
    "\n"
    "  --plan-fd N         open descriptor of the plan\n"
    "  --logbook-fd N      open descriptor of the shared memory that takes the results\n"
    "  --descriptors-fd N  shared memory that takes what is wrong with the client's descriptors\n"
    "  --last-words-fd N   shared memory that takes what a dying worker says; not when traced\n"
    "  --help              this text\n"
    "  --version           version of eighth\n";

/* What was inherited; -1: was not. */
struct inherited {
    int plan;
    int logbook;
    int descriptors;
    int last_words;
};

static int number_of(const char *text, int *number)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0 || value > 1 << 20) {
        return -1;
    }
    *number = (int)value;
    return 0;
}

static int wrong_usage(void)
{
    (void)fputs(help, stderr);
    return 2;
}

/* 0 to go on, 1 to end with *status. */
static int parse_arguments(int argc, char **argv, struct inherited *inherited, int *status)
{
    static const struct option options[] = {
        {"plan-fd", required_argument, NULL, 'p'},
        {"logbook-fd", required_argument, NULL, 'l'},
        {"descriptors-fd", required_argument, NULL, 'd'},
        {"last-words-fd", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *status = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int wrong = 1;
        switch (option) {
        case 'p':
            wrong = number_of(optarg, &inherited->plan);
            break;
        case 'l':
            wrong = number_of(optarg, &inherited->logbook);
            break;
        case 'd':
            wrong = number_of(optarg, &inherited->descriptors);
            break;
        case 'w':
            wrong = number_of(optarg, &inherited->last_words);
            break;
        case 'h':
            (void)fputs(help, stdout);
            return 1;
        case 'v':
            (void)puts("eighth-worker " EIGHTH_VERSION);
            return 1;
        }
        if (wrong != 0) {
            *status = wrong_usage();
            return 1;
        }
    }
    if (inherited->plan < 0 || inherited->logbook < 0 || optind != argc) {
        *status = wrong_usage();
        return 1;
    }
    return 0;
}

/* A client sees what a fresh process has, whatever this one's parents did. */
static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Maps it and closes the descriptor: the client shall find none that is not its own. */
static int map(struct shared_memory *shared, int fd, struct failure *failure)
{
    if (shared_memory_map(shared, fd, true, failure) != 0) {
        return -1;
    }
    (void)close(shared->fd);
    shared->fd = -1;
    return 0;
}

/* NULL in *log if there is none. The mapping stays for the life of the process. */
static int map_descriptors(int fd, struct descriptor_log **log, struct failure *failure)
{
    struct shared_memory shared = SHARED_MEMORY_INIT;
    *log = NULL;
    if (fd < 0) {
        return 0;
    }
    if (map(&shared, fd, failure) != 0) {
        return -1;
    }
    *log = descriptor_log_of(&shared, failure);
    return *log != NULL ? 0 : -1;
}

static int prepare_last_words(int fd, struct failure *failure)
{
    struct shared_memory shared = SHARED_MEMORY_INIT;
    if (fd < 0) {
        return 0;
    }
    if (map(&shared, fd, failure) != 0) {
        return -1;
    }
    if (shared.size < sizeof(struct last_words)) {
        return failure_set(failure, FAILURE_INTERNAL, "the shared mapping has no room for words");
    }
    return last_words_install(shared.memory, failure);
}

/* Before there is a logbook, standard error is all there is. */
static struct logbook *map_logbook(struct shared_memory *shared, int fd)
{
    struct failure failure = FAILURE_INIT;
    struct logbook *logbook = NULL;
    if (map(shared, fd, &failure) == 0) {
        logbook = logbook_of(shared, &failure);
    }
    if (logbook == NULL) {
        (void)fprintf(stderr, "eighth-worker: %s\n", failure.text);
    }
    return logbook;
}

static int run(const struct inherited *inherited, struct logbook *logbook, struct failure *failure)
{
    struct plan plan = {0};
    struct descriptor_log *log;
    int result = plan_read(&plan, inherited->plan, failure);
    (void)close(inherited->plan);
    if (result == 0) {
        result = map_descriptors(inherited->descriptors, &log, failure);
    }
    if (result == 0) {
        result = prepare_last_words(inherited->last_words, failure);
    }
    if (result == 0) {
        result = driver_run(&plan, logbook, log, failure);
    }
    plan_release(&plan);
    return result;
}

int main(int argc, char **argv)
{
    struct inherited inherited = {-1, -1, -1, -1};
    struct shared_memory shared = SHARED_MEMORY_INIT;
    struct failure failure = FAILURE_INIT;
    int status;
    if (parse_arguments(argc, argv, &inherited, &status) != 0) {
        return status;
    }
    reset_signals();
    struct logbook *logbook = map_logbook(&shared, inherited.logbook);
    if (logbook == NULL) {
        shared_memory_release(&shared);
        return 3;
    }
    if (run(&inherited, logbook, &failure) != 0) {
        notes_refuse(logbook, &failure);
        status = 3;
    }
    shared_memory_release(&shared);
    return status;
}
