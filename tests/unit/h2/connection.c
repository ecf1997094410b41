/* SPDX-License-Identifier: MIT
 *
 * The client against a server that behaves: requests, bodies, streams, sessions, closing.
 */
#include "tests/unit/h2/support.h"

static void check_body(const unsigned char *body, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (body[i] != (uint8_t)(i * 31 + (i >> 8))) {
            fail_msg("byte %zu of the body is wrong", i);
        }
    }
}

static void exchange(eighth_instance *instance)
{
    char path[8] = "";
    unsigned char body[64];
    struct eighth_header_slot slots[] = {{"x-path", path, sizeof(path), 0},
                                         {"x-absent", NULL, 0, 1}};
    struct eighth_response response = {
        .body = body, .body_capacity = sizeof(body), .headers = slots, .header_count = 2};
    assert_int_equal(test_request_for(instance, "GET", "/bytes/1000", NULL, 0, &response, TIMEOUT),
                     0);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body_length, 1000);
    assert_true(response.first_byte_ns > 0);
    assert_int_equal(slots[0].present, 1);
    assert_string_equal(path, "/bytes/"); /* cut to its buffer */
    assert_int_equal(slots[1].present, 0);
    check_body(body, sizeof(body));
}

static void echo(eighth_instance *instance, size_t length)
{
    unsigned char *sent = malloc(length);
    unsigned char *received = malloc(length);
    for (size_t i = 0; i < length; i++) {
        sent[i] = (uint8_t)(i * 31 + (i >> 8));
    }
    struct eighth_response response = {.body = received, .body_capacity = length};
    assert_int_equal(test_request_for(instance, "POST", "/echo", sent, length, &response, TIMEOUT),
                     0);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body_length, length);
    check_body(received, length);
    free(sent);
    free(received);
}

static void ping(eighth_instance *instance)
{
    struct eighth_error error = {.size = sizeof(error)};
    assert_int_equal(eighth_client()->ping(instance, TIMEOUT, &error), 0);
}

/* A whole life with everything in it, over TLS and in clear text. */
static void live(const struct test_identity *identity, const char *options)
{
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, identity, TEST_SERVE);
    eighth_process *process = test_init(options);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_instance *instance = test_create(process, &endpoint);
    for (int i = 0; i < 2; i++) { /* reopened once */
        struct eighth_connection connection;
        struct eighth_error error;
        assert_int_equal(test_open_for(instance, &connection, &error, TIMEOUT), 0);
        assert_true(connection.fd >= 0);
        assert_int_equal(connection.tls_version, server.tls ? 0x0304 : 0);
        assert_string_equal(connection.alpn, server.tls ? "h2" : "");
        assert_true(connection.tcp_ns > 0 && (connection.tls_ns > 0) == server.tls);
        exchange(instance);
        ping(instance);
        echo(instance, 1);
        echo(instance, 3000000);
        assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
        assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
        assert_int_equal(test_get(instance, "/get"), CODE(REQUEST, CANCELLED));
    }
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_int_equal(server.accepted, 2);
    assert_int_equal(server.close_notify, server.tls ? 2 : 0);
    assert_int_equal(server.resets, 0);
    test_baseline_check(&before);
}

static void lives_over_tls(void **state)
{
    (void)state;
    live(&test_good, "{}");
    live(&test_good, "{\"cache\":\"shared-locked\",\"ssl_ctx\":\"instance\"}");
    live(&test_good, "{\"cache\":\"none\",\"window\":65535}");
}

static void lives_in_clear_text(void **state)
{
    (void)state;
    live(NULL, "{}");
    live(NULL, "{\"cache\":\"shared-locked\"}");
    live(NULL, "{\"cache\":\"none\"}");
}

/* ---- sessions ----------------------------------------------------------------------------------
 */

/* One connection with a request. 1 if the handshake was abbreviated. */
static int visit(eighth_instance *instance)
{
    struct eighth_connection connection;
    struct eighth_error error;
    assert_int_equal(test_open_for(instance, &connection, &error, TIMEOUT), 0);
    assert_int_equal(test_get(instance, "/get"), 0);
    assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
    return connection.resumed;
}

/* The same instance twice, then another one: which handshakes are resumed? */
static void resume(const char *options, uint16_t version, int policy, int again, int other)
{
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init(options);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    endpoint.tls_min = version;
    endpoint.tls_max = version;
    endpoint.session = policy;
    eighth_instance *first = test_create(process, &endpoint);
    eighth_instance *second = test_create(process, &endpoint);
    assert_int_equal(visit(first), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(visit(first), again);
    }
    assert_int_equal(visit(second), other);
    eighth_client()->free(first);
    eighth_client()->free(second);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_int_equal(server.resumed, 5 * again + other);
    test_baseline_check(&before);
}

