/* SPDX-License-Identifier: MIT
 *
 * What the tests of the client share: the client behind its contract, a CA, live counts of
 * descriptors, threads and TLS objects.
 */
#ifndef TEST_H2_SUPPORT_H
#define TEST_H2_SUPPORT_H

#include "client/eighth_client.h"
#include "tests/unit/h2/server.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define TIMEOUT (20000 * MS)

static struct test_identity test_ca;
static struct test_identity test_good; /* localhost and 127.0.0.1 */
static char test_ca_path[64];

static _Atomic long test_live_ssl;
static _Atomic long test_live_ctx;
static _Atomic long test_live_session;

static inline void test_object_new(void *parent, void *value, CRYPTO_EX_DATA *data, int index,
                                   long number, void *count)
{
    (void)parent, (void)value, (void)data, (void)index, (void)number;
    atomic_fetch_add((_Atomic long *)count, 1);
}

static inline void test_object_free(void *parent, void *value, CRYPTO_EX_DATA *data, int index,
                                    long number, void *count)
{
    (void)parent, (void)value, (void)data, (void)index, (void)number;
    atomic_fetch_sub((_Atomic long *)count, 1);
}

static inline int test_set_up(void **state)
{
    (void)state;
    (void)SSL_get_ex_new_index(0, &test_live_ssl, test_object_new, NULL, test_object_free);
    (void)SSL_CTX_get_ex_new_index(0, &test_live_ctx, test_object_new, NULL, test_object_free);
    (void)SSL_SESSION_get_ex_new_index(0, &test_live_session, test_object_new, NULL,
                                       test_object_free);
    test_ca = test_identity_make("test CA", NULL, NULL, 30);
    test_good = test_identity_make("localhost", &test_ca, "DNS:localhost,IP:127.0.0.1", 30);
    test_identity_save(&test_ca, test_ca_path, sizeof(test_ca_path));
    return 0;
}

static inline int test_tear_down(void **state)
{
    (void)state;
    (void)unlink(test_ca_path);
    test_identity_free(&test_ca);
    test_identity_free(&test_good);
    return 0;
}

static inline uint64_t test_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static inline int test_count(const char *folder)
{
    DIR *entries = opendir(folder);
    int count = 0;
    while (entries != NULL && readdir(entries) != NULL) {
        count++;
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    return count;
}

/** What a test may not leave behind. */
struct test_baseline {
    int fds;
    long ssl;
    long ctx;
    long session;
};

static inline struct test_baseline test_baseline_take(void)
{
    return (struct test_baseline){test_count("/proc/self/fd"), test_live_ssl, test_live_ctx,
                                  test_live_session};
}

static inline void test_baseline_check(const struct test_baseline *before)
{
    assert_int_equal(test_count("/proc/self/fd"), before->fds);
    assert_int_equal(test_live_ssl, before->ssl);
    assert_int_equal(test_live_ctx, before->ctx);
    assert_int_equal(test_live_session, before->session);
}

/* ---- the client, in short words -----------------------------------------------------------------
 */

static inline eighth_process *test_init(const char *options)
{
    struct eighth_error error = {.size = sizeof(error)};
    eighth_process *process = NULL;
    if (eighth_client()->init(options, &process, &error) != 0) {
        fail_msg("init: %s", error.text);
    }
    return process;
}

static inline struct eighth_endpoint test_endpoint(const struct test_server *server)
{
    return (struct eighth_endpoint){.size = sizeof(struct eighth_endpoint),
                                    .host = "127.0.0.1",
                                    .port = server->port,
                                    .tls = server->tls,
                                    .verify = 1,
                                    .ca_file = test_ca_path,
                                    .alpn = "h2",
                                    .session = EIGHTH_SESSION_REUSE};
}

static inline eighth_instance *test_create(eighth_process *process,
                                           const struct eighth_endpoint *endpoint)
{
    struct eighth_error error = {.size = sizeof(error)};
    eighth_instance *instance = NULL;
    if (eighth_client()->create(process, endpoint, &instance, &error) != 0) {
        fail_msg("create: %s", error.text);
    }
    return instance;
}

/* 0, or phase * 256 + class. */
static inline int test_code(int result, const struct eighth_error *error)
{
    if (result == 0) {
        assert_int_equal(error->error_class, EIGHTH_OK);
        return 0;
    }
    assert_int_not_equal(error->error_class, EIGHTH_OK);
    assert_true(error->text[0] != '\0');
    return error->phase * 256 + error->error_class;
}

#define CODE(phase, class) (EIGHTH_PHASE_##phase * 256 + EIGHTH_##class)

static inline int test_open_for(eighth_instance *instance, struct eighth_connection *connection,
                                struct eighth_error *error, uint64_t timeout)
{
    *connection = (struct eighth_connection){.size = sizeof(*connection)};
    *error = (struct eighth_error){.size = sizeof(*error)};
    return test_code(eighth_client()->open(instance, timeout, connection, error), error);
}

static inline int test_open(eighth_instance *instance)
{
    struct eighth_connection connection;
    struct eighth_error error;
    return test_open_for(instance, &connection, &error, TIMEOUT);
}

static inline int test_request_for(eighth_instance *instance, const char *method, const char *path,
                                   const void *body, size_t length,
                                   struct eighth_response *response, uint64_t timeout)
{
    struct eighth_error error = {.size = sizeof(error)};
    const struct eighth_header header = {"x-test", "value"};
    struct eighth_request request = {.size = sizeof(request),
                                     .method = method,
                                     .path = path,
                                     .headers = &header,
                                     .header_count = 1,
                                     .body = body,
                                     .body_length = length};
    response->size = sizeof(*response);
    return test_code(eighth_client()->request(instance, &request, response, timeout, &error),
                     &error);
}

/* A GET whose body is thrown away; the status must be 200 if it succeeds. */
static inline int test_get(eighth_instance *instance, const char *path)
{
    struct eighth_response response = {0};
    int code = test_request_for(instance, "GET", path, NULL, 0, &response, TIMEOUT);
    if (code == 0) {
        assert_int_equal(response.status, 200);
    }
    return code;
}

static inline int test_close(eighth_instance *instance, int mode)
{
    struct eighth_error error = {.size = sizeof(error)};
    return test_code(eighth_client()->close(instance, mode, TIMEOUT, &error), &error);
}

#endif
