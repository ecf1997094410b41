/* SPDX-License-Identifier: MIT
 *
 * Brings the names of functions to one form.
 */
#include "harness/judge/signature_name.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What compilers append, always after a dot; a number may follow each. */
static const char *const suffixes[] = {
    "constprop", "isra", "part", "cold",      "lto_priv", "localalias", "clone", "llvm", "lto",
    "warm",      "hot",  "cfi",  "simdclone", "ipa",      "split",      "local", "str",  "__uniq",
};

static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool is_suffix(const char *word, size_t length)
{
    size_t digits = 0;
    while (digits < length && isdigit((unsigned char)word[digits])) {
        digits++;
    }
    if (length != 0 && digits == length) {
        return true;
    }
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strlen(suffixes[i]) == length && strncmp(word, suffixes[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* How much of the name is left without ".constprop.0" and its like, or " [clone .cold]". */
static size_t without_suffixes(const char *text, size_t length)
{
    const char *clone = memmem(text, length, " [clone ", strlen(" [clone "));
    length = clone != NULL ? (size_t)(clone - text) : length;
    for (;;) {
        size_t at = length;
        while (at != 0 && text[at - 1] != '.') {
            at--;
        }
        if (at < 2 || !is_suffix(text + at, length - at)) {
            return length;
        }
        length = at - 1;
    }
}

/* "::h0123456789abcdef", which Rust puts behind each name. */
static size_t without_rust_hash(const char *text, size_t length)
{
    if (length < 20 || strncmp(text + length - 19, "::h", 3) != 0) {
        return length;
    }
    for (size_t i = length - 16; i < length; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return length;
        }
    }
    return length - 19;
}

/* Of what follows the word operator: "()", "<=", "[]", "->". */
static size_t symbol_length(const char *text)
{
    return strncmp(text, "()", 2) == 0 ? 2 : strspn(text, "<>=-+*/%&|^!~,[]");
}

/* Where the parameters begin: the last '(' outside of template arguments that does not belong to
 * the name itself: "(anonymous namespace)", "operator()", "{lambda(int)#1}". */
static size_t without_parameters(const char *text, size_t length)
{
    int angle = 0;
    int brace = 0;
    for (size_t i = 0; i < length; i++) {
        bool of_operator = i >= 8 && strncmp(text + i - 8, "operator", 8) == 0;
        size_t symbol = of_operator ? symbol_length(text + i) : 0;
        if (symbol != 0) {
            i += symbol - 1;
            continue;
        }
        angle += text[i] == '<' ? 1 : text[i] == '>' ? -1 : 0;
        brace += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        if (text[i] != '(' || angle > 0 || brace > 0) {
            continue;
        }
        if (strncmp(text + i, "(anonymous namespace)", 21) == 0) {
            i += 20;
            continue;
        }
        if (i != 0 &&
            text[i - 1] == '.') { /* the receiver of a method in Go: "main.(*reader).read" */
            i += strcspn(text + i, ")");
            continue;
        }
        /* "f(int)::{lambda()#1}::operator()(int)", "f()::$_0::operator()(int)": a local thing
         * keeps the function that it is in; parameters go from the last list on. */
        const char *local = strstr(text + i, ")::");
        if (local != NULL) {
            i = (size_t)(local - text) + 2;
            continue;
        }
        return i;
    }
    return length;
}

static bool is_word(char character)
{
    return isalnum((unsigned char)character) || character == '_';
}

/* Copies with blanks only where they divide words, and without namespaces that only some
 * symbolizers write. */
static size_t copy_tight(char *to, size_t size, const char *text, size_t length)
{
    static const struct {
        const char *written;
        const char *meant;
    } inner[] = {
        {"std::__cxx11::", "std::"},
        {"std::__1::", "std::"},
        {"(anonymous namespace)::", ""},
        {"{anonymous}::", ""},
    };
    size_t used = 0;
    for (size_t i = 0; i < length && used < size - 1; i++) {
        bool skipped = false;
        for (size_t j = 0; j < sizeof(inner) / sizeof(inner[0]); j++) {
            size_t part = strlen(inner[j].written);
            if (length - i >= part && strncmp(text + i, inner[j].written, part) == 0) {
                size_t meant = strlen(inner[j].meant);
                size_t room = size - 1 - used;
                meant = meant < room ? meant : room;
                memcpy(to + used, inner[j].meant, meant);
                used += meant;
                i += part - 1;
                skipped = true;
                break;
            }
        }
        if (skipped) {
            continue;
        }
        bool divides = i != 0 && i + 1 < length && is_word(text[i - 1]) && is_word(text[i + 1]);
        if (text[i] != ' ' || divides) {
            to[used++] = text[i];
        }
    }
    to[used] = '\0';
    return used;
}

void signature_name(const char *function, char *name, size_t size)
{
    size_t length = strnlen(function, 2048);
    char whole[2048 + 16];
    length = without_suffixes(function, length);
    length = without_rust_hash(function, length);
    bool operator_new = strncmp(function, "operator ", 9) == 0;
    length = operator_new ? length : without_parameters(function, length);
    if (operator_new) {
        const char *bracket = memchr(function, '(', length);
        length = bracket != NULL ? (size_t)(bracket - function) : length;
    }
    length = copy_tight(whole, sizeof(whole), function, length);
    if (length < size) {
        memcpy(name, whole, length + 1);
        return;
    }
    char tail[24];
    int tail_length = snprintf(tail, sizeof(tail), "~%016llx", (unsigned long long)hash_of(whole));
    memcpy(name, whole, size - 1 - (size_t)tail_length);
    memcpy(name + size - 1 - tail_length, tail, (size_t)tail_length + 1);
}

/* "memcpy_avx_unaligned_erms" -> "memcpy": variants for kinds of CPUs. */
static void cut_variant(char *name)
{
    static const char *const variants[] = {"_avx", "_sse", "_evex", "_erms", "_unaligned", "_ssse"};
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        char *at = strstr(name, variants[i]);
        if (at != NULL && at != name) {
            *at = '\0';
        }
    }
}

void signature_name_libc(const char *function, char *name, size_t size)
{
    static const char *const prefixes[] = {"__interceptor_", "___interceptor_", "__GI_",
                                           "__asan_",        "__msan_",         "__libc_"};
    char normal[256];
    signature_name(function, normal, sizeof(normal));
    const char *text = normal;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0) {
            text += strlen(prefixes[i]);
        }
    }
    text += strspn(text, "_");
    char plain[256];
    (void)snprintf(plain, sizeof(plain), "%s", text);
    cut_variant(plain);
    size_t length = strlen(plain);
    if (length > 4 && strcmp(plain + length - 4, "_chk") == 0) {
        plain[length - 4] = '\0';
    }
    (void)snprintf(name, size, "%.*s", (int)(size - 1), plain);
}

void signature_name_bare(const char *normal, char *name, size_t size)
{
    const char *start = normal;
    int angle = 0;
    for (const char *at = normal; *at != '\0'; at++) {
        angle += *at == '<' ? 1 : *at == '>' ? -1 : 0;
        if (angle == 0 && (strncmp(at, "::", 2) == 0 || *at == ' ') && at[1] != '\0') {
            start = at + (*at == ' ' ? 1 : 2);
        }
    }
    bool of_operator = strncmp(start, "operator", 8) == 0;
    size_t length = of_operator ? strlen(start) : strcspn(start, "<(");
    length = length == 0 ? strlen(start) : length;
    (void)snprintf(name, size, "%.*s", (int)(length < size ? length : size - 1), start);
}
