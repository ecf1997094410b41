/* SPDX-License-Identifier: MIT
 *
 * Finds a stack again by its return addresses; unwinds the ones that are new.
 */
#include "harness/worker/descriptor_stacks.h"

#include <unwind.h>

#define WAYS 4U
#define SETS 256U  /* powers of two */
#define FAR 65535U /* words above the call beyond which a stack is not remembered */

/* Where the return addresses lie, in words above the first one. */
struct shape {
    _Atomic uint32_t known;
    uint16_t offsets[DESCRIPTOR_FRAMES];
};

struct walk {
    struct call_site site;
    uint64_t pcs[DESCRIPTOR_FRAMES];
    uint16_t offsets[DESCRIPTOR_FRAMES];
    uint32_t count;
    bool started;
    bool regular; /* every return address lies where the unwinder says */
};

/* Set by the linker: the program's code, without that of libraries. */
extern const char __executable_start[];
extern const char etext[];

static struct descriptor_log *stacks_log;
static struct shape shapes[DESCRIPTOR_STACKS];
static _Atomic uint16_t newest[SETS][WAYS]; /* stacks by the site of their call */

UNWATCHED bool descriptor_stacks_is_own(uintptr_t pc)
{
    return pc >= (uintptr_t)__executable_start && pc < (uintptr_t)etext;
}

UNWATCHED static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* ---- found again ---- */

/* From the innermost on: a return address that is where it was says that the next one, if it is of
 * the same stack, lies within that function's frame. So no word beyond the stack is read. */
UNWATCHED static bool is_same(uint32_t stack, const struct call_site *site)
{
    const struct descriptor_stack *known = &stacks_log->stacks[stack - 1];
    const struct shape *shape = &shapes[stack - 1];
    if (atomic_load_explicit(&shape->known, memory_order_acquire) == 0) {
        return false;
    }
    uint32_t count = known->count < DESCRIPTOR_FRAMES ? known->count : DESCRIPTOR_FRAMES;
    const uint64_t *words = (const uint64_t *)site->slot;
    for (uint32_t i = 0; i < count; i++) {
        if (words[shape->offsets[i]] != known->pcs[i]) {
            return false;
        }
    }
    return true;
}

UNWATCHED static _Atomic uint16_t *set_of(const struct call_site *site)
{
    return newest[mix(1 + site->salt, site->pc) >> 32 & (SETS - 1)];
}

/* ---- new ones ---- */

UNWATCHED static void walk_add(struct walk *walk, uint64_t pc, uintptr_t slot)
{
    uint64_t offset = slot >= walk->site.slot ? (slot - walk->site.slot) / sizeof(uint64_t) : FAR;
    if (walk->regular &&
        (offset >= FAR || slot % sizeof(uint64_t) != 0 || *(const uint64_t *)slot != pc)) {
        walk->regular = false;
    }
    walk->offsets[walk->count] = walk->regular ? (uint16_t)offset : 0;
    walk->pcs[walk->count++] = pc;
}

UNWATCHED static _Unwind_Reason_Code walk_visit(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uint64_t pc = (uint64_t)_Unwind_GetIP(context);
    walk->started = walk->started || pc == walk->site.pc;
    if (!walk->started) {
        return _URC_NO_REASON;
    }
    if (pc == 0 || descriptor_stacks_is_own(pc)) {
        return _URC_END_OF_STACK;
    }
    walk_add(walk, pc, (uintptr_t)_Unwind_GetCFA(context) - sizeof(uint64_t));
    return walk->count == DESCRIPTOR_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* The slot of an equal stack, or a free one that now is this one's; 0: there is none. */
UNWATCHED static uint32_t intern(const struct walk *walk)
{
    uint64_t hash = 1;
    for (uint32_t i = 0; i < walk->count; i++) {
        hash = mix(hash, walk->pcs[i]);
    }
    hash += hash == 0;
    for (uint32_t i = 0; i < DESCRIPTOR_STACKS; i++) {
        uint32_t index = (uint32_t)(hash + i) % DESCRIPTOR_STACKS;
        struct descriptor_stack *stack = &stacks_log->stacks[index];
        uint64_t found = atomic_load_explicit(&stack->hash, memory_order_acquire);
        if (found == 0 && atomic_compare_exchange_strong(&stack->hash, &found, hash)) {
            stack->count = walk->count;
            for (uint32_t k = 0; k < walk->count; k++) {
                stack->pcs[k] = walk->pcs[k];
                shapes[index].offsets[k] = walk->offsets[k];
            }
            atomic_store_explicit(&stack->state, DESCRIPTOR_VALID, memory_order_release);
            atomic_store_explicit(&shapes[index].known, walk->regular, memory_order_release);
            return index + 1;
        }
        if (found == hash) {
            return index + 1;
        }
    }
    return 0;
}

UNWATCHED uint32_t descriptor_stacks_take(const struct call_site *site)
{
    _Atomic uint16_t *set = set_of(site);
    for (uint32_t way = 0; way < WAYS; way++) {
        uint32_t stack = atomic_load_explicit(&set[way], memory_order_relaxed);
        if (stack != 0 && is_same(stack, site)) {
            return stack;
        }
    }
    struct walk walk = {.site = *site, .regular = true};
    (void)_Unwind_Backtrace(walk_visit, &walk);
    if (walk.count == 0) {
        walk.pcs[0] = site->pc;
        walk.count = 1;
        walk.regular = false;
    }
    uint32_t stack = intern(&walk);
    if (stack != 0 && walk.regular) {
        atomic_store_explicit(&set[stack % WAYS], (uint16_t)stack, memory_order_relaxed);
    }
    return stack;
}

UNWATCHED static _Unwind_Reason_Code ignore(struct _Unwind_Context *context, void *argument)
{
    (void)context, (void)argument;
    return _URC_NO_REASON;
}

void descriptor_stacks_init(struct descriptor_log *log)
{
    stacks_log = log;
    (void)_Unwind_Backtrace(ignore, NULL); /* whatever it loads or allocates, it does now */
}
