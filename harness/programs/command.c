/* SPDX-License-Identifier: MIT
 *
 * Decides what a program sees of the world around it.
 */
#include "harness/programs/command.h"

#include "harness/watch/program_driver.h"
#include "harness/watch/sanitizer_logs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a program gets of eighth's own environment unless it gets all: so little that a run is the
 * same from every terminal, and enough to find programs, libraries and a home. */
static const char *const passed[] = {
    "PATH",   "HOME", "USER",   "LOGNAME",         "LANG",
    "LC_ALL", "TZ",   "TMPDIR", "LD_LIBRARY_PATH", "GLIBC_TUNABLES"};

static size_t count_texts(const char *const *texts)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL) {
        count++;
    }
    return count;
}

static bool same_name(const char *one, const char *other)
{
    size_t length = strcspn(one, "=");
    return strncmp(one, other, length) == 0 && other[length] == '=';
}

static bool is_passed(const char *entry)
{
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        if (same_name(passed[i], entry)) {
            return true;
        }
    }
    return false;
}

static bool is_set(char *const *entries, const char *entry)
{
    for (; entries != NULL && *entries != NULL; entries++) {
        if (same_name(*entries, entry)) {
            return true;
        }
    }
    return false;
}

static char *expand(const char *text, const char *const values[PLACEHOLDERS])
{
    struct buffer expanded = BUFFER_INIT;
    placeholder_expand(text, values, &expanded);
    if (expanded.truncated) {
        buffer_clear(&expanded);
        return NULL;
    }
    return expanded.text != NULL ? expanded.text : strdup("");
}

static void free_texts(char **texts)
{
    for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
        free(texts[i]);
    }
    free(texts);
}

static char **make_words(char *const *exec, const char *const values[PLACEHOLDERS])
{
    size_t count = count_texts((const char *const *)(uintptr_t)exec);
    char **words = calloc(count + 1, sizeof *words);
    for (size_t i = 0; words != NULL && i < count; i++) {
        words[i] = i == 0 ? strdup(exec[0]) : expand(exec[i], values);
        if (words[i] == NULL) {
            free_texts(words);
            return NULL;
        }
    }
    return words;
}

/* Without what sanitizers are told. */
static char **make_plain(const struct client_model *client, const char *const values[PLACEHOLDERS],
                         const char *const *own, const char *mark)
{
    size_t used = 0;
    size_t given = count_texts((const char *const *)(uintptr_t)client->env);
    char **plain = calloc(count_texts(own) + given + 2, sizeof *plain);
    bool whole = plain != NULL;
    for (; whole && *own != NULL; own++) {
        if ((client->inherit_env || is_passed(*own)) && !is_set(client->env, *own) &&
            !same_name(PROGRAM_VARIABLE, *own)) {
            plain[used] = strdup(*own);
            whole = plain[used++] != NULL;
        }
    }
    for (size_t i = 0; whole && i < given; i++) {
        plain[used] = expand(client->env[i], values);
        whole = plain[used++] != NULL;
    }
    if (whole && asprintf(&plain[used], "%s=%s", PROGRAM_VARIABLE, mark) < 0) {
        plain[used] = NULL;
        whole = false;
    }
    if (!whole) {
        free_texts(plain);
        return NULL;
    }
    return plain;
}

int program_command_make(struct program_command *command, const struct client_model *client,
                         const char *const values[PLACEHOLDERS], const char *const *own,
                         const char *mark, const char *log)
{
    char **plain = make_plain(client, values, own, mark);
    command->words = make_words(client->exec, values);
    command->environment =
        plain != NULL ? sanitizer_logs_of_program(log, (const char *const *)plain) : NULL;
    free_texts(plain);
    if (command->words == NULL || command->environment == NULL) {
        program_command_release(command);
        return -1;
    }
    return 0;
}

void program_command_release(struct program_command *command)
{
    free_texts(command->words);
    sanitizer_logs_free_environment(command->environment);
    command->words = NULL;
    command->environment = NULL;
}
