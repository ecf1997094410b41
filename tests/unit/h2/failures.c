/* SPDX-License-Identifier: MIT
 *
 * The client against servers that misbehave, each in one way: the right phase and class, in time,
 * and nothing left behind.
 */
#include "tests/unit/h2/support.h"

/* Opens and, if that works, requests path. The first failure's code, or 0. */
static int attempt(const struct eighth_endpoint *endpoint, const char *options, const char *path,
                   uint64_t timeout, char text[192])
{
    eighth_process *process = test_init(options);
    eighth_instance *instance = test_create(process, endpoint);
    struct eighth_connection connection;
    struct eighth_error error;
    int code = test_open_for(instance, &connection, &error, timeout);
    if (code == 0) {
        struct eighth_response response = {.size = sizeof(response)};
        struct eighth_request request = {.size = sizeof(request), .method = "GET", .path = path};
        code = test_code(eighth_client()->request(instance, &request, &response, timeout, &error),
                         &error);
        /* A second one on the same instance tells, too, and at once if the connection is dead. */
        (void)eighth_client()->request(instance, &request, &response, 50 * MS,
                                       &(struct eighth_error){.size = sizeof(error)});
    }
    (void)memcpy(text, error.text, sizeof(error.text));
    assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    return code;
}

struct handshake_case {
    enum test_mode mode;
    int code;
    int other_code; /**< allowed instead: it depends on what arrives first */
};

