/* SPDX-License-Identifier: MIT
 *
 * What a sanitizer, or the runtime of a foreign language, said about one bug.
 *
 * Logs are untrusted: a dying process may write half of a report, two processes may write into one
 * file, a client may print anything. Reading them never fails for what they hold; a report that may
 * not be whole, or may hold lines of another, says so (quality), and must never be merged with any.
 *
 * Ownership: a log owns its reports, a report owns its stacks. Zeroed structures are empty and safe
 * to release. No locks, no global state: any thread, one at a time for each log.
 */
#ifndef WATCH_SANITIZER_REPORT_H
#define WATCH_SANITIZER_REPORT_H

#include "harness/watch/stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than these are counted, not kept. */
#define SANITIZER_REPORTS 512U
#define SANITIZER_STACKS 40U

/** Who wrote the report. Names by sanitizer_tool_name. */
enum sanitizer_tool {
    SANITIZER_NONE = 0,
    SANITIZER_ASAN,
    SANITIZER_LSAN,
    SANITIZER_UBSAN,
    SANITIZER_TSAN,
    SANITIZER_MSAN,
    SANITIZER_VALGRIND, /**< memcheck */
    SANITIZER_CRYSTAL,
    SANITIZER_GO,
    SANITIZER_RUST,
    SANITIZER_PYTHON,
    SANITIZER_JAVA,
    SANITIZER_NODE,
    SANITIZER_TOOLS
};

enum sanitizer_access {
    SANITIZER_NO_ACCESS = 0, /**< not told, or the bug is no access */
    SANITIZER_READ,
    SANITIZER_WRITE
};

enum sanitizer_quality {
    SANITIZER_WHOLE = 0,
    SANITIZER_DAMAGED /**< cut off, mixed with another, or unreadable in parts: see damage */
};

/** One stack of a report. */
struct sanitizer_stack {
    /** What it shows:
     *  "access" the bug itself: the access, the call that was wrong, the second free;
     *  "free", "alloc" of the object; "frame" the function that holds the object on its stack;
     *  "previous access" the other side of a race, or whoever took the lock;
     *  "place" one frame without a function: where UBSan saw it ("access" follows if it has one);
     *  "stored", "marked" where an uninitialized value was written to, or made;
     *  "lock", "held" (lock-order inversion: pairs, in the order of the cycle);
     *  "thread T1 created", "mutex M0 created", "descriptor opened", "sleep";
     *  "thread" another thread at that moment (Go, Python, Rust). */
    char role[48];
    char locks[160];              /**< "write M0, read M1": locks held; "" none or not told */
    char mutex[24];               /**< "M1": which one is locked in a "lock" or "held"; "" */
    enum sanitizer_access access; /**< of the sides of a race */
    uint64_t size;                /**< bytes of that access; 0 not told */
    struct stack stack; /**< name: what the report calls its thread ("T1", "main thread") */
};

struct sanitizer_report {
    enum sanitizer_tool tool;
    char kind[64];   /**< "heap-use-after-free", "data-race", "direct-leak", "panic": [a-z0-9-], but
                        signals as ASan writes them ("SEGV") */
    char title[320]; /**< the line that says it, as written, without process ids */
    enum sanitizer_access access;
    uint64_t size;    /**< bytes accessed, or asked for; 0 not told */
    uint64_t address; /**< see has_address */
    bool has_address;
    char object[320];               /**< what lies at the address, as written; "" not told */
    uint64_t bytes;                 /**< leaks: in total */
    uint64_t blocks;                /**< leaks: how many */
    int64_t pid;                    /**< as the report tells; 0 not told */
    struct sanitizer_stack *stacks; /**< in the order of the report */
    uint32_t count;
    uint32_t capacity;
    bool known;   /**< UBSan: its runtime has such a message; others may write lines of that form */
    size_t begin; /**< where the raw text begins in the log, in bytes */
    size_t end;   /**< and where it ends: the first byte that is no longer part of it */
    enum sanitizer_quality quality;
    char damage[96]; /**< why it is damaged; "" when it is whole */
};

struct sanitizer_log {
    struct sanitizer_report *reports; /**< in the order in which they begin */
    uint32_t count;
    uint32_t capacity;
    uint32_t dropped; /**< beyond SANITIZER_REPORTS, or beyond memory */
};

#define SANITIZER_LOG_INIT \
    {                      \
        NULL, 0, 0, 0      \
    }

/** Reads the log of a worker or a program (log_path file, or stderr): reports of ASan, LSan, UBSan,
 *  TSan and MSan are added to *log. Bytes may be anything; time is linear in length. */
void sanitizer_parse(const char *text, size_t length, struct sanitizer_log *log);

/** Adds a whole report that begins there; NULL when there are too many (then dropped is counted).
 *  Valid until the next one is added. For the parsers. */
struct sanitizer_report *sanitizer_log_add(struct sanitizer_log *log, enum sanitizer_tool tool,
                                           size_t begin);

/** Adds an empty stack with that role; NULL when there are too many or no memory is left: the
 *  report is damaged then. Valid until the next one is added. For the parsers. */
struct sanitizer_stack *sanitizer_report_add(struct sanitizer_report *report, const char *role);

/** Marks it damaged; the first reason stays. */
void sanitizer_report_damage(struct sanitizer_report *report, const char *reason);

/** The first stack with that role, or NULL. */
const struct sanitizer_stack *sanitizer_report_find(const struct sanitizer_report *report,
                                                    const char *role);

/** Frees all reports and makes it empty again. */
void sanitizer_log_release(struct sanitizer_log *log);

/** "asan", "lsan", ..., "go"; "?" for anything else. */
const char *sanitizer_tool_name(enum sanitizer_tool tool);

#endif
