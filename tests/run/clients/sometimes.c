/* SPDX-License-Identifier: MIT
 *
 * Dies of SIGSEGV in its third request in some processes: in the share EIGHTH_TEST_SOMETIMES of
 * them (0.3: three of ten). The nonce of the first request decides, which derives from the trial's
 * seed: the same seed gives the same deaths.
 */
#include "client/eighth_client.h"

static struct eighth_client sometimes_client;
#define BASE_TABLE sometimes_client
#include "tests/run/clients/base.h"
#include "tests/run/clients/share.h"

static volatile int *volatile nowhere = (volatile int *)16;
static _Atomic int doomed;

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 2 && doomed) {
        *nowhere = 1;
    }
}

static int sometimes_request(eighth_instance *instance, const struct eighth_request *request,
                             struct eighth_response *response, uint64_t timeout_ns,
                             struct eighth_error *error)
{
    const char *share = getenv("EIGHTH_TEST_SOMETIMES");
    if (base_counts[AT_REQUEST] == 0 && share != NULL && request->header_count > 0) {
        doomed = share_of(nonce_of(request), 0) < strtod(share, NULL);
    }
    return base_request(instance, request, response, timeout_ns, error);
}

__attribute__((constructor)) static void make_table(void)
{
    sometimes_client = base_client;
    sometimes_client.request = sometimes_request;
}
