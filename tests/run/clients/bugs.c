/* SPDX-License-Identifier: MIT
 *
 * Has the one bug that EIGHTH_TEST_BUG names, in its fifth request (races: in each); with
 * EIGHTH_TEST_TWIN set it does the same work without the bug. "mixed" is one of the deadly ones in
 * each process. The name is added to the file that EIGHTH_TEST_LOG names, by each process.
 * EIGHTH_TEST_ONCE: only the process that makes that file has the bug; others are the twin, or,
 * with EIGHTH_TEST_ELSE_WAIT, wait for ever.
 */
#include "tests/run/clients/base.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define NOINLINE __attribute__((noinline))

static bool twin;
static int *volatile object;
static volatile int sink;
static long shared_count;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t made;

NOINLINE static void object_make(void)
{
    object = malloc(10 * sizeof *object);
    if (object != NULL) {
        *object = 1;
    }
}

NOINLINE static void object_free(void)
{
    free(object);
    sink = 0; /* no tail call: this function stays on the stack */
}

NOINLINE static void object_read(void)
{
    sink = *object;
}

static void use_after_free(void)
{
    object_make();
    if (twin) {
        object_read();
        object_free();
    } else {
        object_free();
        object_read();
    }
}

/* Made and freed within a library that has no frame pointers. */
NOINLINE static void library_free(BIO *bio)
{
    (void)BIO_free(bio);
    sink = 0; /* no tail call: this function stays on the stack */
}

NOINLINE static void library_read(const volatile int *place)
{
    sink = *place;
}

static void library_use_after_free(void)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (twin) {
        library_read((const volatile int *)bio);
        library_free(bio);
    } else {
        library_free(bio);
        library_read((const volatile int *)bio);
    }
}

static void double_free(void)
{
    object_make();
    object_free();
    if (!twin) {
        object_free();
    }
}

static void leak(void)
{
    object_make();
    if (twin) {
        object_free();
    }
    object = NULL;
}

NOINLINE static int number_next(int number)
{
    return number + 1;
}

static void overflow(void)
{
    volatile int largest = INT_MAX;
    sink = number_next(twin ? largest - 1 : largest);
}

static void assertion(void)
{
    assert(twin);
}

static void null_write(void)
{
    volatile int *volatile nowhere = twin ? &sink : NULL;
    *nowhere = 1;
}

static atomic_int spinner; /* its thread id */

/* Until the process dies; in the twin it waits for that, in the C library. */
NOINLINE static void spin(void)
{
    atomic_store(&spinner, (int)gettid());
    while (!twin) {
        sink++;
    }
    (void)pause();
}

static void *spin_main(void *nothing)
{
    spin();
    return nothing;
}

static bool is_asleep(int tid)
{
    char path[64];
    char state = '?';
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        (void)fscanf(file, "%*d (%*[^)]) %c", &state);
        (void)fclose(file);
    }
    return state == 'S';
}

/* Dies whether it is the twin or not, while another thread runs next to it. */
static void beside(void)
{
    pthread_t thread;
    volatile int *volatile nowhere = NULL;
    if (pthread_create(&thread, NULL, spin_main, NULL) != 0) {
        return;
    }
    while (atomic_load(&spinner) == 0 || (twin && !is_asleep(atomic_load(&spinner)))) {
        (void)sched_yield();
    }
    *nowhere = 1;
}

static void *die_main(void *nothing)
{
    null_write();
    return nothing;
}

static void in_own_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, die_main, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

/* A pointer out of freed memory is used; the first words of that may be malloc's own by then. */
NOINLINE static void stale_pointer(void)
{
    volatile int *volatile *places = malloc(32 * sizeof *places);
    if (places == NULL) {
        return;
    }
    places[16] = twin ? NULL : &sink;
    if (!twin) {
        free((void *)(uintptr_t)places);
    }
    *places[16] = 1;
}

/* As a C++ compiler would name it: "void net::Conn::take<long>(long)". */
NOINLINE static void take(long value) __asm__("_ZN3net4Conn4takeIlEEvT_");
static void take(long value)
{
    volatile int *volatile nowhere = twin ? &sink : NULL;
    *nowhere = (int)value;
}

static void mangled(void)
{
    take(3);
    sink = 0; /* no tail call: this function stays on the stack */
}

static void stack_smashed(void)
{
    volatile char place[16];
    volatile unsigned long end = twin ? sizeof place : sizeof place + 64;
    for (volatile unsigned long i = 0; i < end; i++) {
        place[i] = 'A';
    }
    sink = place[0];
}

NOINLINE static void count_up(void)
{
    shared_count++;
}

static void race(void)
{
    if (twin) {
        (void)pthread_mutex_lock(&one);
    }
    count_up();
    if (twin) {
        (void)pthread_mutex_unlock(&one);
    }
}

