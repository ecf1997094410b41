/* SPDX-License-Identifier: MIT
 *
 * The registers of a stopped thread: what the machine calls them and what DWARF calls them.
 * x86-64 and AArch64.
 */
#ifndef WATCH_STACKS_REGISTERS_H
#define WATCH_STACKS_REGISTERS_H

#include "harness/watch/stack.h"

#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/** DWARF's numbers 0 .. STACKS_DWARF_REGISTERS - 1 are the general ones. */
#if defined(__x86_64__)
#define STACKS_DWARF_REGISTERS 17U
#elif defined(__aarch64__)
#define STACKS_DWARF_REGISTERS 32U
#else
#error "stacks are unwound on x86-64 and AArch64 only"
#endif

struct stacks_registers {
    uint64_t dwarf[STACKS_DWARF_REGISTERS]; /**< by DWARF number */
    uint64_t pc;
    uint64_t flags;
    uint64_t thread; /**< the thread pointer, which glibc's pthread_t is; 0: not known */
};

/** Reads those of a thread that this thread traces and that is stopped. 0, or -1 with errno. */
int stacks_registers_read(struct stacks_registers *registers, pid_t tid);

/** Writes them with their names into stacks->registers. */
void stacks_registers_name(const struct stacks_registers *registers, struct thread_stacks *stacks);

/** The stack pointer. */
uint64_t stacks_registers_sp(const struct stacks_registers *registers);

/** Turns the registers of a call that jumped to nowhere into those of its caller right after the
 *  call. word is what the stack pointer points to. */
void stacks_registers_return(struct stacks_registers *registers, uint64_t word);

#endif
