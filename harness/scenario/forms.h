/* SPDX-License-Identifier: MIT
 *
 * Forms of texts in scenarios: each as a function for the parser and as a pattern, without ^ and $,
 * for the JSON Schema. A test holds both together.
 */
#ifndef SCENARIO_FORMS_H
#define SCENARIO_FORMS_H

#include <stdbool.h>

struct form {
    bool (*fits)(const char *text);
    const char *pattern;  /**< NULL: any text */
    const char *expected; /**< "a name of letters, ...": for messages */
};

extern const struct form form_any;
extern const struct form form_name;      /**< of a scenario */
extern const struct form form_client;    /**< name of a client */
extern const struct form form_method;    /**< of HTTP */
extern const struct form form_path;      /**< of a request */
extern const struct form form_protocols; /**< for ALPN, at least one */
extern const struct form form_protocols_or_none;
extern const struct form form_host;    /**< a host name */
extern const struct form form_address; /**< host:port; the range of the port is not checked */
extern const struct form form_header;  /**< name of a header field */

#endif
