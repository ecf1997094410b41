/* SPDX-License-Identifier: MIT
 *
 * One request of HTTP/1.1 and its response, over whatever carries bytes.
 */
#ifndef ADAPTERS_HTTP1_H
#define ADAPTERS_HTTP1_H

#include "client/adapters/base/endpoint.h"

#include <stdint.h>
#include <sys/types.h>

/** What carries the bytes; each waits until the deadline, and fills *error when it fails. */
struct http1_carrier {
    void *context;
    /** Sends all of it: 0, or -1. */
    int (*send)(void *context, const void *bytes, size_t length, uint64_t deadline,
                struct eighth_error *error);
    /** Bytes received; 0: the peer ended the connection; -1. */
    ssize_t (*receive)(void *context, void *bytes, size_t capacity, uint64_t deadline,
                       struct eighth_error *error);
};

/** Sends the request and takes the response. 0, or -1 with *error; the carrier cannot be used for
 *  another request then. */
int http1_exchange(const struct http1_carrier *carrier, const struct endpoint *endpoint,
                   const struct eighth_request *request, struct eighth_response *response,
                   uint64_t deadline, struct eighth_error *error);

#endif
