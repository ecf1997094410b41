/* SPDX-License-Identifier: MIT
 *
 * Looks through the dynamic symbols by libelf, which checks what it reads.
 */
#include "harness/watch/instrumentation.h"

#include "harness/watch/dependencies.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What no worker has: what to do is said instead of a flavor. */
static const char use_address[] =
    "which no worker has: build it with -fsanitize=address instead, or build a program with "
    "MemorySanitizer that uses it and run that as client.exec";
static const char use_asan[] =
    "whose runtime cannot be loaded into a process that runs: build it without -fsanitize=leak, "
    "which changes nothing in a library's code, and run it with --flavor asan, which looks for "
    "leaks";

/* The constructor of each instrumented file calls the symbol, and only the main program may define
 * it. With LeakSanitizer alone nothing is instrumented: gcc links with the runtime, clang leaves
 * no trace in a library. */
static const struct mark {
    const char *symbol; /* NULL: needed tells */
    const char *needed;
    const char *flavor; /* NULL: advice tells */
    const char *name;
    const char *advice;
} marks[] = {
    {"__asan_init", NULL, "asan", "AddressSanitizer", NULL},
    {"__tsan_init", NULL, "tsan", "ThreadSanitizer", NULL},
    {"__msan_init", NULL, NULL, "MemorySanitizer", use_address},
    {NULL, "liblsan.so", NULL, "LeakSanitizer", use_asan},
};

/* What is known of one file. */
struct look {
    const struct mark *mark;
    bool undefined;
};

static void look_at_name(const char *name, bool defined, struct look *look)
{
    static const char handlers[] = "__ubsan_handle_";
    look->undefined = look->undefined || strncmp(name, handlers, sizeof handlers - 1) == 0;
    for (size_t i = 0; !defined && i < sizeof marks / sizeof marks[0]; i++) {
        if (look->mark == NULL && marks[i].symbol != NULL && strcmp(name, marks[i].symbol) == 0) {
            look->mark = &marks[i];
        }
    }
}

static void look_at(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct look *look)
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
            look_at_name(name, symbol.st_shndx != SHN_UNDEF, look);
        }
    }
}

static void look_through(Elf *elf, struct look *look)
{
    Elf_Scn *section = NULL;
    while ((section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_DYNSYM) {
            look_at(elf, section, &header, look);
        }
    }
}

static void look_at_needed(const struct dependency *file, struct look *look)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        for (size_t n = 0; marks[i].needed != NULL && n < file->needed_count; n++) {
            if (look->mark == NULL &&
                strncmp(file->needed[n], marks[i].needed, strlen(marks[i].needed)) == 0) {
                look->mark = &marks[i];
            }
        }
    }
}

static struct look look_at_file(const struct dependency *file)
{
    struct look look = {NULL, false};
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return look;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf != NULL) {
        look_through(elf, &look);
        (void)elf_end(elf);
    }
    (void)close(fd);
    look_at_needed(file, &look);
    return look;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void tell_where(const struct dependencies *all, size_t i, char *where, size_t capacity)
{
    where[0] = '\0';
    if (i != all->library) {
        (void)snprintf(where, capacity, "%.1000s, which %.255s needs,", all->items[i].path,
                       base_of(all->items[all->items[i].parent].path));
    }
}

/* Takes what the i-th file needs to what is known. */
static int take(const struct dependencies *all, size_t i, struct instrumentation *found,
                struct failure *failure)
{
    struct look look = look_at_file(&all->items[i]);
    const char *library = all->items[all->library].path;
    char where[sizeof found->where];
    found->undefined = found->undefined || look.undefined;
    if (look.mark == NULL || look.mark->name == found->name) {
        return 0;
    }
    tell_where(all, i, where, sizeof where);
    if (look.mark->flavor == NULL) {
        return failure_set(failure, FAILURE_USAGE, "client library %s%s%s was built with %s, %s",
                           library, where[0] != '\0' ? ": " : "", where, look.mark->name,
                           look.mark->advice);
    }
    if (found->flavor != NULL) {
        return failure_set(failure, FAILURE_USAGE,
                           "client library %s: %s was built with %s, but %s with %s, and no "
                           "process can have both: build all with one of them",
                           library, found->where[0] != '\0' ? found->where : "it", found->name,
                           where, look.mark->name);
    }
    found->flavor = look.mark->flavor;
    found->name = look.mark->name;
    memcpy(found->where, where, sizeof where);
    return 0;
}

int instrumentation_of(const char *path, const char *worker, struct instrumentation *found,
                       struct failure *failure)
{
    struct dependencies all;
    int result = 0;
    memset(found, 0, sizeof *found);
    dependencies_find(&all, worker, path);
    for (size_t i = all.library; result == 0 && i < all.count; i++) {
        result = take(&all, i, found, failure);
    }
    dependencies_release(&all);
    return result;
}
