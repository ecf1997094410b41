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

static volatile int *volatile nowhere = (volatile int *)16;
static _Atomic int doomed;

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 2 && doomed) {
        *nowhere = 1;
    }
}

/* Evenly in [0, 1), from any text (FNV-1a, then a mixer: near texts must lie far apart). */
static double share_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    hash = (hash ^ (hash >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (double)((hash ^ (hash >> 32)) >> 11) * 0x1p-53;
}

static int sometimes_request(eighth_instance *instance, const struct eighth_request *request,
                             struct eighth_response *response, uint64_t timeout_ns,
                             struct eighth_error *error)
{
    const char *share = getenv("EIGHTH_TEST_SOMETIMES");
    if (base_counts[AT_REQUEST] == 0 && share != NULL && request->header_count > 0) {
        const char *nonce = request->headers[request->header_count - 1].value;
        doomed = share_of(nonce) < strtod(share, NULL);
    }
    return base_request(instance, request, response, timeout_ns, error);
}

__attribute__((constructor)) static void make_table(void)
{
    sometimes_client = base_client;
    sometimes_client.request = sometimes_request;
}
