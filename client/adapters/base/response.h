/* SPDX-License-Identifier: MIT
 *
 * Fills the response of a request as it comes: the caller's buffers are never written past their
 * end.
 */
#ifndef ADAPTERS_BASE_RESPONSE_H
#define ADAPTERS_BASE_RESPONSE_H

#include "client/eighth_client.h"

/** Adds bytes of the body: what the buffer cannot hold is counted and thrown away. */
void response_add_body(struct eighth_response *response, const void *bytes, size_t length);

/** Stores the header's value (length bytes, cut to what has room) if it is one that is wanted. */
void response_take_header(struct eighth_response *response, const char *name, const char *value,
                          size_t length);

#endif
