/* SPDX-License-Identifier: MIT
 *
 * Keeps the opened files and the answers of one run, and decides when to forget them.
 */
#include "harness/watch/stacks_symbols.h"

#include "harness/watch/stacks_file.h"

#include <stdlib.h>
#include <string.h>

#define FILES 48U     /* a client with its libraries, in two or three flavors */
#define ANSWERS 1024U /* a power of two; a few hundred bytes each */
#define ANSWERS_KEPT (ANSWERS / 4 * 3)

struct answer {
    const struct stacks_file *file; /**< NULL: free slot */
    uint64_t address;
    struct stack frames;
};

struct stacks_symbols {
    struct stacks_file *files[FILES];
    uint32_t file_count;
    struct answer answers[ANSWERS]; /**< by hash, then the next free slot */
    uint32_t answer_count;
};

struct stacks_symbols *stacks_symbols_create(struct failure *failure)
{
    struct stacks_symbols *symbols = calloc(1, sizeof *symbols);
    if (symbols == NULL) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for symbols");
        return NULL;
    }
    (void)unsetenv("DEBUGINFOD_URLS");
    return symbols;
}

static void answers_forget(struct stacks_symbols *symbols)
{
    for (uint32_t i = 0; i < ANSWERS; i++) {
        stack_release(&symbols->answers[i].frames);
        symbols->answers[i].file = NULL;
    }
    symbols->answer_count = 0;
}

static void files_forget(struct stacks_symbols *symbols)
{
    answers_forget(symbols); /* they point to the files */
    for (uint32_t i = 0; i < symbols->file_count; i++) {
        stacks_file_close(symbols->files[i]);
        free(symbols->files[i]);
    }
    symbols->file_count = 0;
}

void stacks_symbols_free(struct stacks_symbols *symbols)
{
    if (symbols != NULL) {
        files_forget(symbols);
        free(symbols);
    }
}

void stacks_symbols_refresh(struct stacks_symbols *symbols)
{
    bool forget = symbols->file_count == FILES;
    for (uint32_t i = 0; i < symbols->file_count && !forget; i++) {
        forget = !stacks_file_fresh(symbols->files[i]);
    }
    if (forget) {
        files_forget(symbols);
    } else if (symbols->answer_count >= ANSWERS_KEPT) {
        answers_forget(symbols);
    }
}

/** NULL when there is no room or no memory. */
static struct stacks_file *file_get(struct stacks_symbols *symbols,
                                    const struct stacks_module *module)
{
    for (uint32_t i = 0; i < symbols->file_count; i++) {
        if (strcmp(symbols->files[i]->path, module->path) == 0) {
            return symbols->files[i];
        }
    }
    struct stacks_file *file = symbols->file_count < FILES ? calloc(1, sizeof *file) : NULL;
    if (file == NULL || stacks_file_open(file, module) != 0) {
        free(file);
        return NULL;
    }
    symbols->files[symbols->file_count++] = file;
    return file;
}

static struct answer *answer_slot(struct stacks_symbols *symbols, const struct stacks_file *file,
                                  uint64_t address)
{
    uint64_t hash = (address ^ (uint64_t)(uintptr_t)file) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t i = (uint32_t)(hash >> 32) % ANSWERS;
    while (symbols->answers[i].file != NULL &&
           (symbols->answers[i].file != file || symbols->answers[i].address != address)) {
        i = (i + 1) % ANSWERS;
    }
    return &symbols->answers[i];
}

/** The frames of an address; *scratch holds them when there is no room to keep the answer. */
static const struct stack *frames_get(struct stacks_symbols *symbols, struct stacks_file *file,
                                      uint64_t address, struct stack *scratch)
{
    struct answer *answer = answer_slot(symbols, file, address);
    if (answer->file != NULL) {
        return &answer->frames;
    }
    if (symbols->answer_count >= ANSWERS_KEPT) {
        stacks_file_frames(file, address, scratch);
        return scratch;
    }
    stacks_file_frames(file, address, &answer->frames);
    answer->file = file;
    answer->address = address;
    symbols->answer_count++;
    return &answer->frames;
}

void stacks_symbols_add(struct stacks_symbols *symbols, const struct stacks_modules *modules,
                        uint64_t pc, bool exact, struct stack *stack)
{
    const struct stacks_module *module = stacks_modules_find(modules, pc);
    struct stacks_file *file = module == NULL || module->deleted ? NULL : file_get(symbols, module);
    if (file == NULL) {
        struct stack_frame unknown = {.pc = pc, .exact = exact};
        unknown.module = module == NULL ? NULL : module->path;
        (void)stack_add(stack, &unknown);
        return;
    }
    struct stack scratch = STACK_INIT;
    uint64_t address = pc - module->start + file->low - (exact ? 0 : 1);
    const struct stack *frames = frames_get(symbols, file, address, &scratch);
    for (uint32_t i = 0; i < frames->count; i++) {
        struct stack_frame frame = frames->frames[i];
        frame.pc = pc;
        frame.exact = exact;
        if (stack_add(stack, &frame) != 0) {
            break;
        }
    }
    stack_release(&scratch);
}

void stacks_symbols_name(struct stacks_symbols *symbols, const struct stacks_modules *modules,
                         const struct stacks_raw *raw, struct stack *stack)
{
    for (uint32_t i = 0; i < raw->count; i++) {
        stacks_symbols_add(symbols, modules, raw->pcs[i], raw->exact[i], stack);
    }
    stack->truncated = stack->truncated || raw->truncated;
    stack->broken = stack->broken || raw->broken;
    stack_judge(stack);
}