static void fails_in_the_handshake(void **state)
{
    (void)state;
    static const struct handshake_case cases[] = {
        {TEST_STALL, CODE(TLS, TIMEOUT), 0},
        {TEST_RESET_HANDSHAKE, CODE(TLS, RESET), 0},
        {TEST_EOF_HANDSHAKE, CODE(TLS, RESET), 0},
        {TEST_ALERT, CODE(TLS, PROTOCOL), 0},
        {TEST_GARBAGE, CODE(TLS, PROTOCOL), 0},
        {TEST_NO_ALPN, CODE(ALPN, PROTOCOL), 0},
        {TEST_ALPN_ALERT, CODE(ALPN, PROTOCOL), 0},
        {TEST_RESET_AFTER, CODE(H2, RESET), CODE(REQUEST, RESET)},
        {TEST_H2_GARBAGE, CODE(REQUEST, PROTOCOL), CODE(H2, PROTOCOL)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct test_baseline before = test_baseline_take();
        struct test_server server;
        char text[192];
        test_server_start(&server, &test_good, cases[i].mode);
        struct eighth_endpoint endpoint = test_endpoint(&server);
        uint64_t begun = test_now();
        uint64_t timeout = cases[i].mode == TEST_STALL ? 300 * MS : TIMEOUT;
        int code = attempt(&endpoint, "{}", "/get", timeout, text);
        if (code != cases[i].code && (code != cases[i].other_code || code == 0)) {
            fail_msg("case %zu: phase %d class %d: %s", i, code / 256, code % 256, text);
        }
        assert_true(cases[i].mode != TEST_STALL || test_now() - begun >= 300 * MS);
        assert_true(test_now() - begun < 10000 * MS);
        test_server_stop(&server);
        test_baseline_check(&before);
    }
}

static void judges_certificates(void **state)
{
    (void)state;
    struct test_identity stranger = test_identity_make("another CA", NULL, NULL, 30);
    struct certificate_case {
        struct test_identity identity;
        const char *sni;
        int code;
        const char *text;
    } cases[] = {
        {test_identity_make("a", &test_ca, "IP:127.0.0.1", -1), NULL, CODE(TLS, CERTIFICATE),
         "expired"},
        {test_identity_make("b", &test_ca, "DNS:other.example", 30), "localhost",
         CODE(TLS, CERTIFICATE), "hostname mismatch"},
        {test_identity_make("c", &test_ca, "IP:127.0.0.9", 30), NULL, CODE(TLS, CERTIFICATE),
         "IP address mismatch"},
        {test_identity_make("d", &stranger, "IP:127.0.0.1", 30), NULL, CODE(TLS, CERTIFICATE),
         "unable to get local issuer"},
        {test_identity_make("e", &test_ca, "DNS:localhost", 30), "LocalHost.", 0, ""},
        {test_identity_make("f", &test_ca, "DNS:*.example.org", 30), "www.example.org", 0, ""},
        {test_identity_make("g", &test_ca, "DNS:w*.example.org", 30), "www.example.org",
         CODE(TLS, CERTIFICATE), "hostname mismatch"},
    };
    static const char *const options[] = {"{}", "{\"cache\":\"shared-locked\"}",
                                          "{\"cache\":\"none\"}"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct test_server server;
        test_server_start(&server, &cases[i].identity, TEST_SERVE);
        struct eighth_endpoint endpoint = test_endpoint(&server);
        endpoint.sni = cases[i].sni;
        for (int j = 0; j < 6; j++) {
            char text[192];
            int code = attempt(&endpoint, options[j % 3], "/get", TIMEOUT, text);
            if (code != cases[i].code || strstr(text, cases[i].text) == NULL) {
                fail_msg("case %zu: phase %d class %d: %s", i, code / 256, code % 256, text);
            }
        }
        endpoint.verify = 0;
        char text[192];
        assert_int_equal(attempt(&endpoint, "{}", "/get", TIMEOUT, text), 0);
        test_server_stop(&server);
        test_identity_free(&cases[i].identity);
    }
    test_identity_free(&stranger);
}

/* A verdict that is remembered holds for its own name only. */
static void remembers_verdicts_by_name(void **state)
{
    (void)state;
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init("{\"cache\":\"shared-locked\"}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    endpoint.session = EIGHTH_SESSION_NONE;
    static const char *const names[] = {"localhost", "elsewhere", "localhost", "elsewhere"};
    for (int i = 0; i < 4; i++) {
        endpoint.sni = names[i];
        eighth_instance *instance = test_create(process, &endpoint);
        assert_int_equal(test_open(instance), i % 2 == 0 ? 0 : CODE(TLS, CERTIFICATE));
        eighth_client()->free(instance);
    }
    eighth_client()->cleanup(process);
    test_server_stop(&server);
}

/* A session that nobody verified is not resumed by somebody who verifies. */
static void keeps_unverified_sessions_apart(void **state)
{
    (void)state;
    struct test_identity stranger = test_identity_make("another CA", NULL, NULL, 30);
    struct test_identity identity = test_identity_make("x", &stranger, "IP:127.0.0.1", 30);
    struct test_server server;
    test_server_start(&server, &identity, TEST_SERVE);
    eighth_process *process = test_init("{\"cache\":\"shared-locked\"}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    for (int verify = 0; verify < 2; verify++) {
        endpoint.verify = (uint8_t)verify;
        eighth_instance *instance = test_create(process, &endpoint);
        assert_int_equal(test_open(instance), verify == 0 ? 0 : CODE(TLS, CERTIFICATE));
        if (verify == 0) {
            assert_int_equal(test_get(instance, "/get"), 0);
        }
        eighth_client()->free(instance);
    }
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    test_identity_free(&identity);
    test_identity_free(&stranger);
}

static void keeps_version_bounds(void **state)
{
    (void)state;
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    (void)SSL_CTX_set_max_proto_version(server.ssl_ctx, TLS1_2_VERSION);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    char text[192];
    assert_int_equal(attempt(&endpoint, "{}", "/get", TIMEOUT, text), 0);
    endpoint.tls_min = 0x0304;
    assert_int_equal(attempt(&endpoint, "{}", "/get", TIMEOUT, text), CODE(TLS, PROTOCOL));
    test_server_stop(&server);
}

static void fails_to_connect(void **state)
{
    (void)state;
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    char text[192];
    test_server_start(&server, NULL, TEST_SERVE);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    test_server_stop(&server);
    assert_int_equal(attempt(&endpoint, "{}", "/get", TIMEOUT, text), CODE(TCP, REFUSED));
    endpoint.host = "no-such-host.invalid";
    int code = attempt(&endpoint, "{}", "/get", TIMEOUT, text);
    assert_int_equal(code / 256, EIGHTH_PHASE_RESOLVE);
    endpoint.host = "127.0.0.1";
    endpoint.tls = 1;
    endpoint.ca_file = "/no/such/file";
    assert_int_equal(attempt(&endpoint, "{}", "/get", TIMEOUT, text), CODE(TLS, INTERNAL));
    assert_non_null(strstr(text, "/no/such/file"));
    test_baseline_check(&before);
}

/* A listener whose queue is full answers no more SYN. */
static void times_out_connecting(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int fillers[8];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, length);
    }
    struct eighth_endpoint endpoint = {.size = sizeof(endpoint), .host = "127.0.0.1"};
    endpoint.port = ntohs(address.sin_port);
    char text[192];
    uint64_t begun = test_now();
    assert_int_equal(attempt(&endpoint, "{}", "/get", 200 * MS, text), CODE(TCP, TIMEOUT));
    assert_in_range(test_now() - begun, 200 * MS, 5000 * MS);
    for (int i = 0; i < 8; i++) {
        (void)close(fillers[i]);
    }
    (void)close(listener);
}

