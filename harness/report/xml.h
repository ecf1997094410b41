/* SPDX-License-Identifier: MIT
 *
 * Text inside XML.
 */
#ifndef REPORT_XML_H
#define REPORT_XML_H

#include "harness/base/buffer.h"

/** Adds words escaped for element content and attributes. They are valid UTF-8 already; XML 1.0
 *  knows no control characters, which become '?'. */
void xml_escaped(const char *words, struct buffer *text);

/** Adds ' name="value"', escaped. */
void xml_attribute(const char *name, const char *value, struct buffer *text);

#endif
