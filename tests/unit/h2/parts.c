/* SPDX-License-Identifier: MIT
 *
 * The parts of the client that need no server: the LRU map, strings, names, endpoints, options, the
 * wire.
 */
#include "tests/unit/h2/support.h"

#include "client/h2/endpoint.h"
#include "client/h2/names.h"
#include "client/h2/options.h"
#include "client/h2/strings.h"
#include "client/h2/wire.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

/* ---- the map
 * -------------------------------------------------------------------------------------- */

struct thing {
    int references;
    int number;
    bool single_use;
};

static void thing_retain(void *value)
{
    ((struct thing *)value)->references++;
}

static void thing_release(void *value)
{
    ((struct thing *)value)->references--;
}

static bool thing_single_use(const void *value)
{
    return ((const struct thing *)value)->single_use;
}

static const struct h2_lru_kind things = {1, thing_single_use, thing_retain, thing_release};

static void put(struct h2_lru *lru, const char *key, struct thing *thing)
{
    thing_retain(thing);
    h2_lru_put(lru, key, strlen(key), thing);
}

static int take(struct h2_lru *lru, const char *key)
{
    struct thing *thing = h2_lru_take(lru, key, strlen(key));
    if (thing == NULL) {
        return -1;
    }
    thing_release(thing);
    return thing->number;
}

static void forgets_the_least_recently_used(void **state)
{
    (void)state;
    struct h2_lru lru = {.kind = &things, .keep = 1, .capacity = 3};
    struct thing all[] = {{0, 0, false}, {0, 1, false}, {0, 2, false}, {0, 3, false}};
    put(&lru, "a", &all[0]);
    put(&lru, "b", &all[1]);
    put(&lru, "c", &all[2]);
    assert_int_equal(take(&lru, "a"), 0);
    put(&lru, "d", &all[3]); /* b is the oldest now */
    assert_int_equal(take(&lru, "b"), -1);
    assert_int_equal(take(&lru, "a"), 0);
    assert_int_equal(take(&lru, "c"), 2);
    assert_int_equal(take(&lru, "d"), 3);
    put(&lru, "a", &all[1]); /* replaced */
    assert_int_equal(take(&lru, "a"), 1);
    assert_int_equal(lru.count, 3);
    h2_lru_clear(&lru);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(all[i].references, 0);
    }
    assert_int_equal(take(&lru, "a"), -1);
}

static void keeps_several_for_one_key(void **state)
{
    (void)state;
    struct h2_lru lru = {.kind = &things, .keep = 2, .capacity = 10};
    struct thing all[] = {{0, 0, true}, {0, 1, true}, {0, 2, true}};
    for (int i = 0; i < 3; i++) {
        put(&lru, "k", &all[i]);
    }
    assert_int_equal(all[0].references, 0); /* one too many */
    assert_int_equal(take(&lru, "k"), 2);
    assert_int_equal(take(&lru, "k"), 1);
    assert_int_equal(take(&lru, "k"), -1);
    assert_int_equal(all[2].references, 0);
    h2_lru_clear(&lru);
}

static void grows_and_conserves(void **state)
{
    (void)state;
    enum { COUNT = 2000, ROOM = 700 };
    static struct thing all[COUNT];
    struct h2_lru lru = {.kind = &things, .keep = 1, .capacity = ROOM};
    for (int i = 0; i < COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key-%d", i);
        all[i] = (struct thing){0, i, false};
        put(&lru, key, &all[i]);
    }
    int found = 0;
    for (int i = 0; i < COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key-%d", i);
        int number = take(&lru, key);
        assert_true(number == -1 || number == i);
        found += number == i;
        assert_int_equal(all[i].references, number == i);
    }
    assert_int_equal(found, ROOM);
    h2_lru_clear(&lru);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].references, 0);
    }
}

/* ---- strings and names
 * ------------------------------------------------------------------------------ */

