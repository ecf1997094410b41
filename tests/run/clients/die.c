/* SPDX-License-Identifier: MIT
 *
 * Dies in the eighth open of the signal that EIGHTH_TEST_SIGNAL names by number: really, by a bad
 * access, a failed instruction or abort, where there is a way, else by raising it. With
 * EIGHTH_TEST_TOGETHER it waits until another thread is in the seventh open, which never ends.
 */
#include "tests/run/clients/base.h"

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>

static void bus_error(void)
{
    int fd = memfd_create("short", 0);
    volatile char *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    (void)*memory; /* beyond the end of the file */
}

static volatile int *volatile nowhere = (volatile int *)16;

static sem_t seventh;

static void meet(enum base_operation operation, unsigned count)
{
    if (operation == AT_INIT) {
        (void)sem_init(&seventh, 0, 0);
    } else if (operation == AT_OPEN && count == 6) {
        (void)sem_post(&seventh);
        for (;;) {
            (void)pause();
        }
    } else if (operation == AT_OPEN && count == 7) {
        (void)sem_wait(&seventh);
    }
}

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *text = getenv("EIGHTH_TEST_SIGNAL");
    int number = text != NULL ? atoi(text) : SIGSEGV;
    if (getenv("EIGHTH_TEST_TOGETHER") != NULL) {
        meet(operation, count);
    }
    if (operation != AT_OPEN || count != 7) {
        return;
    }
    switch (number) {
    case SIGSEGV:
        *nowhere = 1;
        break;
    case SIGBUS:
        bus_error();
        break;
    case SIGILL:
        __builtin_trap();
    case SIGABRT:
        abort();
    default:
        (void)kill(getpid(), number);
        pause();
    }
}
