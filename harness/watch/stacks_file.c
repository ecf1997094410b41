/* SPDX-License-Identifier: MIT
 *
 * Asks one ELF file, through elfutils, what lies at an address.
 *
 * The compiler's own name of a function (DWARF) is preferred to the linker's symbol: it does not
 * change with optimisation (".part.0", ".cold"), so that signatures stay the same.
 */
#include "harness/watch/stacks_file.h"

#include "harness/watch/demangle.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

static Dwfl_Module *file_report(Dwfl *dwfl, const struct stacks_module *module)
{
    Dwfl_Module *reported = NULL;
    dwfl_report_begin(dwfl);
    if (module->path[0] != '[') {
        reported = dwfl_report_elf(dwfl, module->path, module->path, -1, 0, true);
    } else if (getauxval(AT_SYSINFO_EHDR) != 0) {
        /* The vdso is no file: the kernel maps the same one into this process. */
        reported = dwfl_report_offline_memory(dwfl, module->path, module->path,
                                              (char *)(uintptr_t)getauxval(AT_SYSINFO_EHDR),
                                              (size_t)(module->end - module->start));
    }
    return dwfl_report_end(dwfl, NULL, NULL) == 0 ? reported : NULL;
}

static void build_id_read(struct stacks_file *file)
{
    GElf_Addr bias;
    GElf_Addr address;
    const unsigned char *bits = NULL;
    (void)dwfl_module_getelf(file->module, &bias);
    int length = dwfl_module_build_id(file->module, &bits, &address);
    for (int i = 0; i < length && i < 20; i++) {
        (void)snprintf(file->build_id + 2 * i, 3, "%02x", bits[i]);
    }
}

int stacks_file_open(struct stacks_file *file, const struct stacks_module *module)
{
    memset(file, 0, sizeof *file);
    file->path = strdup(module->path);
    if (file->path == NULL) {
        return -1;
    }
    if (module->path[0] == '/' && stat(module->path, &file->status) != 0) {
        return 0;
    }
    file->dwfl = dwfl_begin(&callbacks);
    file->module = file->dwfl == NULL ? NULL : file_report(file->dwfl, module);
    if (file->module != NULL) {
        Dwarf_Addr low = 0;
        (void)dwfl_module_info(file->module, NULL, &low, NULL, NULL, NULL, NULL, NULL);
        file->low = low;
        build_id_read(file);
    }
    return 0;
}

void stacks_file_close(struct stacks_file *file)
{
    if (file->dwfl != NULL) {
        dwfl_end(file->dwfl);
    }
    free(file->path);
    memset(file, 0, sizeof *file);
}

bool stacks_file_fresh(const struct stacks_file *file)
{
    struct stat now;
    if (file->module == NULL) {
        return false; /* whatever kept it from being read may be over */
    }
    if (file->path[0] != '/') {
        return true;
    }
    return stat(file->path, &now) == 0 && now.st_dev == file->status.st_dev &&
           now.st_ino == file->status.st_ino && now.st_size == file->status.st_size &&
           now.st_mtim.tv_sec == file->status.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->status.st_mtim.tv_nsec;
}

/** The compilation unit that holds the address, which *bias turns into DWARF's. Units without an
 *  index of their addresses (clang writes none) are asked one by one. */
static Dwarf_Die *unit_find(Dwfl_Module *module, uint64_t address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);
    if (unit != NULL) {
        return unit;
    }
    do {
        unit = dwfl_module_nextcu(module, unit, bias);
    } while (unit != NULL && dwarf_haspc(unit, address - *bias) <= 0);
    return unit;
}

/** Units of C name functions as their source does; their linkage names are aliases of libraries'
 *  own making ("__GI_raise"). Elsewhere only the linkage name is complete. */
static bool unit_is_c(Dwarf_Die *unit)
{
    switch (dwarf_srclang(unit)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
        return true;
    default:
        return false;
    }
}

static const char *function_name(Dwarf_Die *unit, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name = NULL;
    if (!unit_is_c(unit) &&
        (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) != NULL ||
         dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute) != NULL)) {
        name = dwarf_formstring(&attribute);
    }
    return name != NULL ? name : dwarf_diename(die);
}

static uint32_t die_number(Dwarf_Die *die, unsigned attribute_name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (dwarf_attr(die, attribute_name, &attribute) == NULL ||
        dwarf_formudata(&attribute, &value) != 0 || value > INT32_MAX) {
        return 0;
    }
    return (uint32_t)value;
}

