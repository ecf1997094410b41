/* SPDX-License-Identifier: MIT
 *
 * Decides which name is sent as SNI and which name the certificate must carry.
 */
#include "client/h2/names.h"

#include "client/h2/memory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdatomic.h>
#include <string.h>

struct name_box {
    atomic_uint references;
    struct h2_name name; /* last: it ends in its text */
};

static struct name_box *box_of(const struct h2_name *name)
{
    return (struct name_box *)((char *)(uintptr_t)name - offsetof(struct name_box, name));
}

static void name_retain(void *value)
{
    atomic_fetch_add_explicit(&box_of(value)->references, 1, memory_order_relaxed);
}

void h2_name_release(const struct h2_name *name)
{
    if (name != NULL &&
        atomic_fetch_sub_explicit(&box_of(name)->references, 1, memory_order_acq_rel) == 1) {
        h2_release(box_of(name));
    }
}

static void name_release(void *value)
{
    h2_name_release(value);
}

const struct h2_lru_kind h2_name_kind = {1, NULL, name_retain, name_release};

bool h2_name_is_literal(const char *text)
{
    unsigned char address[16];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* Lower case, and without the dot that ends a fully qualified name: RFC 6066 3 wants neither. */
static struct h2_name *decide(const char *host, const char *sni)
{
    const char *source = sni != NULL ? sni : host;
    size_t length = strlen(source);
    struct name_box *box = h2_allocate(sizeof(*box) + length + 1);
    if (box == NULL) {
        return NULL;
    }
    atomic_init(&box->references, 1);
    struct h2_name *name = &box->name;
    for (size_t i = 0; i < length; i++) {
        name->text[i] = (char)tolower((unsigned char)source[i]);
    }
    if (length > 1 && source[length - 1] == '.') {
        name->text[length - 1] = '\0';
    }
    name->literal = h2_name_is_literal(name->text);
    name->verify = name->text;
    name->send = sni != NULL || !name->literal ? name->text : NULL;
    return name;
}

/* The key tells an explicit sni from the host of the same text: only the former sends a literal. */
static size_t write_key(char *key, size_t capacity, const char *host, const char *sni)
{
    const char *source = sni != NULL ? sni : host;
    size_t length = strnlen(source, capacity - 1);
    key[0] = sni != NULL ? 's' : 'h';
    memcpy(key + 1, source, length);
    return length + 1;
}

const struct h2_name *h2_name_of(struct h2_cache_handle cache, const char *host, const char *sni,
                                 bool *hit)
{
    char key[512];
    size_t length = write_key(key, sizeof(key), host, sni);
    if (length == sizeof(key)) { /* no valid name is so long: not worth remembering */
        *hit = false;
        return decide(host, sni);
    }
    struct h2_name *name = cache.ops->take(cache.cache, key, length);
    *hit = name != NULL;
    if (name == NULL) {
        name = decide(host, sni);
        if (name != NULL) {
            name_retain(name);
            cache.ops->put(cache.cache, key, length, name);
        }
    }
    return name;
}
