/* SPDX-License-Identifier: MIT
 *
 * Memory that runs out: the n-th allocation of a whole life fails, for every n. The client may fail
 * with EIGHTH_INTERNAL, or do without what was only an optimisation; it never crashes, and never
 * keeps anything.
 */
#include "tests/unit/h2/support.h"

static _Atomic long allocations;
static _Atomic long balance;
static _Atomic long failing; /* the number of the one that fails; 0: none */

static bool refuse(void)
{
    return atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&failing);
}

static void *counting_allocate(size_t bytes)
{
    void *memory = refuse() ? NULL : malloc(bytes);
    atomic_fetch_add(&balance, memory != NULL);
    return memory;
}

static void *counting_resize(void *old, size_t bytes)
{
    if (refuse()) {
        return NULL;
    }
    void *memory = realloc(old, bytes);
    atomic_fetch_add(&balance, old == NULL && memory != NULL);
    return memory;
}

static void counting_release(void *memory)
{
    atomic_fetch_sub(&balance, memory != NULL);
    free(memory);
}

static void expect_internal(int result, const struct eighth_error *error)
{
    if (result != 0 && error->error_class != EIGHTH_INTERNAL) {
        fail_msg("allocation %ld: phase %d class %d: %s", atomic_load(&failing), error->phase,
                 error->error_class, error->text);
    }
}

/* Whether each step worked. A failed one ends the life, in order. */
static bool live(const char *options, const struct eighth_endpoint *endpoint)
{
    const struct eighth_client *client = eighth_client();
    struct eighth_error error = {.size = sizeof(error)};
    eighth_process *process = NULL;
    eighth_instance *instance = NULL;
    int result = client->init(options, &process, &error);
    expect_internal(result, &error);
    if (result != 0) {
        return false;
    }
    result = client->create(process, endpoint, &instance, &error);
    expect_internal(result, &error);
    for (int i = 0; result == 0 && i < 2; i++) {
        struct eighth_connection connection = {.size = sizeof(connection)};
        unsigned char body[20000] = {0};
        const struct eighth_header header = {"x-name", "value"};
        struct eighth_request request = {.size = sizeof(request),
                                         .method = "POST",
                                         .path = "/echo",
                                         .headers = &header,
                                         .header_count = 1,
                                         .body = body,
                                         .body_length = sizeof(body)};
        struct eighth_response response = {.size = sizeof(response)};
        result = client->open(instance, TIMEOUT, &connection, &error);
        expect_internal(result, &error);
        if (result == 0) {
            result = client->request(instance, &request, &response, TIMEOUT, &error);
            expect_internal(result, &error);
        }
        if (result == 0) {
            result = client->ping(instance, TIMEOUT, &error);
            expect_internal(result, &error);
        }
        int closed = client->close(instance, EIGHTH_CLOSE_GRACEFUL, TIMEOUT, &error);
        expect_internal(closed, &error);
        result = result != 0 ? result : closed;
    }
    if (instance != NULL) {
        client->free(instance);
    }
    client->cleanup(process);
    return result == 0;
}

static void fail_each(const struct test_identity *identity, const char *options)
{
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, identity, TEST_SERVE);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    long survived = 0;
    atomic_store(&failing, 0);
    atomic_store(&allocations, 0);
    assert_true(live(options, &endpoint));
    long all = atomic_load(&allocations);
    assert_true(all > 50);
    for (long n = 1; n <= all; n++) {
        atomic_store(&allocations, 0);
        atomic_store(&failing, n);
        survived += live(options, &endpoint);
        assert_int_equal(atomic_load(&balance), 0);
    }
    assert_true(survived < all); /* a failure of memory does show */
    test_server_stop(&server);
    test_baseline_check(&before);
}

static void bears_each_failed_allocation(void **state)
{
    (void)state;
    static const struct eighth_allocator allocator = {sizeof(allocator), counting_allocate,
                                                      counting_resize, counting_release};
    eighth_client()->set_allocator(&allocator);
    fail_each(&test_good, "{}");
    fail_each(&test_good, "{\"cache\":\"shared-locked\"}");
    fail_each(NULL, "{\"cache\":\"none\",\"statistics\":\"instance\"}");
    eighth_client()->set_allocator(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bears_each_failed_allocation)};
    return cmocka_run_group_tests_name("h2/memory", tests, test_set_up, test_tear_down);
}
