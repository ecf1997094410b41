/* SPDX-License-Identifier: MIT
 *
 * Flattens steps and walks over them.
 */
#include "harness/worker/program.h"

#include <stdlib.h>
#include <string.h>

/* Each step makes at most two instructions, and the end one. Recursion ends: a scenario has at most
 * SCENARIO_MAX_STEPS steps, nested ones included. */
static size_t count_instructions(const struct step *steps, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += 1;
        if (steps[i].kind == STEP_REPEAT) {
            sum += 1 + count_instructions(steps[i].steps, steps[i].step_count);
        }
    }
    return sum;
}

static int emit_race(struct instruction *instruction, const struct step *race,
                     struct failure *failure)
{
    if (race->step_count == 0 || race->step_count > SCENARIO_MAX_RACE) {
        return failure_set(failure, FAILURE_INTERNAL, "step %u: a race of %zu operations",
                           race->index, race->step_count);
    }
    for (size_t i = 0; i < race->step_count; i++) {
        enum step_kind kind = race->steps[i].kind;
        bool drops = kind == STEP_CLOSE && race->steps[i].close == CLOSE_NONE;
        if (kind == STEP_RACE || kind == STEP_REPEAT || drops) {
            return failure_set(failure, FAILURE_INTERNAL, "step %u: this step cannot race",
                               race->steps[i].index);
        }
        instruction->races_close |= kind == STEP_CLOSE;
        instruction->races_connect |= kind == STEP_CONNECT;
    }
    instruction->kind = INSTRUCTION_RACE;
    return 0;
}

static int emit(struct program *program, const struct step *steps, size_t count, uint32_t depth,
                struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        uint32_t here = program->length++;
        struct instruction *instruction = &program->code[here];
        instruction->step = step;
        if (step->kind == STEP_HOLD) {
            instruction->kind = INSTRUCTION_HOLD;
        } else if (step->kind == STEP_RACE) {
            if (emit_race(instruction, step, failure) != 0) {
                return -1;
            }
        } else if (step->kind == STEP_REPEAT) {
            if (emit(program, step->steps, step->step_count, depth + 1, failure) != 0) {
                return -1;
            }
            uint32_t again = program->length++;
            program->code[again].kind = INSTRUCTION_AGAIN;
            program->code[again].loop = depth;
            program->code[again].target = here + 1;
            instruction->kind = INSTRUCTION_LOOP;
            instruction->loop = depth;
            instruction->target = again + 1;
            program->loops = depth + 1 > program->loops ? depth + 1 : program->loops;
        }
    }
    return 0;
}

int program_compile(struct program *program, const struct step *steps, size_t count,
                    struct failure *failure)
{
    memset(program, 0, sizeof *program);
    program->code = calloc(count_instructions(steps, count) + 1, sizeof *program->code);
    if (program->code == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the scenario's steps");
    }
    if (emit(program, steps, count, 0, failure) != 0) {
        program_release(program);
        return -1;
    }
    program->code[program->length++].kind = INSTRUCTION_END;
    return 0;
}

void program_release(struct program *program)
{
    free(program->code);
    memset(program, 0, sizeof *program);
}

/* Passes over jumps until an instruction that does something. */
static void settle(struct position *position, const struct program *program)
{
    for (;;) {
        const struct instruction *instruction = &program->code[position->pc];
        if (instruction->kind == INSTRUCTION_LOOP) {
            position->loops[instruction->loop] = instruction->step->times;
            position->pc = instruction->step->times == 0 ? instruction->target : position->pc + 1;
        } else if (instruction->kind == INSTRUCTION_AGAIN) {
            bool again = --position->loops[instruction->loop] != 0;
            position->iteration += again;
            position->pc = again ? instruction->target : position->pc + 1;
        } else {
            return;
        }
    }
}

void position_start(struct position *position, const struct program *program)
{
    position->pc = 0;
    position->iteration = 0;
    settle(position, program);
}

void position_advance(struct position *position, const struct program *program)
{
    position->pc++;
    settle(position, program);
}