struct request_case {
    const char *path;
    const char *options;
    int code;
    const char *text;
};

static void fails_in_the_request(void **state)
{
    (void)state;
    static const struct request_case cases[] = {
        {"/never", "{}", CODE(REQUEST, TIMEOUT), "in time"},
        {"/rst/2", "{}", CODE(REQUEST, RESET), "INTERNAL_ERROR"},
        {"/rst/7", "{}", CODE(REQUEST, REFUSED), "REFUSED_STREAM"},
        {"/truncate", "{}", CODE(REQUEST, PROTOCOL), ""},
        {"/cut", "{}", CODE(REQUEST, RESET), ""},
        {"/refuse", "{}", CODE(REQUEST, REFUSED), "went away"},
        {"/bytes/1000", "{\"max_response\":999}", CODE(REQUEST, PROTOCOL), "max_response"},
        {"/bytes/1000", "{\"max_response\":1000}", 0, ""},
        {"/headers/9", "{\"max_header_bytes\":8192}", CODE(REQUEST, PROTOCOL), "header bytes"},
        {"/headers/9", "{}", 0, ""},
        {"/goaway", "{}", 0, ""},
    };
    const struct test_identity *identities[] = {&test_good, NULL};
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        const struct request_case *test = &cases[i / 2];
        struct test_baseline before = test_baseline_take();
        struct test_server server;
        char text[192];
        test_server_start(&server, identities[i % 2], TEST_SERVE);
        struct eighth_endpoint endpoint = test_endpoint(&server);
        uint64_t timeout = strcmp(test->path, "/never") == 0 ? 300 * MS : TIMEOUT;
        int code = attempt(&endpoint, test->options, test->path, timeout, text);
        if (code != test->code || strstr(text, test->text) == NULL) {
            fail_msg("%s: phase %d class %d: %s", test->path, code / 256, code % 256, text);
        }
        test_server_stop(&server);
        test_baseline_check(&before);
    }
}

