/* SPDX-License-Identifier: MIT
 *
 * A finding: one thing that went wrong, with its evidence. Findings with the same signature are the
 * same bug: they merge, across trials, into one finding that k of n trials showed.
 *
 * Ownership: a finding owns all its texts and stacks; a list owns its findings. Zeroed structures
 * are empty and safe to release.
 */
#ifndef JUDGE_FINDING_H
#define JUDGE_FINDING_H

#include "harness/judge/signature_key.h"
#include "harness/judge/stat_special.h"
#include "harness/watch/stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum finding_kind {
    FINDING_CRASH = 0,
    FINDING_HEAP_CORRUPTION,
    FINDING_ASAN,
    FINDING_UBSAN,
    FINDING_LSAN,
    FINDING_TSAN,
    FINDING_MSAN,
    FINDING_FD_MISUSE,
    FINDING_HANG,
    FINDING_LEAK,
    FINDING_CROSS_TALK,
    FINDING_WRONG_RESPONSE,
    FINDING_WRONG_TOTAL,
    FINDING_ERROR,
    FINDING_THRESHOLD,
    FINDING_INFRA, /**< never counted as the client's fault */
    FINDING_KINDS
};

/** "crash", "heap-corruption", ...: the words of reports and of a scenario's `expect`. */
const char *finding_kind_name(enum finding_kind kind);

/** The kind with that name, or FINDING_KINDS. */
enum finding_kind finding_kind_named(const char *name);

/** Whether it is about what was not given back: leaks of descriptors, threads, objects, memory. */
bool finding_kind_is_leak(enum finding_kind kind);

/** What makes two findings the same bug: a key made of words ("error/open/tls/reset"), or, where
 *  there are stacks, of frames (signature_key.h). */
struct signature {
    int version;   /**< of the rules that made it: SIGNATURE_VERSION */
    char *key;     /**< for equality */
    char **frames; /**< the deciding frames, innermost first; none without stacks */
    size_t frame_count;
    struct signature_key *stacks; /**< NULL for a key made of words */
};

#define SIGNATURE_VERSION 1

/** A named piece of raw evidence: "surplus descriptors", "sanitizer report". */
struct evidence {
    char *name;
    char *text;
};

/** How much a stack tells about the finding. Names by finding_weight_name. */
enum finding_weight {
    WEIGHT_MATTERS = 0, /**< the bug itself: who crashed, accessed, freed, allocated */
    WEIGHT_SHARES,      /**< a thread in an operation of the same instance */
    WEIGHT_BUSY,   /**< a thread in an operation of another instance, or in the client's code */
    WEIGHT_IDLE,   /**< a thread that waits for work, or belongs to the harness */
    WEIGHT_CONTEXT /**< where a thread or a mutex of the finding was made */
};

/** A stack that belongs to the finding, with its part in it: "thread that crashed", "freed by". */
struct finding_stack {
    char *title;
    enum finding_weight weight;
    struct stack stack;
};

/** When a trial showed it first. */
struct onset {
    uint32_t trial;
    uint64_t cycles; /**< begun in the trial by then */
};

struct finding {
    enum finding_kind kind;
    char *title; /**< one line */
    struct signature signature;

    uint32_t first_trial;      /**< index of the first trial that showed it */
    uint64_t first_seed;       /**< seed of that trial */
    uint32_t last_trial;       /**< to count each trial once */
    uint64_t trials;           /**< that showed it */
    uint64_t occurrences;      /**< in all trials */
    struct stat_interval rate; /**< of trials, exact, 95 %: set by the verdict */
    uint64_t rate_n;           /**< trials that could have shown it */

    uint32_t first_connection;   /**< least ordinal at which it came, by the driver (of an external
                                    program: of its process, by the ledger); 0: unknown */
    uint32_t trial_connection;   /**< of an external program: the same among all of the trial */
    uint32_t last_connection;    /**< the same in the last trial that showed it */
    uint64_t ledger_connections; /**< connections that the target had seen by then; 0: unknown */
    struct onset *onsets;        /**< one for each trial that showed it: see rate.h */
    size_t onset_count;

    char **doing; /**< what each thread did, a sentence each */
    size_t doing_count;
    struct finding_stack *stacks;
    size_t stack_count;
    struct evidence *evidence;
    size_t evidence_count;

    size_t doing_busy; /**< so many of doing, from its begin, are of threads in an operation */

    int32_t pid;                /**< of the worker; 0 unknown */
    bool stacks_of_threads;     /**< stacks are those of all threads, titled by what each did */
    struct stack_signal signal; /**< number 0: none, or not known */
    struct stack_register registers[STACK_REGISTERS];
    uint32_t register_count;
    char phase[24];        /**< the operation that it came in ("open", "close"), or "" */
    bool has_instance;     /**< instance is known */
    uint32_t instance;     /**< whose operation that was */
    char module[256];      /**< file name of the client's library: whose frames are its own */
    char stacks_note[320]; /**< what is missing in stacks and why; "" when nothing is */
    char folder[128];      /**< subfolder of the report with the raw evidence of first_trial; "" */

    bool expected;  /**< the scenario is meant to show it */
    unsigned story; /**< of findings in several flavors that tell one: see across.h; 0: none */
};

struct finding_list {
    struct finding **items;
    size_t count;
    uint64_t dropped; /**< with stacks too poor to merge, beyond what is kept */
};

/** Findings whose stacks are too poor to merge them with others keep their stacks up to this many
 *  in a list, and are kept at all up to ten times as many: a long run stays small. */
#define FINDINGS_POOR 50U

/** A new finding with that title and signature key. NULL without memory. */
struct finding *finding_new(enum finding_kind kind, const char *key, const char *title);

/** Adds a sentence, a piece of evidence, a copy of a stack. Without memory the addition is left
 *  out: a finding with less evidence is better than none. */
void finding_add_doing(struct finding *finding, const char *sentence);
void finding_add_evidence(struct finding *finding, const char *name, const char *text);
void finding_add_stack(struct finding *finding, const char *title, enum finding_weight weight,
                       const struct stack *stack);

/** Replaces the signature by one made of stacks. Without memory the old one stays. */
void finding_sign(struct finding *finding, const struct signature_key *key);

/** True if its stacks are too poor to tell whether it is the same bug as another finding. */
bool finding_is_poor(const struct finding *finding);

/** "matters", "same-instance", "busy", "idle", "context". */
const char *finding_weight_name(enum finding_weight weight);

/** Puts kinds that say more about the cause first, in the order of enum finding_kind; within a kind
 *  the order stays. */
void finding_list_sort(struct finding_list *list);

/** Frees the finding and all it holds; NULL is allowed. */
void finding_free(struct finding *finding);

/** Adds a finding of the given trial; takes it over in any case (NULL is allowed). One with the
 *  same signature in the list takes its counts, and the rest of it is freed. Returns the finding of
 *  the list, or NULL. */
struct finding *finding_list_add(struct finding_list *list, struct finding *finding, uint32_t trial,
                                 uint64_t seed);

/** The finding with that key, or NULL. */
struct finding *finding_list_find(const struct finding_list *list, const char *key);

/** Moves all findings of source, merging, as belonging to that trial; source is empty then. */
void finding_list_move(struct finding_list *list, struct finding_list *source, uint32_t trial,
                       uint64_t seed);

/** Notes the folder with the raw evidence of that trial in all findings that it showed first. */
void finding_list_locate(struct finding_list *list, uint32_t trial, const char *folder);

/** Frees all and empties the list. */
void finding_list_clear(struct finding_list *list);

#endif
