/* SPDX-License-Identifier: MIT
 *
 * Gives wrong answers: EIGHTH_TEST_ANSWER is "status" (500 to the third request) or "error"
 * (the third request fails as if the peer had reset it, with a text of odd bytes).
 */
#include "client/eighth_client.h"

static struct eighth_client wrong_client;
#define BASE_TABLE wrong_client
#include "tests/run/clients/base.h"

static void misbehave(enum base_operation operation, unsigned count)
{
    (void)operation;
    (void)count;
}

static int wrong_request(eighth_instance *instance, const struct eighth_request *request,
                         struct eighth_response *response, uint64_t timeout_ns,
                         struct eighth_error *error)
{
    const char *what = getenv("EIGHTH_TEST_ANSWER");
    int result = base_request(instance, request, response, timeout_ns, error);
    if (what != NULL && atomic_load(&base_counts[AT_REQUEST]) == 3) {
        if (strcmp(what, "status") == 0) {
            response->status = 500;
        } else if (strcmp(what, "error") == 0) {
            errno = ECONNRESET;
            return base_fail(error, EIGHTH_PHASE_REQUEST, EIGHTH_RESET,
                             "bad \xff bytes \x1b[31m and <markup> & 'quotes'");
        }
    }
    return result;
}

__attribute__((constructor)) static void make_table(void)
{
    wrong_client = base_client;
    wrong_client.request = wrong_request;
}
