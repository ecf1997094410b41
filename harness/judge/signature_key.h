/* SPDX-License-Identifier: MIT
 *
 * What makes two findings the same bug: a key made of the kind and of the few frames that decide.
 *
 * For each stack that matters, from the innermost frame outwards (signature_class.h):
 *   sentinel frames end the search; irrelevant frames are skipped; frames of libraries, and of
 *   wrappers around the C library, are kept and the search goes on; the first frame that is the
 *   client's own ends it. At most SIGNATURE_FRAMES frames are kept.
 *
 * The key names the client's frame and the library call that it made ("h2_reader|SSL_read"). It
 * leaves out what the compiler may choose (memcpy or not, malloc or calloc, a wrapper inlined or
 * not) and everything that moves with an edit: lines, addresses.
 *   use after free, double free:  + the client's frame of the free and of the allocation; for C++
 *                                 the last part of each name and its file, since gcc's sanitizers
 *                                 write no more ("take@table.cc" for "Table<int>::take")
 *   race, lock-order inversion:   the sorted frames of all sides
 *   leak:                         the frame of the allocation
 *
 * A stack without names, one that breaks off before it reaches the client, and a damaged report
 * have low quality: their keys hold raw addresses and what is unique to the finding, so that they
 * merge with nothing else. But ASan walks the stacks of frees and allocations by frame pointers,
 * which libraries of the system are built without, so that they often break off in the library:
 *   use after free, double free:  where the access is good, it decides; of a free or an allocation
 *                                 that broke off, the key has the place in the library instead
 *                                 ("?CRYPTO_free", "?libssl.so.3+0x55a64")
 *   leak:                         low quality, yet one for each library ("?libssl.so.3"): which
 *                                 bugs it holds nobody can tell, and one is not told many times
 *
 * Plain data, nothing to release; no state: any thread.
 */
#ifndef JUDGE_SIGNATURE_KEY_H
#define JUDGE_SIGNATURE_KEY_H

#include "harness/watch/sanitizer_report.h"
#include "harness/watch/stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Of the rules: it changes whenever a key may change for the same stacks. */
#define SIGNATURE_KEY_VERSION 3

#define SIGNATURE_NAME 160U   /**< bytes of a frame's name; longer ones end in a hash */
#define SIGNATURE_FRAMES 3U   /**< kept of one stack */
#define SIGNATURE_SHOWN 8U    /**< kept in all */
#define SIGNATURE_RELATED 16U /**< relations of one finding */
#define SIGNATURE_TEXT 1024U  /**< bytes of a key */

/** One stack with its part in the finding: a role of struct sanitizer_stack ("access", "free",
 *  "alloc", "previous access", "lock", ...). The first one decides when no role does. */
struct signature_stack {
    const char *role;
    const struct stack *stack;
};

/** What a key is made of. Everything is borrowed, for the call. */
struct signature_input {
    const char *kind; /**< "crash", "asan", "fd-misuse": findings of two kinds never merge */
    const char *what; /**< "SIGSEGV", "heap-use-after-free"; "" none */
    const struct signature_stack *stacks;
    size_t count;
    /** File names (folders are not looked at) of the modules that are the client's own; with none
     *  given, every module is that is no known system library. */
    const char *const *client_modules;
    size_t client_module_count;
    /** Words that no other finding has ("trial 17"), for keys of low quality; NULL: then only
     *  their addresses keep them apart. */
    const char *unique;
    bool damaged; /**< the evidence may be another bug's */
};

enum signature_quality { SIGNATURE_LOW = 0, SIGNATURE_GOOD };

struct signature_key {
    uint32_t version;         /**< SIGNATURE_KEY_VERSION */
    char key[SIGNATURE_TEXT]; /**< "v3:crash:SIGSEGV:h2_reader|SSL_read"; for equality */
    char hash[17];            /**< of the key, for file names and lists: 16 hexadecimal digits */
    enum signature_quality quality;
    /** The frames that decided, stack by stack, innermost first; with names as normalised. */
    char frames[SIGNATURE_SHOWN][SIGNATURE_NAME];
    uint32_t frame_count;
    /** What it shares with findings that may be the same story (see signature_related):
     * "site:h2_reader": a client's frame of an access or a free; "from:h2_run": the client's frame
     * that called it; "on:h2_read": another one on the stack of an access, but the outermost, by
     * which all enter; "object:body_new>body_free": where the object was made and freed. What only
     * calls the allocator, for a caller of the client's that is not the outermost, stands back for
     * that caller: all objects may pass through it. */
    char related[SIGNATURE_RELATED][2 * SIGNATURE_NAME];
    uint32_t related_count;
};

/** Makes the key. Never fails: without any frame its quality is low. */
void signature_make(const struct signature_input *input, struct signature_key *key);

/** The same from a report; kind is its tool's name. A damaged report has low quality. unique and
 *  the client's modules as in struct signature_input. */
void signature_of_report(const struct sanitizer_report *report, const char *const *client_modules,
                         size_t client_module_count, const char *unique, struct signature_key *key);

/** True if it is of a call to nowhere, which leaves no frame of its own: the sanitizers' unwinders
 *  then miss its caller, and what they show is the caller's caller. */
bool signature_misses_caller(const struct sanitizer_report *report);

/** True if both are the same bug. */
bool signature_equal(const struct signature_key *one, const struct signature_key *other);

/** True if they are not equal, but share a site or an object, or one's site calls the other's or
 *  stands on its stack: they are linked, never merged. */
bool signature_related(const struct signature_key *one, const struct signature_key *other);

/** "low", "good". */
const char *signature_quality_name(enum signature_quality quality);

#endif
