/* SPDX-License-Identifier: MIT
 *
 * What a stack is, wherever it comes from: unwound by the tracer, written by a dying worker itself,
 * or read in the log of a sanitizer. What a source does not tell stays zero, NULL or "".
 *
 * Ownership: a stack owns its frames and their texts, a thread_stacks owns its stacks. Zeroed
 * structures are empty and safe to release. No locks: one thread at a time.
 */
#ifndef WATCH_STACK_H
#define WATCH_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More frames than these are not kept: the innermost ones tell. */
#define STACK_FRAMES 64U

/** More threads than these are not kept. */
#define STACK_THREADS 1024U

/** One function activation. An inlined function is a frame of its own, before the one that it was
 *  inlined into; both have the same pc. */
struct stack_frame {
    uint64_t pc;             /**< run-time address as found; a return address but for frames that
                                were executing */
    uint64_t module_address; /**< of pc in the module's file, as addr2line(1) takes it */
    uint64_t offset;         /**< bytes from the function's start to pc; 0 when inlined */
    char *function;          /**< as people write it, if demangle can tell; NULL unknown */
    char *file;              /**< source path as the compiler saw it; NULL unknown */
    char *module;            /**< path of the executable or library; NULL unknown */
    uint32_t line;           /**< from 1; 0 unknown */
    uint32_t column;         /**< from 1; 0 unknown */
    char build_id[41];       /**< of module, lower-case hex; "" unknown */
    bool inlined;            /**< it has no activation of its own */
    bool exact; /**< pc is the instruction that was executing, not a return address: the first
                   frame, and the one below a signal handler */
};

/** How far a stack may be trusted. Stacks that are not at least FAIR must never merge bugs. */
enum stack_quality {
    STACK_NONE = 0, /**< no frame at all */
    STACK_POOR,     /**< it breaks off early, or none of its first frames has a name */
    STACK_FAIR,     /**< useful, but it breaks off, or some of its first frames have no name */
    STACK_GOOD      /**< whole, or cut at the ceiling, and its first frames all have names */
};

struct stack {
    struct stack_frame *frames; /**< innermost first */
    uint32_t count;
    uint32_t capacity;          /**< frames allocated */
    int32_t tid;                /**< thread id as gettid(2); 0 unknown */
    uint64_t thread;            /**< its pthread_t; 0 unknown */
    char name[32];              /**< the thread's name (comm), or what a log calls it; "" unknown */
    bool truncated;             /**< frames beyond the ceiling, or beyond memory, were dropped */
    bool broken;                /**< the unwinder lost its way: outer frames are missing */
    enum stack_quality quality; /**< see stack_judge */
};

#define STACK_INIT \
    {              \
        0          \
    }

/** A register by name, for those who read machine code. */
struct stack_register {
    char name[8];
    uint64_t value;
};

#define STACK_REGISTERS 40U

/** The signal that ended a process, as siginfo_t tells. */
struct stack_signal {
    int32_t number;   /**< 0: none */
    int32_t code;     /**< si_code */
    uint64_t address; /**< of the fault; see has_address */
    bool has_address; /**< the kernel raised it for an address: SEGV, BUS, ILL, FPE, TRAP */
    int32_t sender;   /**< pid that sent it; 0 when the kernel raised it */
    int32_t tid;      /**< thread that got it */
};

/** Where the stacks of a thread_stacks come from. */
enum stack_source {
    STACK_SOURCE_NONE = 0,
    STACK_SOURCE_TRACER,    /**< all threads, unwound from outside */
    STACK_SOURCE_LAST_WORDS /**< only the faulting thread, written by itself while dying */
};

/** All threads of a process at one moment. */
struct thread_stacks {
    struct stack *threads; /**< the one that got the signal first, then by thread id */
    uint32_t count;
    uint32_t capacity; /**< stacks allocated */
    int32_t pid;
    uint64_t time;    /**< ns, monotonic, when all threads stood still */
    uint32_t missing; /**< threads that lived but could not be stopped in time */
    enum stack_source source;
    struct stack_signal signal; /**< number 0 for a snapshot without a signal */
    struct stack_register registers[STACK_REGISTERS]; /**< of the thread with the signal */
    uint32_t register_count;
    char note[256];       /**< what is missing and why, for a human; "" when nothing is */
    char executable[256]; /**< file name of the program that ran; "" unknown */
};

#define THREAD_STACKS_INIT \
    {                      \
        0                  \
    }

/** Makes an empty stack of it without freeing anything. */
void stack_init(struct stack *stack);

/** Frees the frames and makes it empty again. */
void stack_release(struct stack *stack);

/** Adds a copy of *frame, texts included, as the outermost one. Returns 0; or -1 and sets truncated
 *  when the ceiling is reached or no memory is left. */
int stack_add(struct stack *stack, const struct stack_frame *frame);

/** Makes *to, which must be empty, a copy of *from. 0, or -1 without memory (to stays empty). */
int stack_copy(struct stack *to, const struct stack *from);

/** Sets quality from count, broken and the names of the first frames. */
void stack_judge(struct stack *stack);

/** "none", "poor", "fair", "good". */
const char *stack_quality_name(enum stack_quality quality);

/** Frees all stacks and makes it empty again. */
void thread_stacks_release(struct thread_stacks *stacks);

/** Adds an empty stack and returns it for filling; valid until the next one is added. NULL when
 *  there are STACK_THREADS or no memory is left: then missing is counted up. */
struct stack *thread_stacks_add(struct thread_stacks *stacks);

/** The stack of that thread, or NULL. */
const struct stack *thread_stacks_find(const struct thread_stacks *stacks, int32_t tid);

#endif
