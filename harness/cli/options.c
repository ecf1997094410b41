/* SPDX-License-Identifier: MIT
 *
 * --name, --name=value, --name value, -x, -x value.
 */
#include "harness/cli/options.h"

#include "harness/scenario/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct option_entry *find_long(const struct verb_help *help, const char *name,
                                            size_t length)
{
    for (size_t i = 0; i < help->option_count; i++) {
        const char *known = help->options[i].name;
        if (strlen(known) == length && strncmp(known, name, length) == 0) {
            return &help->options[i];
        }
    }
    return NULL;
}

static const struct option_entry *find_short(const struct verb_help *help, char letter)
{
    for (size_t i = 0; i < help->option_count; i++) {
        if (help->options[i].letter == letter && letter != '\0') {
            return &help->options[i];
        }
    }
    return NULL;
}

static int unknown(const struct verb_help *help, const char *word, struct failure *failure)
{
    struct suggestion suggestion;
    char name[64] = "";
    size_t length = strcspn(word + strspn(word, "-"), "=");
    length = length < sizeof name ? length : sizeof name - 1;
    memcpy(name, word + strspn(word, "-"), length);
    suggest_begin(&suggestion, name);
    suggest_offer(&suggestion, "help");
    for (size_t i = 0; i < help->option_count; i++) {
        suggest_offer(&suggestion, help->options[i].name);
    }
    if (suggestion.best != NULL && length > 1) {
        return failure_set(failure, FAILURE_USAGE,
                           "unknown option %s; did you mean --%s? (`eighth %s --help` lists all)",
                           word, suggestion.best, help->verb);
    }
    return failure_set(failure, FAILURE_USAGE, "unknown option %s (`eighth %s --help` lists all)",
                       word, help->verb);
}

/* Takes the option at argv[*i], and its value, which may be the next word. */
static int take_option(const struct verb_help *help, int argc, char **argv, int *i, void *context,
                       struct failure *failure)
{
    const char *word = argv[*i];
    const struct option_entry *entry;
    const char *value = NULL;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        entry = find_long(help, word + 2, length);
        value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;
    } else {
        entry = find_short(help, word[1]);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (entry == NULL) {
        return unknown(help, word, failure);
    }
    if (entry->argument == NULL && value != NULL) {
        return failure_set(failure, FAILURE_USAGE, "--%s takes no value", entry->name);
    }
    if (entry->argument != NULL && value == NULL) {
        if (*i + 1 >= argc) {
            return failure_set(failure, FAILURE_USAGE, "--%s needs a value: --%s %s", entry->name,
                               entry->name, entry->argument);
        }
        value = argv[++*i];
    }
    return entry->take(context, value, failure);
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

int options_parse(const struct verb_help *help, int argc, char **argv, void *context, int *words,
                  struct failure *failure)
{
    bool only_words = false;
    *words = 0;
    if (wants_help(argc, argv)) {
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (take_option(help, argc, argv, &i, context, failure) != 0) {
                return -1;
            }
        } else {
            argv[1 + (*words)++] = argv[i];
        }
    }
    return 0;
}

static void add_option(const struct option_entry *entry, struct buffer *text)
{
    char letter[8] = "    ";
    struct buffer left = BUFFER_INIT;
    if (entry->letter != '\0') {
        letter[0] = '-';
        letter[1] = entry->letter;
        letter[2] = ',';
    }
    buffer_printf(&left, "  %s--%s%s%s", letter, entry->name, entry->argument != NULL ? " " : "",
                  entry->argument != NULL ? entry->argument : "");
    buffer_printf(text, "%-30s", buffer_text(&left));
    if (left.length >= 30) {
        buffer_printf(text, "\n%-30s", "");
    }
    for (const char *at = entry->help; *at != '\0'; at++) {
        buffer_add(text, at, 1);
        if (*at == '\n') {
            buffer_printf(text, "%-30s", "");
        }
    }
    buffer_puts(text, "\n");
    buffer_clear(&left);
}

void options_help(const struct verb_help *help, struct buffer *text)
{
    static const struct option_entry help_entry = {"help", 'h', NULL, "this text", NULL};
    buffer_printf(text, "usage: eighth %s %s\n\n%s\n", help->verb, help->usage, help->what);
    buffer_puts(text, "\noptions:\n");
    for (size_t i = 0; i < help->option_count; i++) {
        add_option(&help->options[i], text);
    }
    add_option(&help_entry, text);
    if (help->examples != NULL) {
        buffer_printf(text, "\nexamples:\n%s\n", help->examples);
    }
}

int options_number(const char *option, const char *text, unsigned long long minimum,
                   unsigned long long maximum, unsigned long long *value, struct failure *failure)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || *value < minimum ||
        *value > maximum) {
        return failure_set(failure, FAILURE_USAGE,
                           "--%s: expected a whole number from %llu to %llu, got \"%s\"", option,
                           minimum, maximum, text);
    }
    return 0;
}
