/* SPDX-License-Identifier: MIT
 *
 * Looks through the dynamic symbols by libelf, which checks what it reads.
 */
#include "harness/watch/instrumentation.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

/* The constructor of each instrumented file calls it; only the main program may define it. */
static const struct {
    const char *symbol;
    const char *flavor;
    const char *name;
} marks[] = {
    {"__asan_init", "asan", "AddressSanitizer"},
    {"__tsan_init", "tsan", "ThreadSanitizer"},
};

static void look_at_name(const char *name, bool defined, struct instrumentation *found)
{
    static const char handlers[] = "__ubsan_handle_";
    found->undefined = found->undefined || strncmp(name, handlers, sizeof handlers - 1) == 0;
    for (size_t i = 0; !defined && i < sizeof marks / sizeof marks[0]; i++) {
        if (found->flavor == NULL && strcmp(name, marks[i].symbol) == 0) {
            found->flavor = marks[i].flavor;
            found->name = marks[i].name;
        }
    }
}

static void look_at(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                    struct instrumentation *found)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data != NULL && header->sh_entsize != 0 ? data->d_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL) {
            continue;
        }
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name != NULL) {
            look_at_name(name, symbol.st_shndx != SHN_UNDEF, found);
        }
    }
}

static void look_through(Elf *elf, struct instrumentation *found)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_DYNSYM) {
            look_at(elf, section, &header, found);
        }
    }
}

struct instrumentation instrumentation_of(const char *path)
{
    struct instrumentation found = {NULL, NULL, false};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return found;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf != NULL) {
        look_through(elf, &found);
        (void)elf_end(elf);
    }
    (void)close(fd);
    return found;
}
