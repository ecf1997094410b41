/* SPDX-License-Identifier: MIT
 *
 * Which characters XML takes as they are.
 */
#include "harness/report/xml.h"

void xml_escaped(const char *words, struct buffer *text)
{
    for (; *words != '\0'; words++) {
        unsigned char byte = (unsigned char)*words;
        switch (byte) {
        case '&':
            buffer_puts(text, "&amp;");
            break;
        case '<':
            buffer_puts(text, "&lt;");
            break;
        case '>':
            buffer_puts(text, "&gt;");
            break;
        case '"':
            buffer_puts(text, "&quot;");
            break;
        case '\n':
            buffer_puts(text, "&#10;");
            break;
        case 0xef:
            /* U+FFFE and U+FFFF are no characters of XML 1.0 (section 2.2). */
            if ((unsigned char)words[1] == 0xbf && (unsigned char)words[2] >= 0xbe) {
                buffer_puts(text, "\xef\xbf\xbd");
                words += 2;
            } else {
                buffer_add(text, words, 1);
            }
            break;
        default:
            buffer_add(text, byte < 0x20 && byte != '\t' ? "?" : words, 1);
        }
    }
}

void xml_attribute(const char *name, const char *value, struct buffer *text)
{
    buffer_printf(text, " %s=\"", name);
    xml_escaped(value, text);
    buffer_puts(text, "\"");
}
