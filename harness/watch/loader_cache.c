/* SPDX-License-Identifier: MIT
 *
 * Walks the entries of the cache; every offset is checked against what was read.
 */
#include "harness/watch/loader_cache.h"

#include "harness/base/buffer.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)16 << 20)

static const char magic[] = "glibc-ld.so.cache1.1";

/* As glibc's sysdeps/generic/dl-cache.h lays them out; offsets count from the header. */
struct cache_header {
    char magic[sizeof magic - 1];
    uint32_t entries;
    uint32_t strings;
    uint8_t flags;
    uint8_t unused[3];
    uint32_t extension;
    uint32_t reserved[3];
};

struct cache_entry {
    int32_t flags;
    uint32_t name;
    uint32_t path;
    uint32_t system;
    uint64_t processors;
};

_Static_assert(sizeof(struct cache_header) == 48, "as in the file");
_Static_assert(sizeof(struct cache_entry) == 24, "as in the file");

void loader_cache_read(struct loader_cache *cache, const char *path)
{
    struct buffer bytes = {.ceiling = MOST_BYTES};
    char part[65536];
    ssize_t length;
    memset(cache, 0, sizeof *cache);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    while ((length = read(fd, part, sizeof part)) > 0 && !bytes.truncated) {
        buffer_add(&bytes, part, (size_t)length);
    }
    (void)close(fd);
    if (length != 0 || bytes.truncated || bytes.length < sizeof(struct cache_header) ||
        memcmp(bytes.text, magic, sizeof magic - 1) != 0) {
        buffer_clear(&bytes);
        return;
    }
    cache->bytes = (unsigned char *)bytes.text;
    cache->length = bytes.length;
}

/* The buffer ends the bytes with a zero byte of its own: no text runs beyond it. */
static const char *text_at(const struct loader_cache *cache, uint32_t offset)
{
    return offset < cache->length ? (const char *)cache->bytes + offset : "";
}

const char *loader_cache_next(const struct loader_cache *cache, const char *name, size_t *at)
{
    struct cache_header header;
    if (cache->bytes == NULL) {
        return NULL;
    }
    memcpy(&header, cache->bytes, sizeof header);
    while (*at < header.entries) {
        size_t offset = sizeof header + (*at)++ * sizeof(struct cache_entry);
        struct cache_entry entry;
        if (offset + sizeof entry > cache->length) {
            return NULL;
        }
        memcpy(&entry, cache->bytes + offset, sizeof entry);
        if (entry.processors == 0 && strcmp(text_at(cache, entry.name), name) == 0) {
            return text_at(cache, entry.path);
        }
    }
    return NULL;
}

void loader_cache_release(struct loader_cache *cache)
{
    free(cache->bytes);
    memset(cache, 0, sizeof *cache);
}