static void interns_strings(void **state)
{
    (void)state;
    const struct h2_cache_ops *all[] = {&h2_cache_instance, &h2_cache_shared_locked,
                                        &h2_cache_none};
    for (int i = 0; i < 3; i++) {
        struct h2_cache_handle pool = {all[i], all[i]->create(&h2_string_kind, 1)};
        bool hit = true;
        struct h2_string *first = h2_string_intern(pool, "x-name", &hit);
        assert_false(hit);
        struct h2_string *second = h2_string_intern(pool, "x-name", &hit);
        assert_int_equal(hit, all[i] != &h2_cache_none);
        assert_int_equal(first == second, all[i] != &h2_cache_none);
        struct h2_string *other = h2_string_intern(pool, "y", &hit); /* pushes the first out */
        assert_string_equal(h2_string_text(first), "x-name");
        assert_int_equal(h2_string_length(second), 6);
        h2_string_release(first);
        h2_string_release(second);
        pool.ops->destroy(pool.cache);
        assert_string_equal(h2_string_text(other), "y"); /* outlives its pool */
        h2_string_release(other);
    }
}

static void decides_names(void **state)
{
    (void)state;
    static const struct name_case {
        const char *host;
        const char *sni;
        const char *send;
        const char *verify;
        bool literal;
    } cases[] = {
        {"Example.ORG", NULL, "example.org", "example.org", false},
        {"example.org.", NULL, "example.org", "example.org", false},
        {"127.0.0.1", NULL, NULL, "127.0.0.1", true},
        {"::1", NULL, NULL, "::1", true},
        {"127.0.0.1", "localhost", "localhost", "localhost", false},
        {"localhost", "127.0.0.1", "127.0.0.1", "127.0.0.1", true},
    };
    struct h2_cache_handle cache = {&h2_cache_instance,
                                    h2_cache_instance.create(&h2_name_kind, 100)};
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        const struct name_case *test = &cases[i % (sizeof(cases) / sizeof(cases[0]))];
        bool hit = false;
        const struct h2_name *name = h2_name_of(cache, test->host, test->sni, &hit);
        assert_int_equal(hit, i >= sizeof(cases) / sizeof(cases[0]));
        assert_int_equal(name->literal, test->literal);
        assert_string_equal(name->verify, test->verify);
        assert_int_equal(name->send == NULL, test->send == NULL);
        if (test->send != NULL) {
            assert_string_equal(name->send, test->send);
        }
        h2_name_release(name);
    }
    cache.ops->destroy(cache.cache);
}

/* ---- endpoints and options
 * ------------------------------------------------------------------------------ */

static void checks_endpoints(void **state)
{
    (void)state;
    struct eighth_endpoint good = {
        .size = sizeof(good), .host = "::1", .port = 8443, .tls = 1, .alpn = "h2,http/1.1"};
    struct eighth_error error = {.size = sizeof(error)};
    struct h2_endpoint endpoint = {0};
    assert_int_equal(h2_endpoint_copy(&endpoint, &good, &error), 0);
    assert_string_equal(endpoint.authority, "[::1]:8443");
    assert_memory_equal(endpoint.alpn, "\2h2\10http/1.1", 12);
    assert_int_equal(endpoint.alpn_length, 12);
    assert_true(h2_endpoint_offers(&endpoint, (const unsigned char *)"http/1.1", 8));
    assert_false(h2_endpoint_offers(&endpoint, (const unsigned char *)"http/1.0", 8));
    h2_endpoint_release(&endpoint);

    struct eighth_endpoint bad[6];
    for (int i = 0; i < 6; i++) {
        bad[i] = good;
    }
    bad[0].host = NULL;
    bad[1].host = "";
    bad[2].tls_min = 0x0302;
    bad[3].tls_min = 0x0304;
    bad[3].tls_max = 0x0303;
    bad[4].session = 3;
    bad[5].alpn = "h2,,x";
    for (int i = 0; i < 6; i++) {
        assert_int_equal(h2_endpoint_copy(&endpoint, &bad[i], &error), -1);
        assert_int_equal(error.error_class, EIGHTH_UNSUPPORTED);
        h2_endpoint_release(&endpoint);
    }
}

