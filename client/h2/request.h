/* SPDX-License-Identifier: MIT
 *
 * The contract's request.
 */
#ifndef H2_REQUEST_H
#define H2_REQUEST_H

#include "client/eighth_client.h"

int h2_request(eighth_instance *instance, const struct eighth_request *request,
               struct eighth_response *response, uint64_t timeout_ns, struct eighth_error *error);

#endif
