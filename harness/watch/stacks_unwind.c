/* SPDX-License-Identifier: MIT
 *
 * Unwinds with elfutils libdwfl: call frame information from the files of the modules, memory from
 * the stopped process.
 *
 * Modules are only announced at first; libdwfl opens the file of one when a pc lies in it. Files
 * are opened anew in each session: an Elf handle kept across sessions would collect the chunks that
 * libdwfl reads from it.
 */
#include "harness/watch/stacks_unwind.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096U
#define CACHED_PAGES 16U /* a power of two: two stacks rarely share a slot */

struct cached_page {
    uint64_t address; /**< of its first byte; 1: empty slot */
    bool readable;
    unsigned char bytes[PAGE];
};

struct stacks_unwinder {
    Dwfl *dwfl;
    pid_t memory; /**< a living thread, whose memory is read */
    const struct stacks_modules *modules;
    pid_t tid; /**< being walked; 0 when none */
    const struct stacks_registers *registers;
    struct cached_page pages[CACHED_PAGES];
};

static const struct cached_page *page_get(struct stacks_unwinder *unwinder, uint64_t address)
{
    uint64_t start = address & ~(uint64_t)(PAGE - 1);
    struct cached_page *page = &unwinder->pages[(start / PAGE) % CACHED_PAGES];
    if (page->address != start) {
        struct iovec local = {page->bytes, PAGE};
        struct iovec remote = {(void *)(uintptr_t)start, PAGE};
        ssize_t got = process_vm_readv(unwinder->memory, &local, 1, &remote, 1, 0);
        page->readable = got == (ssize_t)PAGE;
        page->address = start;
    }
    return page->readable ? page : NULL;
}

static bool word_read(struct stacks_unwinder *unwinder, uint64_t address, uint64_t *word)
{
    unsigned char bytes[sizeof *word];
    for (size_t i = 0; i < sizeof bytes;) {
        const struct cached_page *page = page_get(unwinder, address + i);
        if (page == NULL) {
            return false;
        }
        size_t at = (size_t)((address + i) % PAGE);
        size_t length = sizeof bytes - i < PAGE - at ? sizeof bytes - i : PAGE - at;
        memcpy(bytes + i, page->bytes + at, length);
        i += length;
    }
    memcpy(word, bytes, sizeof bytes);
    return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument)
{
    (void)dwfl;
    uint64_t word;
    if (!word_read(argument, address, &word)) {
        return false;
    }
    *result = word;
    return true;
}

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread)
{
    (void)dwfl;
    struct stacks_unwinder *unwinder = argument;
    if (*thread != NULL) {
        return 0;
    }
    *thread = unwinder;
    return unwinder->tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *argument, void **thread)
{
    (void)dwfl;
    struct stacks_unwinder *unwinder = argument;
    *thread = unwinder;
    return tid == unwinder->tid;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *argument)
{
    const struct stacks_unwinder *unwinder = argument;
    Dwarf_Word values[STACKS_DWARF_REGISTERS];
    for (uint32_t i = 0; i < STACKS_DWARF_REGISTERS; i++) {
        values[i] = unwinder->registers->dwarf[i];
    }
    dwfl_thread_state_register_pc(thread, unwinder->registers->pc);
    return dwfl_thread_state_registers(thread, 0, STACKS_DWARF_REGISTERS, values);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = memory_read,
    .set_initial_registers = set_initial_registers,
};

/** The vdso is no file: the kernel maps the same one into this process. */
static Elf *vdso_open(const struct stacks_module *module)
{
    unsigned long here = getauxval(AT_SYSINFO_EHDR);
    return here == 0 ? NULL
                     : elf_memory((char *)(uintptr_t)here, (size_t)(module->end - module->start));
}

static int find_elf(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
                    char **file_name, Elf **elf)
{
    (void)dwfl_module;
    (void)name;
    (void)base;
    const struct stacks_module *module = *userdata;
    if (module == NULL || module->deleted) {
        return -1;
    }
    if (module->path[0] == '[') {
        *elf = vdso_open(module);
        return -1;
    }
    int fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        *file_name = strdup(module->path);
    }
    return fd;
}

