/* SPDX-License-Identifier: MIT
 *
 * What one libcurl client holds, and the steps of its transfers.
 *
 * libcurl connects when it transfers; there is no way to connect first and to transfer over the
 * same connection later. open therefore sends HEAD / and keeps the connection in the handle's pool.
 */
#ifndef ADAPTERS_CURL_INSTANCE_H
#define ADAPTERS_CURL_INSTANCE_H

#include "client/adapters/base/endpoint.h"

#include <curl/curl.h>
#include <stdbool.h>

enum curl_interface { CURL_EASY = 0, CURL_MULTI };

struct eighth_process {
    unsigned interface; /**< enum curl_interface */
    unsigned http1;     /**< clear text speaks HTTP/1.1 instead of HTTP/2 */
    CURLSH *share;      /**< NULL: nothing is shared */
};

struct eighth_instance {
    const eighth_process *process;
    struct endpoint endpoint;
    CURL *easy;   /**< NULL: not open */
    CURLM *multi; /**< NULL: the easy interface */
    char url[320];
    struct curl_slist *connect_to;
    char text[CURL_ERROR_SIZE];
    /* Of the transfer that runs: */
    bool shaking;                         /**< TCP is connected, TLS has begun */
    bool ready;                           /**< connected, TLS done, the request may go */
    bool wrong_protocol;                  /**< the server did not select what was asked for */
    struct eighth_connection *connection; /**< to fill in; NULL: this is no open */
    struct eighth_response *response;     /**< NULL: this is no request */
    uint64_t begun;
};

/** Resets the handle and sets all that does not depend on the request; deadline of the transfer.
 *  False: libcurl cannot. */
bool curl_prepare(eighth_instance *instance, uint64_t deadline);

/** Transfers, by the process's interface. */
CURLcode curl_transfer(eighth_instance *instance);

/** What a failed transfer means. Returns -1. */
int curl_explain(const eighth_instance *instance, CURLcode code, struct eighth_error *error);

#endif
