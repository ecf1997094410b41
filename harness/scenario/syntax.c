/* SPDX-License-Identifier: MIT
 *
 * Decides whether a text is JSON, and says in words what is wrong with one that is not. Iterative:
 * depth is a counter and an array, not the stack of calls.
 */
#include "harness/scenario/syntax.h"

#include <stdint.h>
#include <string.h>

#define NO_COMMENTS "JSON has no comments; use the key `description`"

/* What must come next. */
enum expecting {
    A_VALUE,
    A_VALUE_OR_END, /* right after [ */
    A_KEY,          /* after a comma in an object */
    A_KEY_OR_END,   /* right after { */
    A_COLON,
    A_SEPARATOR, /* after a value: comma or end */
    NOTHING
};

struct scanner {
    const char *text;
    size_t length;
    size_t at;
    size_t depth;
    char closers[SYNTAX_MAX_DEPTH]; /* of the open containers */
    enum expecting expecting;
    struct syntax_problem *problem;
};

static int fail(struct scanner *scanner, size_t offset, const char *text)
{
    scanner->problem->offset = offset;
    scanner->problem->text = text;
    return -1;
}

/* Bytes of the UTF-8 sequence at text, 0 if it is none (RFC 3629: no overlong forms, surrogates,
 * or numbers above U+10FFFF). */
