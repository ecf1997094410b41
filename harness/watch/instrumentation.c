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
    struct instrumentation meaning;
} marks[] = {
    {"__asan_init", {"asan", "AddressSanitizer"}},
    {"__tsan_init", {"tsan", "ThreadSanitizer"}},
};

static struct instrumentation look_at(Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data != NULL && header->sh_entsize != 0 ? data->d_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx != SHN_UNDEF) {
            continue;
        }
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        for (size_t k = 0; name != NULL && k < sizeof marks / sizeof marks[0]; k++) {
            if (strcmp(name, marks[k].symbol) == 0) {
                return marks[k].meaning;
            }
        }
    }
    return (struct instrumentation){NULL, NULL};
}

static struct instrumentation look_through(Elf *elf)
{
    struct instrumentation found = {NULL, NULL};
    Elf_Scn *section = NULL;
    while (found.flavor == NULL && (section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_DYNSYM) {
            found = look_at(elf, section, &header);
        }
    }
    return found;
}

struct instrumentation instrumentation_of(const char *path)
{
    struct instrumentation found = {NULL, NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return found;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf != NULL) {
        found = look_through(elf);
        (void)elf_end(elf);
    }
    (void)close(fd);
    return found;
}
