/* SPDX-License-Identifier: MIT
 *
 * Knows callgrind's options, and the one line of its output that counts. The format:
 * https://valgrind.org/docs/manual/cl-format.html
 */
#include "harness/watch/callgrind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counted is what runs below the main function of the pool's threads. */
#define TOGGLE "--toggle-collect=turns_main"

bool callgrind_find(char *text, size_t capacity)
{
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        int written = snprintf(text, capacity, "%.*s/valgrind", (int)length, path);
        if (written > 0 && (size_t)written < capacity && access(text, X_OK) == 0) {
            return true;
        }
        path += length + (path[length] == ':');
    }
    return false;
}

void callgrind_prepare(struct callgrind *callgrind, const char *valgrind, const char *worker,
                       const char *folder)
{
    (void)snprintf(callgrind->out, sizeof callgrind->out, "%.4096s/callgrind.%d", folder,
                   (int)getpid());
    (void)snprintf(callgrind->option, sizeof callgrind->option, "--callgrind-out-file=%s",
                   callgrind->out);
    const char *words[CALLGRIND_WORDS] = {valgrind, "--quiet",         "--tool=callgrind",
                                          TOGGLE,   callgrind->option, worker};
    memcpy(callgrind->words, words, sizeof words);
}

uint64_t callgrind_total(const char *text)
{
    static const char key[] = "\ntotals: ";
    const char *line = strstr(text, key);
    if (line == NULL) {
        return 0;
    }
    const char *number = line + sizeof key - 1;
    char *end;
    errno = 0;
    unsigned long long total = strtoull(number, &end, 10);
    bool whole = *number >= '0' && *number <= '9' && (*end == '\n' || *end == '\0') && errno == 0;
    return whole ? total : 0;
}

uint64_t callgrind_take(const struct callgrind *callgrind)
{
    /* The line stands at the file's end. */
    char text[512];
    uint64_t total = 0;
    FILE *file = fopen(callgrind->out, "re");
    if (file == NULL) {
        return 0;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        long tail = (long)sizeof text - 1;
        if (size > 0 && fseek(file, size > tail ? size - tail : 0, SEEK_SET) == 0) {
            text[fread(text, 1, sizeof text - 1, file)] = '\0';
            total = callgrind_total(text);
        }
    }
    (void)fclose(file);
    (void)unlink(callgrind->out);
    return total;
}