NOINLINE static void lock_make(void)
{
    (void)pthread_mutex_init(&made, NULL);
    sink = 0; /* no tail call: this function stays on the stack */
}

/* Every second thread locks. */
NOINLINE static void count_half_locked(pthread_mutex_t *mutex)
{
    static atomic_uint threads;
    static _Thread_local unsigned number;
    if (number == 0) {
        number = 1 + atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
    }
    bool locks = twin || number % 2 == 0;
    if (locks) {
        (void)pthread_mutex_lock(mutex);
    }
    count_up();
    if (locks) {
        (void)pthread_mutex_unlock(mutex);
    }
}

static void half_locked(void)
{
    count_half_locked(&made);
}

static void half_locked_static(void)
{
    count_half_locked(&one);
}

static void *do_nothing(void *nothing)
{
    return nothing;
}

NOINLINE static void start_helper(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing, NULL) == 0 && twin) {
        (void)pthread_join(thread, NULL);
    }
    sink = 0; /* no tail call: this function stays on the stack */
}

static void lock_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
    (void)pthread_mutex_lock(first);
    (void)pthread_mutex_lock(second);
    (void)pthread_mutex_unlock(second);
    (void)pthread_mutex_unlock(first);
}

static void lock_order(void)
{
    lock_both(&one, &other);
    if (twin) {
        lock_both(&one, &other);
    } else {
        lock_both(&other, &one);
    }
}

static void say_and_die(void)
{
    if (!twin) {
        (void)fprintf(stderr, "Invalid memory access (signal 11) at address 0x0\n"
                              "[0x55d0c0a0b1c6] *Connection#read:Int32 +6 in ./client\n"
                              "[0x55d0c0a0a1c6] *Connection#close:Nil +86 in ./client\n");
        _exit(11);
    }
}

/* clang and gcc warn, and return NULL, where they see it. */
NOINLINE static volatile int *place_of(volatile int *place)
{
    return place;
}

NOINLINE static volatile int *local_place(void)
{
    volatile int place = 7;
    return place_of(&place);
}

static void after_return(void)
{
    volatile int *place = twin ? &sink : local_place();
    sink = *place;
}

/* The client's own words, in UBSan's form. */
static void own_line(void)
{
    (void)fprintf(stderr, "session.c:120:7: runtime error: peer closed\n"
                          "session.c:121:7: runtime error: index of the stream not found\n");
}

static const struct {
    const char *name;
    void (*run)(void);
    bool always;
} bugs[] = {
    {"use-after-free", use_after_free, false},
    {"library-use-after-free", library_use_after_free, false},
    {"double-free", double_free, false},
    {"leak", leak, false},
    {"overflow", overflow, false},
    {"assertion", assertion, false},
    {"null-write", null_write, false},
    {"beside", beside, false},
    {"in-own-thread", in_own_thread, false},
    {"stale-pointer", stale_pointer, false},
    {"mangled", mangled, false},
    {"stack-smashed", stack_smashed, false},
    {"race", race, true},
    {"half-locked", half_locked, true},
    {"half-locked-static", half_locked_static, true},
    {"lock-order", lock_order, false},
    {"thread-leak", start_helper, false},
    {"foreign", say_and_die, false},
    {"own-line", own_line, false},
    {"after-return", after_return, false},
};

static void note(const char *name)
{
    const char *log = getenv("EIGHTH_TEST_LOG");
    FILE *file = log != NULL ? fopen(log, "ae") : NULL;
    if (file != NULL) {
        (void)fprintf(file, "%s\n", name);
        (void)fclose(file);
    }
}

static const char *mixed_bug(void)
{
    static const char *const deadly[] = {"double-free", "assertion", "null-write", "stack-smashed",
                                         "foreign"};
    return deadly[(unsigned)getpid() % (sizeof deadly / sizeof deadly[0])];
}

/* True in the first process to ask. */
static bool is_first(void)
{
    const char *once = getenv("EIGHTH_TEST_ONCE");
    int fd = once != NULL ? open(once, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return once == NULL || fd >= 0;
}

static void misbehave(enum base_operation operation, unsigned count)
{
    static const char *name;
    if (operation == AT_INIT) {
        name = getenv("EIGHTH_TEST_BUG");
        name = name != NULL && strcmp(name, "mixed") == 0 ? mixed_bug() : name;
        twin = getenv("EIGHTH_TEST_TWIN") != NULL || !is_first();
        note(name != NULL ? name : "none");
        lock_make();
    }
    for (size_t i = 0; operation == AT_REQUEST && i < sizeof bugs / sizeof bugs[0]; i++) {
        if (name != NULL && strcmp(name, bugs[i].name) == 0 && (count == 4 || bugs[i].always)) {
            if (twin && getenv("EIGHTH_TEST_ELSE_WAIT") != NULL) {
                (void)pause();
            }
            bugs[i].run();
        }
    }
}