static void resumes_as_the_caches_allow(void **state)
{
    (void)state;
    for (uint16_t version = 0x0303; version <= 0x0304; version++) {
        resume("{}", version, EIGHTH_SESSION_REUSE, 1, 0);
        resume("{\"cache\":\"shared-locked\"}", version, EIGHTH_SESSION_REUSE, 1, 1);
        resume("{\"cache\":\"none\"}", version, EIGHTH_SESSION_REUSE, 0, 0);
        resume("{\"cache\":\"shared-locked\"}", version, EIGHTH_SESSION_NONE, 0, 0);
        resume("{\"cache\":\"shared-locked\"}", version, EIGHTH_SESSION_IMPORT, 0, 0);
    }
}

/* An abrupt end or a drop does not spoil the session for others. */
static void resumes_after_abrupt_close(void **state)
{
    (void)state;
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init("{\"cache\":\"shared-locked\"}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    endpoint.tls_max = 0x0303;
    eighth_instance *first = test_create(process, &endpoint);
    eighth_instance *dropped = test_create(process, &endpoint);
    eighth_instance *second = test_create(process, &endpoint);
    assert_int_equal(test_open(first), 0);
    assert_int_equal(test_close(first, EIGHTH_CLOSE_ABRUPT), 0);
    assert_int_equal(test_open(dropped), 0);
    eighth_client()->free(dropped);
    assert_int_equal(visit(second), 1);
    eighth_client()->free(first);
    eighth_client()->free(second);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_int_equal(server.resumed, 2);
}

static void exports_and_imports(void **state)
{
    (void)state;
    const struct eighth_client *client = eighth_client();
    for (uint16_t version = 0x0303; version <= 0x0304; version++) {
        struct test_baseline before = test_baseline_take();
        struct eighth_error error = {.size = sizeof(error)};
        unsigned char bytes[8192];
        size_t length = 1;
        struct test_server server;
        test_server_start(&server, &test_good, TEST_SERVE);
        eighth_process *process = test_init("{}");
        struct eighth_endpoint endpoint = test_endpoint(&server);
        endpoint.session = EIGHTH_SESSION_IMPORT;
        endpoint.tls_max = version;
        eighth_instance *first = test_create(process, &endpoint);
        eighth_instance *second = test_create(process, &endpoint);
        endpoint.verify = 0;
        eighth_instance *trusting = test_create(process, &endpoint);

        assert_int_equal(client->export_session(first, bytes, sizeof(bytes), &length, &error), 0);
        assert_int_equal(length, 0);
        assert_int_equal(visit(first), 0);
        assert_int_equal(client->export_session(first, bytes, 10, &length, &error), -1);
        assert_int_equal(error.error_class, EIGHTH_INTERNAL);
        assert_true(length > 10);
        assert_int_equal(client->export_session(first, bytes, sizeof(bytes), &length, &error), 0);
        assert_int_equal(client->import_session(second, bytes, length, &error), 0);
        assert_int_equal(visit(second), 1);
        assert_int_equal(visit(second), 0); /* for the next open only */

        assert_int_equal(client->import_session(second, "junk", 4, &error), -1);
        assert_int_equal(error.error_class, EIGHTH_PROTOCOL);
        /* A session of an endpoint that verifies says nothing to one that does not, or the other
         * way round. */
        assert_int_equal(client->import_session(trusting, bytes, length, &error), -1);
        assert_int_equal(error.error_class, EIGHTH_UNSUPPORTED);

        client->free(first);
        client->free(second);
        client->free(trusting);
        client->cleanup(process);
        test_server_stop(&server);
        test_baseline_check(&before);
    }
}

/* ---- many streams
 * --------------------------------------------------------------------------------- */

struct load {
    pthread_t thread;
    eighth_instance *instance;
    int number;
};

static void *run_load(void *argument)
{
    struct load *load = argument;
    for (int i = 0; i < 5; i++) {
        size_t length = (size_t)(load->number * 500 + i);
        unsigned char *body = malloc(length + 1);
        char path[32];
        (void)snprintf(path, sizeof(path), "/bytes/%zu", length);
        struct eighth_response response = {.body = body, .body_capacity = length};
        assert_int_equal(test_request_for(load->instance, "GET", path, NULL, 0, &response, TIMEOUT),
                         0);
        assert_int_equal(response.body_length, length);
        check_body(body, length);
        free(body);
        if (load->number % 10 == 0) {
            echo(load->instance, 100000);
            ping(load->instance);
        }
    }
    return NULL;
}

static void shares_one_instance(void **state)
{
    (void)state;
    const struct test_identity *identities[] = {&test_good, NULL};
    for (int kind = 0; kind < 2; kind++) {
        struct test_server server;
        struct load loads[100];
        test_server_start(&server, identities[kind], TEST_SERVE);
        eighth_process *process = test_init("{}");
        struct eighth_endpoint endpoint = test_endpoint(&server);
        eighth_instance *instance = test_create(process, &endpoint);
        assert_int_equal(test_open(instance), 0);
        for (int i = 0; i < 100; i++) {
            loads[i] = (struct load){.instance = instance, .number = i};
            assert_int_equal(pthread_create(&loads[i].thread, NULL, run_load, &loads[i]), 0);
        }
        for (int i = 0; i < 100; i++) {
            (void)pthread_join(loads[i].thread, NULL);
        }
        assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
        eighth_client()->free(instance);
        eighth_client()->cleanup(process);
        test_server_stop(&server);
        assert_int_equal(server.accepted, 1);
    }
}

static void promises(void **state)
{
    (void)state;
    const struct eighth_client *client = eighth_client();
    assert_ptr_equal(client, eighth_client());
    assert_int_equal(client->abi, EIGHTH_CLIENT_ABI);
    assert_int_equal(client->size, sizeof(*client));
    assert_string_equal(client->name, "h2");
    assert_int_equal(client->capabilities, 0x3f);
}

/* A caller that knows less of a structure gets no more than that. */
static void respects_smaller_structures(void **state)
{
    (void)state;
    struct test_server server;
    test_server_start(&server, NULL, TEST_SERVE);
    eighth_process *process = test_init("{}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_instance *instance = test_create(process, &endpoint);
    struct eighth_connection connection;
    struct eighth_error error;
    memset(&connection, 0x55, sizeof(connection));
    memset(&error, 0x55, sizeof(error));
    connection.size = offsetof(struct eighth_connection, tls_ns);
    error.size = offsetof(struct eighth_error, text) + 5;
    assert_int_equal(eighth_client()->open(instance, TIMEOUT, &connection, &error), 0);
    assert_int_equal(connection.tls_ns, 0x5555555555555555);
    assert_int_equal(connection.size, offsetof(struct eighth_connection, tls_ns));
    assert_int_equal(eighth_client()->open(instance, TIMEOUT, &connection, &error), -1);
    assert_int_equal(error.error_class, EIGHTH_UNSUPPORTED);
    assert_int_equal(strlen(error.text), 4);
    assert_int_equal(error.text[5], 0x55);
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
}

/* ---- statistics ---- */

static void take_requests(void *context, const char *name, double value)
{
    if (strcmp(name, "requests") == 0) {
        *(double *)context = value;
    }
}

static double requests_told(eighth_process *process)
{
    double requests = -1;
    eighth_client()->stats(process, take_requests, &requests);
    return requests;
}

/* Two instances with a request each: what stats() tells while both live, and after the first. */
static void count_requests(const char *options, double live, double half)
{
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init(options);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_instance *first = test_create(process, &endpoint);
    eighth_instance *second = test_create(process, &endpoint);
    (void)visit(first);
    (void)visit(second);
    assert_true(requests_told(process) == live);
    eighth_client()->free(first);
    assert_true(requests_told(process) == half);
    eighth_client()->free(second);
    assert_true(requests_told(process) == 2);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
}

static void counters_belong_to_process_or_instance(void **state)
{
    (void)state;
    count_requests("{}", 2, 2);
    count_requests("{\"statistics\":\"process\"}", 2, 2);
    count_requests("{\"statistics\":\"instance\"}", 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises),
        cmocka_unit_test(lives_over_tls),
        cmocka_unit_test(lives_in_clear_text),
        cmocka_unit_test(resumes_as_the_caches_allow),
        cmocka_unit_test(resumes_after_abrupt_close),
        cmocka_unit_test(exports_and_imports),
        cmocka_unit_test(shares_one_instance),
        cmocka_unit_test(respects_smaller_structures),
        cmocka_unit_test(counters_belong_to_process_or_instance),
    };
    return cmocka_run_group_tests_name("h2/connection", tests, test_set_up, test_tear_down);
}