static size_t utf8_length(const unsigned char *text, size_t left)
{
    unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    size_t length = first >= 0xf0 ? 4 : (first >= 0xe0 ? 3 : 2);
    if (first < 0xc2 || first > 0xf4 || length > left) {
        return 0;
    }
    unsigned char low = first == 0xe0 ? 0xa0 : (first == 0xf0 ? 0x90 : 0x80);
    unsigned char high = first == 0xed ? 0x9f : (first == 0xf4 ? 0x8f : 0xbf);
    if (text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool syntax_is_plain_text(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t size = utf8_length((const unsigned char *)text + at, length - at);
        if (size == 0 || (unsigned char)text[at] < ' ' || text[at] == 0x7f) {
            return false;
        }
        at += size;
    }
    return true;
}

/* Four hexadecimal digits at offset, or -1. */
static long hex4(const struct scanner *scanner, size_t offset)
{
    long value = 0;
    if (scanner->length - offset < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        char c = scanner->text[offset + i];
        if (c >= '0' && c <= '9') {
            value = value * 16 + (c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            value = value * 16 + ((c | 0x20) - 'a' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* A backslash stands at scanner->at; leaves it behind the whole escape. */
static int scan_escape(struct scanner *scanner)
{
    size_t begin = scanner->at++;
    char c = scanner->at < scanner->length ? scanner->text[scanner->at] : '\0';
    scanner->at++;
    if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) {
        return 0;
    }
    if (c != 'u') {
        return fail(scanner, begin, "no such escape in JSON; a backslash is written `\\\\`");
    }
    long unit = hex4(scanner, scanner->at);
    if (unit < 0) {
        return fail(scanner, begin, "`\\u` needs four hexadecimal digits");
    }
    scanner->at += 4;
    if (unit == 0) {
        return fail(scanner, begin, "zero characters are not allowed in texts");
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return 0;
    }
    bool pair = unit <= 0xdbff && scanner->length - scanner->at >= 6 &&
                scanner->text[scanner->at] == '\\' && scanner->text[scanner->at + 1] == 'u';
    long second = pair ? hex4(scanner, scanner->at + 2) : -1;
    if (second < 0xdc00 || second > 0xdfff) {
        return fail(scanner, begin, "half of a surrogate pair");
    }
    scanner->at += 6;
    return 0;
}

/* The opening quote stands at scanner->at. */
static int scan_string(struct scanner *scanner)
{
    size_t begin = scanner->at++;
    while (scanner->at < scanner->length) {
        unsigned char c = (unsigned char)scanner->text[scanner->at];
        if (c == '"') {
            scanner->at++;
            return 0;
        }
        if (c == '\\') {
            if (scan_escape(scanner) != 0) {
                return -1;
            }
            continue;
        }
        if (c == '\n' || c == '\r') {
            return fail(scanner, begin, "this string is not closed on its line");
        }
        if (c < ' ') {
            return fail(scanner, scanner->at, "a control character must be written as an escape");
        }
        size_t size = utf8_length((const unsigned char *)scanner->text + scanner->at,
                                  scanner->length - scanner->at);
        if (size == 0) {
            return fail(scanner, scanner->at, "this is not UTF-8");
        }
        scanner->at += size;
    }
    return fail(scanner, begin, "this string is not closed");
}

static size_t digits(const struct scanner *scanner, size_t at)
{
    size_t count = 0;
    while (at + count < scanner->length && scanner->text[at + count] >= '0' &&
           scanner->text[at + count] <= '9') {
        count++;
    }
    return count;
}

static int scan_number(struct scanner *scanner)
{
    const char *text = scanner->text;
    size_t begin = scanner->at;
    size_t at = begin + (text[begin] == '-');
    size_t count = digits(scanner, at);
    if (count == 0) {
        return fail(scanner, begin, "expected a digit after `-`");
    }
    if (count > 1 && text[at] == '0') {
        return fail(scanner, begin, "a number must not begin with 0");
    }
    at += count;
    if (at < scanner->length && text[at] == '.') {
        count = digits(scanner, at + 1);
        if (count == 0) {
            return fail(scanner, begin, "expected a digit after the decimal point");
        }
        at += count + 1;
    }
    if (at < scanner->length && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < scanner->length && (text[at] == '+' || text[at] == '-');
        count = digits(scanner, at);
        if (count == 0) {
            return fail(scanner, begin, "expected a digit in the exponent");
        }
        at += count;
    }
    if (at - begin > SYNTAX_MAX_NUMBER) {
        return fail(scanner, begin, "a number has at most 63 characters");
    }
    scanner->at = at;
    return 0;
}

static bool is_word(const struct scanner *scanner, const char *word)
{
    size_t length = strlen(word);
    return scanner->length - scanner->at >= length &&
           memcmp(scanner->text + scanner->at, word, length) == 0;
}

static int scan_word(struct scanner *scanner)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(scanner, words[i])) {
            scanner->at += strlen(words[i]);
            return 0;
        }
    }
    char c = scanner->text[scanner->at];
    if (c == '/' || c == '#') {
        return fail(scanner, scanner->at, NO_COMMENTS);
    }
    if (c == '\'') {
        return fail(scanner, scanner->at, "strings stand in double quotes");
    }
    if (c == '}' || c == ']') {
        return fail(scanner, scanner->at, "expected a value; is there a comma too many before it?");
    }
    return fail(scanner, scanner->at,
                "expected a value: \"text\", a number, true, false, null, { or [");
}

static void close_container(struct scanner *scanner)
{
    scanner->at++;
    scanner->depth--;
    scanner->expecting = scanner->depth == 0 ? NOTHING : A_SEPARATOR;
}

static int scan_value(struct scanner *scanner)
{
    char c = scanner->text[scanner->at];
    if (c == '{' || c == '[') {
        if (scanner->depth == SYNTAX_MAX_DEPTH) {
            return fail(scanner, scanner->at, "nested deeper than 32 levels");
        }
        scanner->closers[scanner->depth++] = c == '{' ? '}' : ']';
        scanner->expecting = c == '{' ? A_KEY_OR_END : A_VALUE_OR_END;
        scanner->at++;
        return 0;
    }
    scanner->expecting = scanner->depth == 0 ? NOTHING : A_SEPARATOR;
    if (c == '"') {
        return scan_string(scanner);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return scan_number(scanner);
    }
    return scan_word(scanner);
}

static int scan_key(struct scanner *scanner)
{
    char c = scanner->text[scanner->at];
    if (c == '"') {
        scanner->expecting = A_COLON;
        return scan_string(scanner);
    }
    if (c == '}') {
        return fail(scanner, scanner->at, "expected a key; is there a comma too many before it?");
    }
    return fail(scanner, scanner->at,
                c == '/' || c == '#' ? NO_COMMENTS : "expected a key in double quotes");
}

static int scan_separator(struct scanner *scanner)
{
    char c = scanner->text[scanner->at];
    char closer = scanner->closers[scanner->depth - 1];
    if (c == closer) {
        close_container(scanner);
        return 0;
    }
    if (c == ',') {
        scanner->expecting = closer == '}' ? A_KEY : A_VALUE;
        scanner->at++;
        return 0;
    }
    return fail(scanner, scanner->at,
                closer == '}' ? "expected `,` or `}`" : "expected `,` or `]`");
}

static int scan_token(struct scanner *scanner)
{
    char c = scanner->text[scanner->at];
    switch (scanner->expecting) {
    case A_VALUE_OR_END:
    case A_KEY_OR_END:
        if (c == scanner->closers[scanner->depth - 1]) {
            close_container(scanner);
            return 0;
        }
        return scanner->expecting == A_KEY_OR_END ? scan_key(scanner) : scan_value(scanner);
    case A_VALUE:
        return scan_value(scanner);
    case A_KEY:
        return scan_key(scanner);
    case A_COLON:
        if (c != ':') {
            return fail(scanner, scanner->at, "expected `:` after the key");
        }
        scanner->at++;
        scanner->expecting = A_VALUE;
        return 0;
    case A_SEPARATOR:
        return scan_separator(scanner);
    case NOTHING:
    default:
        return fail(scanner, scanner->at, "nothing may follow the end of the scenario");
    }
}

int syntax_check(const char *text, size_t length, struct syntax_problem *problem)
{
    struct scanner scanner = {.text = text, .length = length, .problem = problem};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        return fail(&scanner, 0, "there must be no byte order mark");
    }
    for (;;) {
        while (scanner.at < length && text[scanner.at] != '\0' &&
               strchr(" \t\r\n", text[scanner.at]) != NULL) {
            scanner.at++;
        }
        if (scanner.at >= length) {
            break;
        }
        if (scan_token(&scanner) != 0) {
            return -1;
        }
    }
    if (scanner.expecting == NOTHING) {
        return 0;
    }
    if (scanner.depth == 0) {
        return fail(&scanner, length, "there is no JSON in it");
    }
    return fail(&scanner, length,
                scanner.closers[scanner.depth - 1] == '}' ? "the file ends before a `}`"
                                                          : "the file ends before a `]`");
}
