/* SPDX-License-Identifier: MIT
 *
 * Decides in which of the loader's folders a library is found: the order is that of ld.so(8).
 */
#include "harness/watch/dependencies.h"

#include "harness/watch/loader_cache.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_PATH 4096
/* Far beyond any program; what loops ends here. */
#define MOST_FILES 4096

/* Those of other machines' libraries do no harm: what is found there does not fit. */
static const char usual[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
                            "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
                            "/lib64:/usr/lib64:/lib:/usr/lib";

struct search {
    struct dependencies *found;
    struct loader_cache cache;
    const char *environment; /* LD_LIBRARY_PATH */
    const char *name;        /* what is looked for */
    char path[MOST_PATH];    /* where it was found */
};

/* ---- one file ---- */

/* Whether a process of this kind can load it: others the loader passes by. */
static bool fits(const char *path)
{
    static const int native = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    unsigned char own[20];
    unsigned char other[20];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && read(fd, other, sizeof other) == (ssize_t)sizeof other &&
                memcmp(other, ELFMAG, SELFMAG) == 0 && other[EI_CLASS] == native && self >= 0 &&
                read(self, own, sizeof own) == (ssize_t)sizeof own &&
                memcmp(own + 18, other + 18, 2) == 0; /* e_machine */
    if (fd >= 0) {
        (void)close(fd);
    }
    if (self >= 0) {
        (void)close(self);
    }
    return same;
}

static void add_needed(struct dependency *item, const char *name)
{
    char **more = realloc(item->needed, (item->needed_count + 1) * sizeof *more);
    if (more == NULL) {
        return;
    }
    item->needed = more;
    item->needed[item->needed_count] = strdup(name);
    item->needed_count += item->needed[item->needed_count] != NULL;
}

static void set(char **text, const char *value)
{
    free(*text);
    *text = strdup(value);
}

static void take_entry(struct dependency *item, int64_t tag, const char *text)
{
    if (tag == DT_NEEDED) {
        add_needed(item, text);
    } else if (tag == DT_SONAME) {
        set(&item->soname, text);
    } else if (tag == DT_RPATH) {
        set(&item->rpath, text);
    } else if (tag == DT_RUNPATH) {
        set(&item->runpath, text);
    }
}

static void read_section(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                         struct dependency *item)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data != NULL && header->sh_entsize > 0 ? data->d_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count; i++) {
        GElf_Dyn entry;
        if (gelf_getdyn(data, (int)i, &entry) == NULL) {
            continue;
        }
        bool names = entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
                     entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH;
        const char *text = names ? elf_strptr(elf, header->sh_link, entry.d_un.d_val) : NULL;
        if (text != NULL) {
            take_entry(item, entry.d_tag, text);
        }
    }
}

static void read_file(const char *path, struct dependency *item)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    for (Elf_Scn *section = NULL; elf != NULL && (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_DYNAMIC) {
            read_section(elf, section, &header, item);
        }
    }
    (void)elf_end(elf);
    (void)close(fd);
    if (item->runpath != NULL) {
        free(item->rpath);
        item->rpath = NULL;
    }
}

static void item_release(struct dependency *item)
{
    for (size_t i = 0; i < item->needed_count; i++) {
        free(item->needed[i]);
    }
    free(item->needed);
    free(item->path);
    free(item->name);
    free(item->soname);
    free(item->rpath);
    free(item->runpath);
}

static bool add(struct dependencies *found, const char *path, const char *name, size_t parent)
{
    struct dependency *more =
        found->count < MOST_FILES ? realloc(found->items, (found->count + 1) * sizeof *more) : NULL;
    if (more == NULL) {
        return false;
    }
    found->items = more;
    struct dependency *item = &found->items[found->count];
    memset(item, 0, sizeof *item);
    item->path = strdup(path);
    item->name = strdup(name);
    item->parent = parent;
    if (item->path == NULL || item->name == NULL) {
        item_release(item);
        return false;
    }
    read_file(path, item);
    found->count++;
    return true;
}

/* ---- where ---- */

