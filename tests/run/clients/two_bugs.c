/* SPDX-License-Identifier: MIT
 *
 * Dies in its third request of one of two bugs, as its options say: "often" kills each process that
 * "rare" leaves alone; "rare" kills the share of them that EIGHTH_TEST_SOMETIMES gives. The nonce
 * of the first request decides, which derives from the trial's seed: the same seed gives the same
 * deaths.
 */
#include "client/eighth_client.h"

#include <stdbool.h>

static struct eighth_client two_client;
#define BASE_TABLE two_client
#include "tests/run/clients/base.h"
#include "tests/run/clients/share.h"

static volatile int *volatile nowhere = (volatile int *)16;
static _Atomic int doomed;
static bool has_often;
static bool has_rare;

__attribute__((noinline)) static void bug_often(void)
{
    *nowhere = 1;
}

__attribute__((noinline)) static void bug_rare(void)
{
    *nowhere = 2;
}

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 2) {
        if (doomed && has_rare) {
            bug_rare();
        } else if (!doomed && has_often) {
            bug_often();
        }
    }
}

static int two_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    has_often = strstr(options, "often") != NULL;
    has_rare = strstr(options, "rare") != NULL;
    return base_init(options, process, error);
}

static int two_request(eighth_instance *instance, const struct eighth_request *request,
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
    two_client = base_client;
    two_client.init = two_init;
    two_client.request = two_request;
}
