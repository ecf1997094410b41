/* SPDX-License-Identifier: MIT
 *
 * close against everything: while requests run, while open runs, from several threads at once.
 * What interrupts ends with EIGHTH_CANCELLED or its ordinary result, and nothing is left.
 */
#include "tests/unit/h2/support.h"

#include <sched.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROUNDS 250 /* each round costs ten times more there */
#else
#define ROUNDS 1000
#endif

enum { REQUESTERS = 3 };

/** One round: its threads start together, and each waits a little differently long. */
struct round {
    pthread_barrier_t start;
    eighth_instance *instance;
    unsigned number;
    int mode;
    int codes[REQUESTERS + 2];
    _Atomic int next;
};

/* Spreads what the threads do over the time that the operations take. */
static void stagger(unsigned seed)
{
    unsigned turns = (seed * 2654435761U >> 16) % 200;
    for (unsigned i = 0; i < turns; i++) {
        (void)sched_yield();
    }
}

static void *run_request(void *argument)
{
    struct round *round = argument;
    int mine = atomic_fetch_add(&round->next, 1);
    (void)pthread_barrier_wait(&round->start);
    stagger(round->number * 7 + (unsigned)mine);
    round->codes[mine] = test_get(round->instance, mine == 0 ? "/never" : "/bytes/100000");
    return NULL;
}

static void *run_close(void *argument)
{
    struct round *round = argument;
    int mine = atomic_fetch_add(&round->next, 1);
    (void)pthread_barrier_wait(&round->start);
    stagger(round->number * 13);
    round->codes[mine] = test_close(round->instance, round->mode);
    return NULL;
}

static void *run_open(void *argument)
{
    struct round *round = argument;
    int mine = atomic_fetch_add(&round->next, 1);
    (void)pthread_barrier_wait(&round->start);
    round->codes[mine] = test_open(round->instance);
    return NULL;
}

static void play(struct round *round, void *(*const *runs)(void *), unsigned count)
{
    pthread_t threads[REQUESTERS + 2];
    assert_int_equal(pthread_barrier_init(&round->start, NULL, count), 0);
    round->next = 0;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, runs[i], round), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&round->start);
}

static void expect_interrupted(const struct round *round)
{
    for (int i = 0; i < round->next; i++) {
        int code = round->codes[i];
        if (code != 0 && code % 256 != EIGHTH_CANCELLED) {
            fail_msg("round %u: phase %d class %d", round->number, code / 256, code % 256);
        }
    }
}

static void race_requests(const struct test_identity *identity, const char *options)
{
    static void *(*const runs[])(void *) = {run_request, run_request, run_request, run_close,
                                            run_close};
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, identity, TEST_SERVE);
    eighth_process *process = test_init(options);
    struct eighth_endpoint endpoint = test_endpoint(&server);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct round round = {.number = i, .mode = (int)(i % 2)};
        round.instance = test_create(process, &endpoint);
        assert_int_equal(test_open(round.instance), 0);
        play(&round, runs, 5);
        expect_interrupted(&round);
        assert_int_equal(test_get(round.instance, "/get"), CODE(REQUEST, CANCELLED));
        eighth_client()->free(round.instance);
    }
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_int_equal(server.accepted, ROUNDS);
    test_baseline_check(&before);
}

static void close_interrupts_requests(void **state)
{
    (void)state;
    race_requests(&test_good, "{\"cache\":\"shared-locked\"}");
    race_requests(NULL, "{}");
}

static void race_open(const struct test_identity *identity)
{
    static void *(*const runs[])(void *) = {run_open, run_close};
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    unsigned cancelled = 0;
    test_server_start(&server, identity, TEST_SERVE);
    eighth_process *process = test_init("{}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct round round = {.number = i, .mode = (int)(i % 2)};
        round.instance = test_create(process, &endpoint);
        play(&round, runs, 2);
        expect_interrupted(&round);
        cancelled += round.codes[0] != 0 || round.codes[1] != 0;
        assert_int_equal(test_close(round.instance, EIGHTH_CLOSE_GRACEFUL), 0);
        assert_int_equal(test_open(round.instance), 0); /* all the same, it can be opened again */
        eighth_client()->free(round.instance);
    }
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    assert_true(cancelled > 0);
    test_baseline_check(&before);
}