static bool has_section(Elf *elf, const char *wanted)
{
    size_t names;
    Elf_Scn *section = NULL;
    if (elf == NULL || elf_getshdrstrndx(elf, &names) != 0) {
        return false;
    }
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        const char *name =
            gelf_getshdr(section, &header) == NULL ? NULL : elf_strptr(elf, names, header.sh_name);
        if (name != NULL && strcmp(name, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/** Where code without a table is met (hand-written entries), libdwfl looks for one in the separate
 *  debug file, and inflates every section of it: 30 ms for libc's, in each session. A module with
 *  tables of its own has no others there. */
static int find_debuginfo(Dwfl_Module *dwfl_module, void **userdata, const char *name,
                          Dwarf_Addr base, const char *file_name, const char *link_name,
                          GElf_Word link_checksum, char **debug_file_name)
{
    Dwarf_Addr bias;
    return has_section(dwfl_module_getelf(dwfl_module, &bias), ".eh_frame")
               ? -1
               : dwfl_standard_find_debuginfo(dwfl_module, userdata, name, base, file_name,
                                              link_name, link_checksum, debug_file_name);
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_elf,
    .find_debuginfo = find_debuginfo,
};

static int modules_report(Dwfl *dwfl, const struct stacks_modules *modules)
{
    dwfl_report_begin(dwfl);
    for (uint32_t i = 0; i < modules->count; i++) {
        struct stacks_module *module = &modules->items[i];
        Dwfl_Module *reported = dwfl_report_module(dwfl, module->path, module->start, module->end);
        void **userdata = NULL;
        if (reported != NULL) {
            (void)dwfl_module_info(reported, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
            *userdata = module;
        }
    }
    return dwfl_report_end(dwfl, NULL, NULL);
}

struct stacks_unwinder *stacks_unwind_begin(pid_t tid, const struct stacks_modules *modules,
                                            struct failure *failure)
{
    struct stacks_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (unwinder == NULL) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for unwinding");
        return NULL;
    }
    unwinder->memory = tid;
    unwinder->modules = modules;
    for (uint32_t i = 0; i < CACHED_PAGES; i++) {
        unwinder->pages[i].address = 1;
    }
    unwinder->dwfl = dwfl_begin(&callbacks);
    if (unwinder->dwfl == NULL || modules_report(unwinder->dwfl, modules) != 0 ||
        !dwfl_attach_state(unwinder->dwfl, NULL, tid, &thread_callbacks, unwinder)) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "the process of thread %d: %s", (int)tid,
                          dwfl_errmsg(-1));
        stacks_unwind_end(unwinder);
        return NULL;
    }
    return unwinder;
}

static void raw_add(struct stacks_raw *raw, uint64_t pc, bool exact)
{
    raw->exact[raw->count] = exact;
    raw->pcs[raw->count++] = pc;
}

static bool is_code(const struct stacks_unwinder *unwinder, uint64_t pc)
{
    return stacks_modules_find(unwinder->modules, pc) != NULL;
}

struct walk {
    struct stacks_unwinder *unwinder;
    struct stacks_raw *raw;
};

/** A return address where no memory is was overwritten: what libdwfl guesses from there on, by
 *  the frame pointer, is no caller. Code that was made at run time belongs to no module. */
static bool is_possible(struct stacks_unwinder *unwinder, uint64_t return_address)
{
    return is_code(unwinder, return_address) || page_get(unwinder, return_address) != NULL;
}

static int frame_take(Dwfl_Frame *frame, void *argument)
{
    struct walk *walk = argument;
    struct stacks_raw *raw = walk->raw;
    Dwarf_Addr pc;
    bool exact;
    if (!dwfl_frame_pc(frame, &pc, &exact)) {
        raw->broken = true;
        return DWARF_CB_ABORT;
    }
    if (pc == 0) {
        return DWARF_CB_ABORT; /* the outermost caller of hand-written entry code */
    }
    if (raw->count == STACK_FRAMES) {
        raw->truncated = true;
        return DWARF_CB_ABORT;
    }
    raw_add(raw, pc, exact);
    if (raw->count > 1 && !is_possible(walk->unwinder, pc)) {
        raw->broken = true;
        return DWARF_CB_ABORT;
    }
    return DWARF_CB_OK;
}

/** Adds the frames from these registers on; the first one is exact unless others stand before. */
static void walk_from(struct stacks_unwinder *unwinder, pid_t tid,
                      const struct stacks_registers *registers, struct stacks_raw *raw)
{
    struct walk walk = {unwinder, raw};
    uint32_t before = raw->count;
    unwinder->tid = tid;
    unwinder->registers = registers;
    int result = dwfl_getthread_frames(unwinder->dwfl, tid, frame_take, &walk);
    unwinder->tid = 0;
    if (raw->count == before) {
        raw_add(raw, registers->pc, before == 0);
    } else if (before > 0) {
        raw->exact[before] = false;
    }
    raw->broken = raw->broken || (result < 0 && !raw->truncated);
}

/** Was the first step from callee to caller taken on firm ground? Where no table tells how, libdwfl
 *  guesses from the frame pointer, and skips callers or finds data. */
static bool is_firm(const struct stacks_unwinder *unwinder, const struct stacks_raw *raw)
{
    return is_code(unwinder, raw->pcs[0]) &&
           (raw->count > 1 ? is_code(unwinder, raw->pcs[1]) : !raw->broken);
}

void stacks_unwind_thread(struct stacks_unwinder *unwinder, pid_t tid,
                          const struct stacks_registers *registers, struct stacks_raw *raw)
{
    memset(raw, 0, sizeof *raw);
    walk_from(unwinder, tid, registers, raw);
    if (!is_firm(unwinder, raw)) {
        /* A call through a bad pointer, or glibc's clone, which hides its tables during the system
         * call: both have just left the return address on top of the stack. */
        struct stacks_registers caller = *registers;
        uint64_t word = 0;
        (void)word_read(unwinder, stacks_registers_sp(registers), &word);
        stacks_registers_return(&caller, word);
        if (is_code(unwinder, caller.pc)) {
            memset(raw, 0, sizeof *raw);
            raw_add(raw, registers->pc, true);
            walk_from(unwinder, tid, &caller, raw);
        }
    }
    while (raw->broken && raw->count > 1 && !is_code(unwinder, raw->pcs[raw->count - 1])) {
        raw->count--; /* where the walk went astray */
    }
}

void stacks_unwind_end(struct stacks_unwinder *unwinder)
{
    if (unwinder == NULL) {
        return;
    }
    if (unwinder->dwfl != NULL) {
        dwfl_end(unwinder->dwfl);
    }
    free(unwinder);
}