static void reads_options(void **state)
{
    (void)state;
    struct h2_options options;
    struct eighth_error error = {.size = sizeof(error)};
    assert_int_equal(h2_options_parse(&options, NULL, &error), 0);
    assert_int_equal(options.cache, H2_CACHE_INSTANCE);
    assert_int_equal(options.capacity, 1024);
    assert_int_equal(options.max_response, 16 << 20);
    assert_int_equal(
        h2_options_parse(&options,
                         "{\"cache\":\"shared-locked\",\"capacity\":5,\"ssl_ctx\":\"instance\","
                         "\"statistics\":\"instance\",\"max_response\":0,\"window\":2147483647,"
                         "\"max_header_bytes\":256}",
                         &error),
        0);
    assert_int_equal(options.cache, H2_CACHE_SHARED_LOCKED);
    assert_int_equal(options.capacity, 5);
    assert_true(options.context_of_instance);
    assert_true(options.counters_of_instance);
    assert_int_equal(options.max_response, 0);
    assert_int_equal(options.window, 2147483647);
    assert_int_equal(options.max_header_bytes, 256);
    static const struct {
        const char *text;
        const char *named;
    } wrong[] = {
        {"[]", "JSON object"},
        {"{", "JSON object"},
        {"{} x", "JSON object"},
        {"{\"cahce\":1}", "\"cahce\""},
        {"{\"cache\":1}", "\"cache\""},
        {"{\"cache\":\"global\"}", "\"cache\""},
        {"{\"ssl_ctx\":\"none\"}", "\"ssl_ctx\""},
        {"{\"statistics\":1}", "\"statistics\""},
        {"{\"capacity\":0}", "\"capacity\""},
        {"{\"capacity\":1.5}", "\"capacity\""},
        {"{\"capacity\":\"9\"}", "\"capacity\""},
        {"{\"window\":65534}", "\"window\""},
        {"{\"window\":1e300}", "\"window\""},
        {"{\"max_response\":-1}", "\"max_response\""},
        {"{\"max_header_bytes\":null}", "\"max_header_bytes\""},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        eighth_process *process = (eighth_process *)&options;
        error = (struct eighth_error){.size = sizeof(error)};
        assert_int_equal(eighth_client()->init(wrong[i].text, &process, &error), -1);
        assert_null(process);
        assert_int_equal(error.error_class, EIGHTH_UNSUPPORTED);
        assert_non_null(strstr(error.text, wrong[i].named));
    }
}

/* ---- the wire ---- */

/* A TCP connection over loopback: what the wire writes arrives at the returned descriptor. */
static int wire_pair(struct h2_wire *wire)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    *wire = (struct h2_wire)H2_WIRE_INIT;
    wire->fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    assert_int_equal(setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    assert_int_equal(connect(wire->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    int peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
    (void)close(listener);
    return peer;
}

static unsigned not_sent(const struct h2_wire *wire)
{
    int bytes = -1;
    assert_int_equal(ioctl(wire->fd, SIOCOUTQNSD, &bytes), 0);
    return (unsigned)bytes;
}

static void wire_keeps_nothing_back(void **state)
{
    (void)state;
    struct h2_wire wire;
    int peer = wire_pair(&wire);
    char got[16];

    wire.more = true;
    assert_int_equal(h2_wire_send(&wire, "Finished", 8), 8);
    assert_true(wire.held);
    h2_wire_push(&wire);
    assert_false(wire.held);
    assert_int_equal(not_sent(&wire), 0);

    assert_int_equal(h2_wire_send(&wire, "GO", 2), 2);
    wire.more = false;
    assert_int_equal(h2_wire_send(&wire, "AWAY", 4), 4);
    assert_false(wire.held);
    assert_int_equal(not_sent(&wire), 0);

    wire.more = true;
    assert_int_equal(h2_wire_send(&wire, "!", 1), 1);
    h2_wire_end(&wire);
    assert_false(wire.held);
    assert_int_equal(not_sent(&wire), 0);
    assert_int_equal(recv(peer, got, 15, MSG_WAITALL), 15);
    assert_memory_equal(got, "FinishedGOAWAY!", 15);
    assert_int_equal(recv(peer, got, 1, 0), 0);
    (void)close(wire.fd);
    (void)close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_the_least_recently_used),
        cmocka_unit_test(keeps_several_for_one_key),
        cmocka_unit_test(grows_and_conserves),
        cmocka_unit_test(interns_strings),
        cmocka_unit_test(decides_names),
        cmocka_unit_test(checks_endpoints),
        cmocka_unit_test(reads_options),
        cmocka_unit_test(wire_keeps_nothing_back),
    };
    return cmocka_run_group_tests_name("h2/parts", tests, NULL, NULL);
}