static void close_interrupts_open(void **state)
{
    (void)state;
    race_open(&test_good);
}

static void *stalled_open(void *argument)
{
    struct round *round = argument;
    round->codes[0] = test_open(round->instance);
    return NULL;
}

/* A server that never answers: open has no timeout of its own here, only close ends it. */
static void close_ends_a_stalled_open(void **state)
{
    (void)state;
    struct test_baseline before = test_baseline_take();
    struct test_server server;
    test_server_start(&server, &test_good, TEST_STALL);
    eighth_process *process = test_init("{}");
    struct eighth_endpoint endpoint = test_endpoint(&server);
    for (unsigned i = 0; i < 20; i++) {
        struct round round = {.number = i};
        pthread_t thread;
        round.instance = test_create(process, &endpoint);
        assert_int_equal(pthread_create(&thread, NULL, stalled_open, &round), 0);
        while (atomic_load(&server.accepted) <= (int)i) {
            (void)sched_yield();
        }
        uint64_t begun = test_now();
        assert_int_equal(test_close(round.instance, EIGHTH_CLOSE_GRACEFUL), 0);
        (void)pthread_join(thread, NULL);
        assert_true(test_now() - begun < 2000 * MS);
        assert_int_equal(round.codes[0] % 256, EIGHTH_CANCELLED);
        eighth_client()->free(round.instance);
    }
    eighth_client()->cleanup(process);
    test_server_stop(&server);
    test_baseline_check(&before);
}

/* Many instances of one process at once, on many threads: what they share is shared well. */
struct herd {
    eighth_process *process;
    struct eighth_endpoint endpoint;
};

static void *run_herd(void *argument)
{
    struct herd *herd = argument;
    for (int i = 0; i < 20; i++) {
        eighth_instance *instance = test_create(herd->process, &herd->endpoint);
        assert_int_equal(test_open(instance), 0);
        assert_int_equal(test_get(instance, "/bytes/20000"), 0);
        if (i % 3 != 0) {
            assert_int_equal(
                test_close(instance, i % 3 == 1 ? EIGHTH_CLOSE_GRACEFUL : EIGHTH_CLOSE_ABRUPT), 0);
        }
        eighth_client()->free(instance);
    }
    return NULL;
}

static void many_instances_at_once(void **state)
{
    (void)state;
    static const char *const options[] = {"{}", "{\"cache\":\"shared-locked\",\"capacity\":2}",
                                          "{\"cache\":\"none\",\"ssl_ctx\":\"instance\"}"};
    for (int kind = 0; kind < 6; kind++) {
        struct test_baseline before = test_baseline_take();
        pthread_t threads[8];
        struct test_server server;
        test_server_start(&server, &test_good, TEST_SERVE);
        struct herd herd = {test_init(options[kind / 2]), test_endpoint(&server)};
        herd.endpoint.tls_max = kind % 2 == 0 ? 0x0303 : 0x0304;
        for (int i = 0; i < 8; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, run_herd, &herd), 0);
        }
        for (int i = 0; i < 8; i++) {
            (void)pthread_join(threads[i], NULL);
        }
        eighth_client()->cleanup(herd.process);
        test_server_stop(&server);
        assert_int_equal(server.accepted, 160);
        test_baseline_check(&before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_interrupts_requests),
        cmocka_unit_test(close_interrupts_open),
        cmocka_unit_test(close_ends_a_stalled_open),
        cmocka_unit_test(many_instances_at_once),
    };
    return cmocka_run_group_tests_name("h2/races", tests, test_set_up, test_tear_down);
}
