/* SPDX-License-Identifier: MIT
 *
 * Walks the program headers for PT_NOTE; every offset is checked against what was read.
 */
#include "harness/report/build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_HEADERS 64
#define NOTES_READ 4096

#if __ELF_NATIVE_CLASS == 64
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

/* Looks for the note in one segment of notes. */
static bool find_in_notes(const unsigned char *notes, size_t size, char *text, size_t capacity)
{
    size_t at = 0;
    while (at + sizeof(ElfW(Nhdr)) <= size) {
        ElfW(Nhdr) note;
        memcpy(&note, notes + at, sizeof note);
        if (note.n_namesz > size || note.n_descsz > size) {
            return false;
        }
        size_t name = at + sizeof note;
        size_t value = name + padded(note.n_namesz);
        if (value + note.n_descsz > size) {
            return false;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(notes + name, "GNU", 4) == 0) {
            for (size_t i = 0; i < note.n_descsz && i * 2 + 3 <= capacity; i++) {
                (void)snprintf(text + i * 2, 3, "%02x", notes[value + i]);
            }
            return true;
        }
        at = value + padded(note.n_descsz);
    }
    return false;
}

static bool read_at(int fd, void *to, size_t size, off_t offset)
{
    return pread(fd, to, size, offset) == (ssize_t)size;
}

static void search(int fd, char *text, size_t capacity)
{
    ElfW(Ehdr) header;
    if (!read_at(fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_phentsize != sizeof(ElfW(Phdr))) {
        return;
    }
    for (unsigned i = 0; i < header.e_phnum && i < MOST_HEADERS; i++) {
        ElfW(Phdr) segment;
        off_t offset = (off_t)(header.e_phoff + i * sizeof segment);
        if (!read_at(fd, &segment, sizeof segment, offset)) {
            return;
        }
        unsigned char notes[NOTES_READ];
        size_t size = segment.p_filesz < sizeof notes ? (size_t)segment.p_filesz : sizeof notes;
        if (segment.p_type == PT_NOTE && read_at(fd, notes, size, (off_t)segment.p_offset) &&
            find_in_notes(notes, size, text, capacity)) {
            return;
        }
    }
}

void build_id_read(const char *path, char *text, size_t capacity)
{
    text[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        search(fd, text, capacity);
        (void)close(fd);
    }
}
