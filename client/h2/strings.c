/* SPDX-License-Identifier: MIT
 *
 * Decides how long an interned string lives: as long as the pool or a request refers to it.
 */
#include "client/h2/strings.h"

#include "client/h2/memory.h"

#include <stdatomic.h>
#include <string.h>

struct h2_string {
    atomic_uint references;
    size_t length;
    char text[]; /**< ended by a zero byte that length does not count */
};

static void string_retain(void *value)
{
    struct h2_string *string = value;
    atomic_fetch_add_explicit(&string->references, 1, memory_order_relaxed);
}

void h2_string_release(struct h2_string *string)
{
    if (string != NULL &&
        atomic_fetch_sub_explicit(&string->references, 1, memory_order_acq_rel) == 1) {
        h2_release(string);
    }
}

static void string_release(void *value)
{
    h2_string_release(value);
}

const struct h2_lru_kind h2_string_kind = {1, NULL, string_retain, string_release};

static struct h2_string *string_create(const char *text, size_t length)
{
    struct h2_string *string = h2_allocate_raw(sizeof(*string) + length + 1);
    if (string != NULL) {
        atomic_init(&string->references, 1);
        string->length = length;
        memcpy(string->text, text, length + 1);
    }
    return string;
}

struct h2_string *h2_string_intern(struct h2_cache_handle pool, const char *text, bool *hit)
{
    size_t length = strlen(text);
    struct h2_string *string = pool.ops->take(pool.cache, text, length);
    *hit = string != NULL;
    if (string == NULL) {
        string = string_create(text, length);
        if (string != NULL) {
            string_retain(string);
            pool.ops->put(pool.cache, text, length, string);
        }
    }
    return string;
}

const char *h2_string_text(const struct h2_string *string)
{
    return string->text;
}

size_t h2_string_length(const struct h2_string *string)
{
    return string->length;
}
