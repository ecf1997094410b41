/* SPDX-License-Identifier: MIT
 *
 * Decides by the symbols and the libraries that an ELF file names.
 */
#include "harness/programs/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where ---- */

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static int explain(const char *program, struct failure *failure)
{
    struct stat status;
    if (stat(program, &status) != 0) {
        return failure_errno(failure, FAILURE_USAGE, errno, "client.exec: %s", program);
    }
    return failure_set(failure, FAILURE_USAGE,
                       "client.exec: %s is no program that may be executed%s", program,
                       S_ISREG(status.st_mode) ? " (chmod +x it)" : "");
}

int binary_find(const char *program, const char *search, char *path, size_t capacity,
                struct failure *failure)
{
    if (strchr(program, '/') != NULL) {
        int length = snprintf(path, capacity, "%s", program);
        return length >= 0 && (size_t)length < capacity && is_program(path)
                   ? 0
                   : explain(program, failure);
    }
    for (const char *at = search; *at != '\0';) {
        size_t folder = strcspn(at, ":");
        int length = snprintf(path, capacity, "%.*s/%s", (int)folder, at, program);
        if (folder > 0 && length >= 0 && (size_t)length < capacity && is_program(path)) {
            return 0;
        }
        at += folder + (at[folder] == ':');
    }
    return failure_set(failure, FAILURE_USAGE,
                       "client.exec: there is no program %s in PATH (%.300s); install it, or give "
                       "its path: \"./%s\" is meant from the scenario's folder",
                       program, search, program);
}

/* The words behind "#!" in the file; "" if it does not begin so. */
static void read_interpreter(const char *path, char *line, size_t capacity)
{
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    if (file == NULL) {
        return;
    }
    if (fgets(line, (int)capacity, file) == NULL || strncmp(line, "#!", 2) != 0) {
        line[0] = '\0';
    } else {
        size_t blanks = strspn(line + 2, " \t");
        memmove(line, line + 2 + blanks, strlen(line + 2 + blanks) + 1);
        line[strcspn(line, "\r\n")] = '\0';
    }
    (void)fclose(file);
}

void binary_explain(const char *path, int error, struct failure *failure)
{
    char line[256];
    size_t used = strlen(failure->text);
    size_t room = sizeof failure->text - used;
    read_interpreter(path, line, sizeof line);
    if (error == ENOEXEC) {
        (void)snprintf(failure->text + used, room,
                       " (client.exec: it is no program for this machine, and no script whose "
                       "first line begins with #!)");
    } else if (line[0] != '\0') {
        (void)snprintf(failure->text + used, room,
                       " (client.exec: the script's first line wants the interpreter %s)", line);
    } else if (error == ENOENT) {
        (void)snprintf(failure->text + used, room,
                       " (client.exec: the file is there, but the loader that it names is not)");
    }
}

/* ---- what ---- */

static bool begins(const char *text, const char *with)
{
    return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

static void note_library(const char *name, struct binary *binary)
{
    binary->leaks = binary->leaks || begins(name, "libasan.so") || begins(name, "liblsan.so") ||
                    begins(name, "libclang_rt.asan");
    binary->fixed = binary->fixed || begins(name, "libtsan.so") || begins(name, "libclang_rt.tsan");
}

static void note_symbol(const char *name, struct binary *binary)
{
    binary->leaks = binary->leaks || begins(name, "__asan_init") || begins(name, "__lsan_init");
    binary->fixed = binary->fixed || begins(name, "__tsan_init") || begins(name, "__msan_init");
}

static void read_dynamic(Elf *elf, const GElf_Shdr *header, Elf_Data *data, struct binary *binary)
{
    size_t count = header->sh_entsize > 0 ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Dyn entry;
        if (gelf_getdyn(data, (int)i, &entry) != NULL && entry.d_tag == DT_NEEDED) {
            note_library(elf_strptr(elf, header->sh_link, entry.d_un.d_val), binary);
        }
    }
}

static void read_symbols(Elf *elf, const GElf_Shdr *header, Elf_Data *data, struct binary *binary)
{
    size_t count = header->sh_entsize > 0 ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) != NULL) {
            note_symbol(elf_strptr(elf, header->sh_link, symbol.st_name), binary);
        }
    }
}

static void read_sections(Elf *elf, struct binary *binary)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL ||
            (header.sh_type != SHT_DYNAMIC && header.sh_type != SHT_DYNSYM &&
             header.sh_type != SHT_SYMTAB)) { /* all that names a runtime linked statically */
            continue;
        }
        Elf_Data *data = elf_getdata(section, NULL);
        if (data == NULL) {
            continue;
        }
        if (header.sh_type == SHT_DYNAMIC) {
            read_dynamic(elf, &header, data, binary);
        } else {
            read_symbols(elf, &header, data, binary);
        }
    }
}

void binary_look(const char *path, struct binary *binary)
{
    memset(binary, 0, sizeof *binary);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf != NULL && elf_kind(elf) == ELF_K_ELF) {
        binary->native = true;
        read_sections(elf, binary);
    }
    (void)elf_end(elf);
    (void)close(fd);
}