/* Writes the text with $ORIGIN, the folder of the file at origin, replaced. */
static bool expand(const char *text, size_t length, const char *origin, char *path, size_t capacity)
{
    static const char *const tokens[] = {"$ORIGIN", "${ORIGIN}"};
    const char *slash = strrchr(origin, '/');
    int folder = slash != NULL ? (int)(slash - origin) : 0;
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t token = 0;
        for (size_t t = 0; t < sizeof tokens / sizeof tokens[0]; t++) {
            size_t size = strlen(tokens[t]);
            if (length - i >= size && strncmp(text + i, tokens[t], size) == 0) {
                token = size;
            }
        }
        int written = token != 0 ? snprintf(path + used, capacity - used, "%.*s", folder, origin)
                                 : snprintf(path + used, capacity - used, "%c", text[i]);
        if (written < 0 || (size_t)written >= capacity - used) {
            return false;
        }
        used += (size_t)written;
        i += token != 0 ? token : 1;
    }
    path[used] = '\0';
    return true;
}

/* In a list of folders, of which an empty one is the working folder. */
static bool in_folders(struct search *search, const char *list, const char *between,
                       const char *origin)
{
    for (const char *at = list; list != NULL && *list != '\0'; at++) {
        size_t length = strcspn(at, between);
        char folder[MOST_PATH];
        if (expand(at, length, origin, folder, sizeof folder)) {
            int written = snprintf(search->path, sizeof search->path, "%s%s%s", folder,
                                   length > 0 ? "/" : "", search->name);
            if (written >= 0 && (size_t)written < sizeof search->path && fits(search->path)) {
                return true;
            }
        }
        at += length;
        if (*at == '\0') {
            break;
        }
    }
    return false;
}

/* DT_RPATH counts for all that its file needs, and what those need; DT_RUNPATH undoes it. */
static bool in_rpaths(struct search *search, size_t needer)
{
    const struct dependency *items = search->found->items;
    if (items[needer].runpath != NULL) {
        return false;
    }
    for (size_t i = needer;; i = items[i].parent) {
        if (in_folders(search, items[i].rpath, ":", items[i].path)) {
            return true;
        }
        if (items[i].parent == i) {
            return false;
        }
    }
}

static bool in_cache(struct search *search)
{
    size_t at = 0;
    const char *path;
    while ((path = loader_cache_next(&search->cache, search->name, &at)) != NULL) {
        (void)snprintf(search->path, sizeof search->path, "%s", path);
        if (fits(search->path)) {
            return true;
        }
    }
    return false;
}

static bool find(struct search *search, size_t needer)
{
    const struct dependency *items = search->found->items;
    const char *origin = items[needer].path;
    if (strchr(search->name, '/') != NULL) {
        return expand(search->name, strlen(search->name), origin, search->path,
                      sizeof search->path) &&
               fits(search->path);
    }
    return in_rpaths(search, needer) ||
           in_folders(search, search->environment, ":;", items[0].path) ||
           in_folders(search, items[needer].runpath, ":", origin) || in_cache(search) ||
           in_folders(search, usual, ":", origin);
}

static bool is_loaded(const struct dependencies *found, const char *name)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct dependency *item = &found->items[i];
        if (strcmp(item->name, name) == 0 ||
            (item->soname != NULL && strcmp(item->soname, name) == 0)) {
            return true;
        }
    }
    return false;
}

/* Adds what the items from first on need, and what that needs: in breadth, as the loader does. */
static void add_all(struct search *search, size_t first)
{
    struct dependencies *found = search->found;
    for (size_t i = first; i < found->count; i++) {
        for (size_t n = 0; n < found->items[i].needed_count; n++) {
            search->name = found->items[i].needed[n];
            if (!is_loaded(found, search->name) && find(search, i)) {
                (void)add(found, search->path, search->name, i);
            }
        }
    }
}

void dependencies_find(struct dependencies *found, const char *program, const char *library)
{
    struct search search = {.found = found, .environment = getenv("LD_LIBRARY_PATH")};
    memset(found, 0, sizeof *found);
    loader_cache_read(&search.cache, LOADER_CACHE_FILE);
    if (add(found, program, program, 0)) {
        add_all(&search, 0);
        found->library = found->count;
        if (add(found, library, library, 0)) {
            add_all(&search, found->library);
        }
    }
    loader_cache_release(&search.cache);
}

void dependencies_release(struct dependencies *found)
{
    for (size_t i = 0; i < found->count; i++) {
        item_release(&found->items[i]);
    }
    free(found->items);
    memset(found, 0, sizeof *found);
}
