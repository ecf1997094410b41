/* SPDX-License-Identifier: MIT
 *
 * The options object that init receives, as JSON text.
 */
#ifndef H2_OPTIONS_H
#define H2_OPTIONS_H

#include "client/eighth_client.h"

#include <stdbool.h>

enum h2_cache_setting { H2_CACHE_INSTANCE = 0, H2_CACHE_SHARED_LOCKED, H2_CACHE_NONE };

struct h2_options {
    enum h2_cache_setting cache; /**< "cache" */
    size_t capacity;             /**< "capacity": entries of each cache that is kept */
    bool context_of_instance;    /**< "ssl_ctx": "instance"; false: "shared" */
    bool counters_of_instance;   /**< "statistics": "instance"; false: "process" */
    uint64_t max_response;       /**< "max_response": bytes of one response body */
    uint32_t window;             /**< "window": bytes the server may send ahead */
    uint32_t max_header_bytes;   /**< "max_header_bytes": of one response, names and values */
};

/** The defaults, overridden by text ("{}", "" or NULL: by nothing). An unknown key or an unfit
 * value fails with EIGHTH_UNSUPPORTED and a text that names it. */
int h2_options_parse(struct h2_options *options, const char *text, struct eighth_error *error);

#endif
