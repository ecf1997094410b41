/* SPDX-License-Identifier: MIT
 *
 * Which texts have which form.
 */
#include "harness/scenario/forms.h"

#include <stddef.h>
#include <string.h>

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define ALPHANUMERIC UPPER LOWER DIGITS

/* All characters are of the set, and there are `least` to `most` of them. */
static bool consists_of(const char *text, const char *set, size_t least, size_t most)
{
    size_t length = strspn(text, set);
    return text[length] == '\0' && length >= least && length <= most;
}

static bool is_any(const char *text)
{
    (void)text;
    return true;
}

static bool is_name(const char *text)
{
    return *text != '-' && consists_of(text, ALPHANUMERIC "-", 1, 64);
}

static bool is_client(const char *text)
{
    return *text != '\0' && strchr(ALPHANUMERIC, *text) != NULL &&
           consists_of(text, ALPHANUMERIC "_+-", 1, 256);
}

static bool is_method(const char *text)
{
    return consists_of(text, UPPER, 1, 16);
}

static bool is_path(const char *text)
{
    if (*text != '/') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~' || *text == '#') {
            return false;
        }
    }
    return true;
}

static bool is_protocols(const char *text)
{
    bool inside = false;
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~' || (*text == ',' && !inside)) {
            return false;
        }
        inside = *text != ',';
    }
    return inside;
}

static bool is_protocols_or_none(const char *text)
{
    return *text == '\0' || is_protocols(text);
}

static bool is_host(const char *text)
{
    return consists_of(text, ALPHANUMERIC "._-", 1, 253);
}

static bool is_address(const char *text)
{
    size_t host;
    if (*text == '[') {
        host = strspn(++text, DIGITS "ABCDEFabcdef:.");
        if (text[host] != ']') {
            return false;
        }
        text += 1;
    } else {
        host = strspn(text, ALPHANUMERIC "._-");
    }
    return host > 0 && text[host] == ':' && consists_of(text + host + 1, DIGITS, 1, 5);
}

static bool is_header(const char *text)
{
    return consists_of(text, LOWER DIGITS "-_.!#$%&'*+^`|~", 1, 256);
}

const struct form form_any = {is_any, NULL, "a text of at most 4096 bytes"};
const struct form form_name = {is_name, "[A-Za-z0-9][A-Za-z0-9-]{0,63}",
                               "a name of letters, digits and `-`, 64 at most"};
const struct form form_client = {is_client, "[A-Za-z0-9][A-Za-z0-9_+-]{0,255}",
                                 "the name of a client or a path to a .so"};
const struct form form_method = {is_method, "[A-Z]{1,16}", "a method in capitals such as \"GET\""};
const struct form form_path = {is_path, "/[!-\"$-~]*",
                               "a path that begins with `/`, in visible ASCII without `#`"};
const struct form form_protocols = {is_protocols, "[!-+.-~-]+(,[!-+.-~-]+)*",
                                    "protocols separated by commas, such as \"h2\""};
const struct form form_protocols_or_none = {is_protocols_or_none, "([!-+.-~-]+(,[!-+.-~-]+)*)?",
                                            "protocols separated by commas, such as \"h2\""};
const struct form form_host = {is_host, "[A-Za-z0-9._-]{1,253}", "a host name"};
const struct form form_address = {is_address, "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}",
                                  "host and port such as \"127.0.0.1:8443\" or \"[::1]:8443\""};
const struct form form_header = {is_header, "[a-z0-9_.!#$%&'*+^`|~-]{1,256}",
                                 "a header name in lower case"};