/* One bad stream leaves its neighbours alone; GOAWAY lets what began end, and refuses the rest. */
static void keeps_streams_apart(void **state)
{
    (void)state;
    struct test_server server;
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init("{\"max_response\":5000}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_instance *instance = test_create(process, &endpoint);
    struct eighth_response response = {0};
    assert_int_equal(test_open(instance), 0);
    assert_int_equal(test_get(instance, "/rst/2"), CODE(REQUEST, RESET));
    assert_int_equal(test_get(instance, "/bytes/5001"), CODE(REQUEST, PROTOCOL));
    assert_int_equal(test_get(instance, "/truncate"), CODE(REQUEST, PROTOCOL));
    assert_int_equal(test_request_for(instance, "GET", "/never", NULL, 0, &response, 100 * MS),
                     CODE(REQUEST, TIMEOUT));
    assert_int_equal(test_get(instance, "/get"), 0);
    assert_int_equal(test_get(instance, "/goaway"), 0);
    struct eighth_error error = {.size = sizeof(error)};
    (void)eighth_client()->ping(instance, TIMEOUT, &error); /* GOAWAY has come by then */
    assert_int_equal(test_get(instance, "/get"), CODE(H2, REFUSED));
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
}

/* A server that answers before it has read the request's body. */
static void takes_an_early_answer(void **state)
{
    (void)state;
    struct test_server server;
    size_t length = 8U << 20;
    void *body = calloc(1, length);
    test_server_start(&server, &test_good, TEST_SERVE);
    eighth_process *process = test_init("{}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_instance *instance = test_create(process, &endpoint);
    struct eighth_response response = {0};
    assert_int_equal(test_open(instance), 0);
    assert_int_equal(test_request_for(instance, "POST", "/early", body, length, &response, TIMEOUT),
                     0);
    assert_int_equal(response.status, 413);
    assert_int_equal(test_get(instance, "/get"), 0);
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    free(body);
}

/* Requests that nobody reads, until the socket takes no more. */
static void fill(eighth_instance *instance)
{
    /* Large headers are not held back by flow control. */
    char *value = malloc(60001);
    memset(value, 'v', 60000);
    value[60000] = '\0';
    const struct eighth_header header = {"x-large", value};
    struct eighth_request request = {.size = sizeof(request),
                                     .method = "GET",
                                     .path = "/",
                                     .headers = &header,
                                     .header_count = 1};
    for (int i = 0; i < 90; i++) {
        struct eighth_error error = {.size = sizeof(error)};
        struct eighth_response response = {.size = sizeof(response)};
        int code = test_code(
            eighth_client()->request(instance, &request, &response, 5 * MS, &error), &error);
        assert_int_equal(code, CODE(REQUEST, TIMEOUT));
    }
    free(value);
}

/* A peer that never reads fills the socket: the request and the close end in time all the same. */
static void survives_a_peer_that_does_not_read(void **state)
{
    (void)state;
    struct test_baseline before = test_baseline_take();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int small = 4096;
    (void)setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    struct eighth_endpoint endpoint = {.size = sizeof(endpoint), .host = "127.0.0.1"};
    endpoint.port = ntohs(address.sin_port);
    eighth_process *process = test_init("{}");
    eighth_instance *instance = test_create(process, &endpoint);
    assert_int_equal(test_open(instance), 0);
    fill(instance);
    struct eighth_error error = {.size = sizeof(error)};
    uint64_t begun = test_now();
    int code = test_code(eighth_client()->close(instance, EIGHTH_CLOSE_GRACEFUL, 200 * MS, &error),
                         &error);
    assert_int_equal(code, CODE(CLOSE, TIMEOUT));
    assert_true(test_now() - begun < 3000 * MS);
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    (void)close(listener);
    test_baseline_check(&before);
}

/* The server's close_notify is answered, be it read by a request or by close itself. */
static int answers_goodbye(enum test_mode mode, uint16_t version, int request)
{
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, &test_good, mode);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    endpoint.tls_min = endpoint.tls_max = version;
    eighth_process *process = test_init("{}");
    eighth_instance *instance = test_create(process, &endpoint);
    assert_int_equal(test_open(instance), 0);
    if (request) {
        assert_int_not_equal(test_get(instance, "/get"), 0);
    }
    while (mode == TEST_BYE_GONE && atomic_load(&server.live) > 0) {
        (void)usleep(1000);
    }
    assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    test_baseline_check(&before);
    return server.close_notify;
}

static void answers_a_goodbye(void **state)
{
    (void)state;
    for (uint16_t version = 0x0303; version <= 0x0304; version++) {
        for (int request = 0; request < 2; request++) {
            assert_int_equal(answers_goodbye(TEST_BYE, version, request), 1);
            /* SIGPIPE would end the test. */
            assert_int_equal(answers_goodbye(TEST_BYE_GONE, version, request), 0);
        }
        /* HTTP/2 is broken, TLS is not. */
        assert_int_equal(answers_goodbye(TEST_H2_GARBAGE, version, 1), 1);
    }
}

/* The server says goodbye while a record is half sent: close ends the record first, or gives up in
 * time. */
static void answers_when_the_socket_is_full(bool heard)
{
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, &test_good, TEST_BYE_DEAF);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    eighth_process *process = test_init("{}");
    eighth_instance *instance = test_create(process, &endpoint);
    assert_int_equal(test_open(instance), 0);
    fill(instance);
    (void)sem_post(&server.speak);
    assert_int_not_equal(test_get(instance, "/get"), 0);
    if (heard) {
        (void)sem_post(&server.hear);
        assert_int_equal(test_close(instance, EIGHTH_CLOSE_GRACEFUL), 0);
    } else {
        struct eighth_error error = {.size = sizeof(error)};
        uint64_t begun = test_now();
        assert_int_equal(
            test_code(eighth_client()->close(instance, EIGHTH_CLOSE_GRACEFUL, 200 * MS, &error),
                      &error),
            CODE(CLOSE, TIMEOUT));
        assert_true(test_now() - begun < 3000 * MS);
        (void)sem_post(&server.hear);
    }
    eighth_client()->free(instance);
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_int_equal(server.close_notify, heard);
    test_baseline_check(&before);
}

static void answers_a_goodbye_after_what_was_begun(void **state)
{
    (void)state;
    answers_when_the_socket_is_full(true);
    answers_when_the_socket_is_full(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_to_connect),
        cmocka_unit_test(times_out_connecting),
        cmocka_unit_test(fails_in_the_handshake),
        cmocka_unit_test(judges_certificates),
        cmocka_unit_test(remembers_verdicts_by_name),
        cmocka_unit_test(keeps_unverified_sessions_apart),
        cmocka_unit_test(keeps_version_bounds),
        cmocka_unit_test(fails_in_the_request),
        cmocka_unit_test(keeps_streams_apart),
        cmocka_unit_test(takes_an_early_answer),
        cmocka_unit_test(survives_a_peer_that_does_not_read),
        cmocka_unit_test(answers_a_goodbye),
        cmocka_unit_test(answers_a_goodbye_after_what_was_begun),
    };
    return cmocka_run_group_tests_name("h2/failures", tests, test_set_up, test_tear_down);
}
