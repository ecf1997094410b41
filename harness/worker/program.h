/* SPDX-License-Identifier: MIT
 *
 * A scenario's steps as a flat list of instructions: nested repeats become counted jumps, so that
 * an instance needs one number to know where it stands and one counter for each loop.
 */
#ifndef WORKER_PROGRAM_H
#define WORKER_PROGRAM_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stdint.h>

enum instruction_kind {
    INSTRUCTION_STEP = 0, /**< connect, request, ping, close */
    INSTRUCTION_HOLD,
    INSTRUCTION_RACE,
    INSTRUCTION_LOOP,  /**< sets a loop's counter; with 0 times jumps to target */
    INSTRUCTION_AGAIN, /**< counts down; jumps to target until the counter is 0 */
    INSTRUCTION_END
};

struct instruction {
    enum instruction_kind kind;
    const struct step *step; /**< NULL for AGAIN and END */
    uint32_t loop;           /**< LOOP, AGAIN: which counter */
    uint32_t target;         /**< LOOP, AGAIN: index of an instruction */
    bool races_close;        /**< RACE: a close is among its operations */
    bool races_connect;      /**< RACE: a connect is among its operations */
};

struct program {
    struct instruction *code; /**< ends with INSTRUCTION_END */
    uint32_t length;
    uint32_t loops; /**< counters that an instance needs: the deepest nesting */
};

/** Flattens the steps, which must outlive the program. Fails with FAILURE_ENVIRONMENT (memory) or
 *  FAILURE_INTERNAL (a step inside a race that cannot race). */
int program_compile(struct program *program, const struct step *steps, size_t count,
                    struct failure *failure);

/** Frees the code. */
void program_release(struct program *program);

/** Where an instance stands. */
struct position {
    uint32_t pc;        /**< index of the next STEP, HOLD, RACE or END */
    uint32_t iteration; /**< jumps back so far: tells visits of one step apart */
    uint32_t *loops;    /**< program.loops counters of the caller's */
};

/** To the first instruction that does something. */
void position_start(struct position *position, const struct program *program);

/** From the instruction at pc to the next one that does something. */
void position_advance(struct position *position, const struct program *program);

#endif
