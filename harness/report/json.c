/* SPDX-License-Identifier: MIT
 *
 * cJSON with fewer words, and text made clean.
 */
#include "harness/report/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Length of the valid UTF-8 sequence at text, 0 if there is none (RFC 3629: no overlong forms, no
 * surrogates). */
static size_t sequence(const unsigned char *text)
{
    unsigned char first = text[0];
    if (first < 0x80) {
        return 1;
    }
    size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f) ||
        (first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f)) {
        return 0;
    }
    return length;
}

void json_clean(struct buffer *clean, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t length = sequence(at);
        if (length == 0) {
            buffer_puts(clean, "\xef\xbf\xbd");
            at++;
            continue;
        }
        bool control = (*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f;
        buffer_add(clean, control ? "?" : (const char *)at, length);
        at += length;
    }
}

void json_text(cJSON *object, const char *key, const char *text)
{
    struct buffer clean = BUFFER_INIT;
    json_clean(&clean, text);
    (void)cJSON_AddStringToObject(object, key, buffer_text(&clean));
    buffer_clear(&clean);
}

void json_source(cJSON *object, const char *key, const char *json)
{
    (void)cJSON_AddStringToObject(object, key, json != NULL ? json : "{}");
}

void json_number(cJSON *object, const char *key, double value)
{
    (void)cJSON_AddNumberToObject(object, key, isfinite(value) ? value : 0);
}

void json_count(cJSON *object, const char *key, uint64_t value)
{
    (void)cJSON_AddNumberToObject(object, key, (double)value);
}

void json_bool(cJSON *object, const char *key, bool value)
{
    (void)cJSON_AddBoolToObject(object, key, value);
}

void json_wide(cJSON *object, const char *key, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    (void)cJSON_AddStringToObject(object, key, text);
}

cJSON *json_object(cJSON *parent, const char *key)
{
    return cJSON_AddObjectToObject(parent, key);
}

cJSON *json_array(cJSON *parent, const char *key)
{
    return cJSON_AddArrayToObject(parent, key);
}

cJSON *json_item(cJSON *array)
{
    cJSON *item = cJSON_CreateObject();
    if (item != NULL && !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
        item = NULL;
    }
    return item;
}

void json_append_text(cJSON *array, const char *text)
{
    struct buffer clean = BUFFER_INIT;
    json_clean(&clean, text);
    cJSON *item = cJSON_CreateString(buffer_text(&clean));
    if (item != NULL && !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
    }
    buffer_clear(&clean);
}

const cJSON *json_get(const cJSON *object, const char *key)
{
    return object != NULL ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *json_get_text(const cJSON *object, const char *key)
{
    const cJSON *item = json_get(object, key);
    return cJSON_IsString(item) && item->valuestring != NULL ? item->valuestring : "";
}

double json_get_number(const cJSON *object, const char *key)
{
    const cJSON *item = json_get(object, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}