/** Where in the source an address, or the call that was inlined, stands. */
struct place {
    const char *file;
    uint32_t line;
    uint32_t column;
};

static struct place place_of_address(Dwarf_Die *unit, Dwarf_Addr address)
{
    struct place place = {0};
    int number = 0;
    Dwarf_Line *line = dwarf_getsrc_die(unit, address);
    if (line != NULL) {
        place.file = dwarf_linesrc(line, NULL, NULL);
        place.line = dwarf_lineno(line, &number) == 0 && number > 0 ? (uint32_t)number : 0;
        place.column = dwarf_linecol(line, &number) == 0 && number > 0 ? (uint32_t)number : 0;
    }
    return place;
}

static struct place place_of_call(Dwarf_Die *unit, Dwarf_Die *inlined)
{
    struct place place = {0};
    Dwarf_Files *files;
    size_t count;
    uint32_t file = die_number(inlined, DW_AT_call_file);
    if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count) {
        place.file = dwarf_filesrc(files, file, NULL, NULL);
    }
    place.line = die_number(inlined, DW_AT_call_line);
    place.column = die_number(inlined, DW_AT_call_column);
    return place;
}

static void frame_add(struct stacks_file *file, uint64_t address, const char *function,
                      const struct place *place, uint64_t offset, bool inlined, struct stack *stack)
{
    char *readable = function != NULL ? demangle(function) : NULL;
    struct stack_frame frame = {
        .module_address = address,
        .offset = offset,
        .function = readable != NULL ? readable : (char *)function, /* stack_add copies it */
        .file = (char *)place->file,
        .module = file->path,
        .line = place->file == NULL ? 0 : place->line,
        .column = place->file == NULL ? 0 : place->column,
        .inlined = inlined,
    };
    memcpy(frame.build_id, file->build_id, sizeof frame.build_id);
    (void)stack_add(stack, &frame);
    free(readable);
}

/** The frame as the symbol table tells; names carry no version ("read@@GLIBC_2.2.5"). */
static void symbol_add(struct stacks_file *file, uint64_t address, const struct place *place,
                       struct stack *stack)
{
    GElf_Off offset = 0;
    GElf_Sym symbol;
    const char *name =
        dwfl_module_addrinfo(file->module, address, &offset, &symbol, NULL, NULL, NULL);
    char *bare = name == NULL || name[0] == '\0' ? NULL : strndup(name, strcspn(name, "@"));
    frame_add(file, address, bare, place, bare == NULL ? 0 : offset, false, stack);
    free(bare);
}

/** Goes outwards from the innermost scope; false if no function is among the scopes. */
static bool scopes_add(struct stacks_file *file, uint64_t address, Dwarf_Die *unit, Dwarf_Addr bias,
                       Dwarf_Die *scopes, int count, struct stack *stack)
{
    struct place place = place_of_address(unit, address - bias);
    for (int i = 0; i < count; i++) {
        Dwarf_Die *die = &scopes[i];
        Dwarf_Addr entry = 0;
        const char *name = function_name(unit, die);
        switch (dwarf_tag(die)) {
        case DW_TAG_inlined_subroutine:
            frame_add(file, address, name, &place, 0, true, stack);
            place = place_of_call(unit, die);
            break;
        case DW_TAG_subprogram:
            if (name == NULL) {
                symbol_add(file, address, &place, stack);
                return true;
            }
            (void)dwarf_entrypc(die, &entry);
            entry += bias;
            frame_add(file, address, name, &place, address >= entry ? address - entry : 0, false,
                      stack);
            return true;
        default:
            break;
        }
    }
    return false;
}

void stacks_file_frames(struct stacks_file *file, uint64_t address, struct stack *stack)
{
    struct place nowhere = {0};
    if (file->module == NULL) {
        frame_add(file, address, NULL, &nowhere, 0, false, stack);
        return;
    }
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = unit_find(file->module, address, &bias);
    Dwarf_Die *innermost = NULL;
    Dwarf_Die *scopes = NULL;
    bool found = false;
    if (unit != NULL && dwarf_getscopes(unit, address - bias, &innermost) > 0) {
        /* From within an inlined function the first call goes on in the source's scopes; the
         * second one goes outwards where the code really stands. */
        int count = dwarf_getscopes_die(&innermost[0], &scopes);
        found = scopes_add(file, address, unit, bias, scopes, count, stack);
    }
    if (!found) {
        struct place place = unit == NULL ? nowhere : place_of_address(unit, address - bias);
        symbol_add(file, address, &place, stack);
    }
    free(scopes);
    free(innermost);
}
