/* SPDX-License-Identifier: MIT
 *
 * Decides which variables belong to a run.
 */
#include "harness/report/settings.h"

#include "harness/report/json.h"
#include "harness/report/report.h"

#include <stdlib.h>
#include <string.h>

/* Of the sanitizers, the loader, glibc's malloc and OpenSSL. SSLKEYLOGFILE is not among them: it
 * changes nothing but a file, and a report from elsewhere shall not choose that. */
static const char *const names[] = {
    "ASAN_OPTIONS",     "LSAN_OPTIONS",    "UBSAN_OPTIONS", "TSAN_OPTIONS",
    "LD_LIBRARY_PATH",  "LD_PRELOAD",      "LD_BIND_NOW",   "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX", "MALLOC_PERTURB_", "OPENSSL_CONF",  "OPENSSL_ia32cap",
};

#define NAMES (sizeof names / sizeof names[0])

void settings_describe(cJSON *object)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL) {
            json_text(object, names[i], value);
        }
    }
}

void settings_prefix(struct buffer *text)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL) {
            buffer_printf(text, "%s=", names[i]);
            report_quote(text, value);
            buffer_puts(text, " ");
        }
    }
}

const char *settings_value(const char *word, const char **name)
{
    for (size_t i = 0; i < NAMES; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(word, names[i], length) == 0 && word[length] == '=') {
            *name = names[i];
            return word + length + 1;
        }
    }
    return NULL;
}
