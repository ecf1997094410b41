/* SPDX-License-Identifier: MIT
 *
 * The handler of a fatal signal: writes what it knows in the order of its worth, as each further
 * step may fault again in a process that is already broken.
 *
 * Only async-signal-safe calls are made in the handler. The unwinder of libgcc is: it finds call
 * frame information without locks (glibc 2.35 and later), and is loaded beforehand.
 */
#include "harness/worker/last_words.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define ALTERNATE_STACK (64U * 1024U)

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

static struct last_words *words;
static _Atomic int32_t speaker; /* tid of the thread that writes; 0: none yet */
static _Thread_local void *alternate_stack;

struct walk {
    uint64_t start; /**< frames inside this one are the handler's own */
    bool started;
};

static void frame_write(uint64_t pc)
{
    uint32_t count = atomic_load_explicit(&words->frame_count, memory_order_relaxed);
    if (count >= LAST_WORDS_FRAMES) {
        words->truncated = 1;
        return;
    }
    words->frames[count] = pc;
    atomic_store_explicit(&words->frame_count, count + 1, memory_order_release);
}

static _Unwind_Reason_Code frame_visit(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uint64_t pc = (uint64_t)_Unwind_GetIP(context);
    if (walk->started && pc != 0) {
        frame_write(pc);
    }
    walk->started = walk->started || pc == walk->start;
    return words->truncated != 0 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static _Unwind_Reason_Code frame_ignore(struct _Unwind_Context *context, void *argument)
{
    (void)context;
    (void)argument;
    return _URC_NO_REASON;
}

#if defined(__x86_64__)

static uint64_t context_pc(const ucontext_t *context)
{
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
}

/** Reads by a system call, which fails where a load would fault. */
static bool word_read(uint64_t address, uint64_t *word)
{
    struct iovec local = {word, sizeof *word};
    struct iovec remote = {(void *)(uintptr_t)address, sizeof *word};
    return process_vm_readv((pid_t)syscall(SYS_gettid), &local, 1, &remote, 1, 0) ==
           (ssize_t)sizeof *word;
}

/** After a jump to nowhere: the return address lies on top of the stack, and further callers may be
 *  found by the frame pointer if the program keeps it. */
static void walk_without_tables(const ucontext_t *context)
{
    uint64_t frame = (uint64_t)context->uc_mcontext.gregs[REG_RBP];
    uint64_t above = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
    uint64_t pc;
    if (!word_read(above, &pc)) {
        return;
    }
    frame_write(pc);
    while (words->truncated == 0 && frame > above && frame % sizeof frame == 0) {
        above = frame;
        if (!word_read(above + sizeof pc, &pc) || pc == 0 || !word_read(above, &frame)) {
            return;
        }
        frame_write(pc);
    }
}

#else

static uint64_t context_pc(const ucontext_t *context)
{
    return (uint64_t)context->uc_mcontext.pc;
}

static void walk_without_tables(const ucontext_t *context)
{
    frame_write((uint64_t)context->uc_mcontext.regs[30]);
}

#endif

static void maps_write(void)
{
    /* Not /proc/self: that is the main thread, which may have ended. */
    int fd = open("/proc/thread-self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t got;
    while (words->maps_bytes < LAST_WORDS_MAPS &&
           (got = read(fd, words->maps + words->maps_bytes, LAST_WORDS_MAPS - words->maps_bytes)) >
               0) {
        words->maps_bytes += (uint32_t)got;
    }
    (void)close(fd);
}

static void signal_write(const siginfo_t *info)
{
    words->signal = info->si_signo;
    words->code = info->si_code;
    if (info->si_code > 0) {
        words->address = (uint64_t)(uintptr_t)info->si_addr;
    } else {
        words->sender = info->si_pid;
    }
    words->tid = (int32_t)syscall(SYS_gettid);
    words->time = clock_now();
    (void)prctl(PR_GET_NAME, words->name);
    atomic_store_explicit(&words->state, LAST_WORDS_BEGUN, memory_order_release);
}

/** Restores the default and lets the signal come again: a fault by itself when the handler returns
 *  to it, anything else by sending it. */
static void die_of(int number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(number, &action, NULL);
    bool returns = info->si_code > 0 && number != SIGTRAP && number != SIGSYS;
    if (!returns) {
        (void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    }
}

static void speak(int number, siginfo_t *info, void *context)
{
    int error = errno;
    int32_t nobody = 0;
    int32_t self = (int32_t)syscall(SYS_gettid);
    if (atomic_compare_exchange_strong(&speaker, &nobody, self)) {
        struct walk walk = {context_pc(context), false};
        signal_write(info);
        frame_write(walk.start);
        maps_write();
        (void)_Unwind_Backtrace(frame_visit, &walk);
        if (atomic_load_explicit(&words->frame_count, memory_order_relaxed) == 1) {
            walk_without_tables(context);
        }
        atomic_store_explicit(&words->state, LAST_WORDS_COMPLETE, memory_order_release);
    } else if (nobody != self) {
        /* Another thread is dying; its words must not be cut short by this one's death. */
        for (;;) {
            (void)pause();
        }
    }
    die_of(number, info);
    errno = error;
}

void last_words_thread_begin(void)
{
    if (words == NULL || alternate_stack != NULL) {
        return;
    }
    void *memory = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE_STACK};
    if (memory == MAP_FAILED) {
        return;
    }
    if (sigaltstack(&stack, NULL) != 0) {
        (void)munmap(memory, ALTERNATE_STACK);
        return;
    }
    alternate_stack = memory;
}

void last_words_thread_end(void)
{
    if (alternate_stack == NULL) {
        return;
    }
    stack_t none = {.ss_flags = SS_DISABLE};
    (void)sigaltstack(&none, NULL);
    (void)munmap(alternate_stack, ALTERNATE_STACK);
    alternate_stack = NULL;
}

int last_words_install(struct last_words *record, struct failure *failure)
{
    words = record;
    last_words_thread_begin();
    (void)_Unwind_Backtrace(frame_ignore, NULL); /* whatever it loads or allocates, it does now */
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = speak;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++) {
        if (sigaction(fatal_signals[i], &action, NULL) != 0) {
            return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                                 "cannot install a handler for signal %d", fatal_signals[i]);
        }
    }
    return 0;
}
