/* SPDX-License-Identifier: MIT
 *
 * Small helpers for making JSON. Text of a client may hold any bytes: it becomes valid UTF-8 here.
 * Without memory a member is left out.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include "harness/base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/** Adds the text with each byte that is not part of valid UTF-8 replaced by U+FFFD, and control
 *  characters other than newline and tab by '?'. */
void json_clean(struct buffer *clean, const char *text);

void json_text(cJSON *object, const char *key, const char *text);
/** Adds JSON text that was checked, as it is: line ends may be of any kind. NULL: "{}". */
void json_source(cJSON *object, const char *key, const char *json);
void json_number(cJSON *object, const char *key, double value);
void json_count(cJSON *object, const char *key, uint64_t value);
void json_bool(cJSON *object, const char *key, bool value);
/** A 64-bit number as text: JSON numbers keep 53 bits only. */
void json_wide(cJSON *object, const char *key, uint64_t value);
cJSON *json_object(cJSON *parent, const char *key); /**< a new one inside parent */
cJSON *json_array(cJSON *parent, const char *key);
cJSON *json_item(cJSON *array); /**< a new object at the array's end */
void json_append_text(cJSON *array, const char *text);

/* Readers that never fail: a missing or odd member is "", 0, NULL. */
const char *json_get_text(const cJSON *object, const char *key);
double json_get_number(const cJSON *object, const char *key);
const cJSON *json_get(const cJSON *object, const char *key);

#endif
