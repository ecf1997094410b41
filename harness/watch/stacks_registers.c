/* SPDX-License-Identifier: MIT
 *
 * Maps the kernel's register sets to DWARF's numbers and to names.
 */
#include "harness/watch/stacks_registers.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#if defined(__x86_64__)

/** DWARF number of the stack pointer, and of the column that holds the pc. */
#define DWARF_SP 7U
#define DWARF_PC 16U

static const char *const dwarf_names[STACKS_DWARF_REGISTERS] = {
    "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};

static void registers_take(struct stacks_registers *registers, const struct user_regs_struct *user)
{
    const uint64_t values[STACKS_DWARF_REGISTERS] = {
        user->rax, user->rdx, user->rcx, user->rbx, user->rsi, user->rdi,
        user->rbp, user->rsp, user->r8,  user->r9,  user->r10, user->r11,
        user->r12, user->r13, user->r14, user->r15, user->rip};
    memcpy(registers->dwarf, values, sizeof values);
    registers->pc = user->rip;
    registers->flags = user->eflags;
    registers->thread = user->fs_base;
}

void stacks_registers_return(struct stacks_registers *registers, uint64_t word)
{
    registers->pc = word;
    registers->dwarf[DWARF_PC] = word;
    registers->dwarf[DWARF_SP] += sizeof word;
}

#else

#define DWARF_SP 31U

static const char *const dwarf_names[STACKS_DWARF_REGISTERS] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
    "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};

static void registers_take(struct stacks_registers *registers, const struct user_regs_struct *user)
{
    memcpy(registers->dwarf, user->regs, 31 * sizeof registers->dwarf[0]);
    registers->dwarf[DWARF_SP] = user->sp;
    registers->pc = user->pc;
    registers->flags = user->pstate;
    registers->thread = 0; /* in a set of its own */
}

/* The return address is in the link register, x30; the stack has not moved. */
void stacks_registers_return(struct stacks_registers *registers, uint64_t word)
{
    (void)word;
    registers->pc = registers->dwarf[30];
}

#endif

int stacks_registers_read(struct stacks_registers *registers, pid_t tid)
{
    struct user_regs_struct user;
    struct iovec vector = {&user, sizeof user};
    memset(&user, 0, sizeof user);
    if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &vector) != 0) {
        return -1;
    }
    registers_take(registers, &user);
    return 0;
}

uint64_t stacks_registers_sp(const struct stacks_registers *registers)
{
    return registers->dwarf[DWARF_SP];
}

static void name_one(struct thread_stacks *stacks, const char *name, uint64_t value)
{
    struct stack_register *slot = &stacks->registers[stacks->register_count++];
    memset(slot, 0, sizeof *slot);
    memcpy(slot->name, name, strnlen(name, sizeof slot->name - 1));
    slot->value = value;
}

_Static_assert(STACKS_DWARF_REGISTERS + 2 <= STACK_REGISTERS, "all registers have a slot");

void stacks_registers_name(const struct stacks_registers *registers, struct thread_stacks *stacks)
{
    stacks->register_count = 0;
    for (uint32_t i = 0; i < STACKS_DWARF_REGISTERS; i++) {
        name_one(stacks, dwarf_names[i], registers->dwarf[i]);
    }
#if defined(__aarch64__)
    name_one(stacks, "pc", registers->pc);
#endif
    name_one(stacks, "flags", registers->flags);
}
