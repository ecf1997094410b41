/* SPDX-License-Identifier: MIT
 *
 * Nothing is lost and nothing is counted twice: cycles, instances, requests, for every way to
 * start, to place and to size a load.
 */
#include "tests/unit/worker/support.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Each cycle costs ten times more there, each thread a hundred times. */
#define SOME 20U
#define MANY 200U
#else
#define SOME 100U
#define MANY 5000U
#endif

struct load_case {
    uint32_t threads;
    uint32_t clients;
    enum load_start start;
    enum load_affinity affinity;
    bool fresh;
    uint64_t cycles;
    uint32_t sample_every;
};

static void run_case(const struct load_case *item)
{
    struct step repeated[] = {REQUEST("/get"), PING()};
    struct step steps[] = {CONNECT(), REPEAT(2, repeated), REQUEST("/bytes/100"), HOLD(1000),
                           CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 5, "");
    struct load_model *load = &trial.scenario.load;
    load->threads = item->threads;
    load->clients = item->clients;
    load->cycles = item->cycles;
    load->sample_every = item->sample_every;
    load->start = item->start;
    load->affinity = item->affinity;
    load->fresh_threads = item->fresh;
    load->stagger_ns = 5 * NS_PER_MS;
    load->rate = 200000;
    trial_run(&trial);
    assert_clean(&trial);
    uint64_t total = item->clients * item->cycles;
    struct logbook_counters sum = trial_counters(&trial);
    assert_int_equal(sum.cycles_completed, total);
    assert_int_equal(sum.requests_answered, 3 * total);
    assert_int_equal(sum.body_bytes, 100 * total);
    assert_int_equal(sum.pings, 2 * total);
    assert_int_equal(trial.board->created, total);
    assert_int_equal(trial.board->pings, 2 * total);
    assert_int_equal(trial.board->closes, total);
    assert_int_equal(trial.board->graceful, total);
    assert_int_equal(trial_latencies(&trial, LATENCY_CONNECT), total);
    assert_int_equal(trial_latencies(&trial, LATENCY_REQUEST), 3 * total);
    assert_int_equal(trial_latencies(&trial, LATENCY_PING), 2 * total);
    assert_int_equal(trial_latencies(&trial, LATENCY_CLOSE), total);
    assert_true(trial.board->most_live <= item->clients);
    uint64_t rounds = (item->cycles + item->sample_every - 1) / item->sample_every;
    assert_int_equal(trial.logbook->sample_count, rounds);
    assert_int_equal(trial.logbook->samples[rounds - 1].cycles, total);
    for (uint64_t i = 0; i < rounds; i++) {
        const struct resource_sample *sample = &trial.logbook->samples[i];
        assert_int_equal(sample->fds, trial.logbook->before_run.fds);
        assert_int_equal(sample->threads, trial.logbook->before_run.threads);
    }
    /* Migrating instances need a keeper. */
    assert_int_equal(trial.logbook->before_run.threads, trial.logbook->before_init.threads +
                                                            item->threads +
                                                            (item->affinity == AFFINITY_MIGRATE));
    if (item->affinity == AFFINITY_PINNED && !item->fresh) {
        assert_int_equal(trial.board->moved, 0);
    }
    if (item->affinity == AFFINITY_PINNED) {
        assert_int_equal(trial.board->foreign, 0);
    }
    assert_int_equal(trial.board->overlaps, 0);
    trial_release(&trial);
}

static void all_combinations(uint32_t threads)
{
    static const uint32_t clients[] = {1, SOME, MANY};
    for (size_t c = 0; c < 3; c++) {
        for (int start = START_TOGETHER; start <= START_RATE; start++) {
            for (int affinity = AFFINITY_PINNED; affinity <= AFFINITY_MIGRATE; affinity++) {
                for (int fresh = 0; fresh <= 1; fresh++) {
                    bool many = clients[c] == MANY;
                    /* A thread for each step of so many clients costs time and shows nothing new.
                     */
                    if (many && fresh && affinity == AFFINITY_MIGRATE) {
                        continue;
                    }
                    struct load_case item = {threads,     clients[c], start,
                                             affinity,    fresh,      many ? (fresh ? 1 : 2) : 5,
                                             many ? 1 : 2};
                    run_case(&item);
                }
            }
        }
    }
}

static void one_thread_loses_nothing(void **state)
{
    (void)state;
    all_combinations(1);
}

static void four_threads_lose_nothing(void **state)
{
    (void)state;
    all_combinations(4);
}

static void sixteen_threads_lose_nothing(void **state)
{
    (void)state;
    all_combinations(16);
}

/* More threads than clients: some have nobody at home. */
static void idle_threads_do_not_disturb(void **state)
{
    (void)state;
    static const struct load_case items[] = {
        {16, 3, START_TOGETHER, AFFINITY_PINNED, false, 200, 1},
        {16, 3, START_TOGETHER, AFFINITY_MIGRATE, false, 200, 7},
        {16, 3, START_RATE, AFFINITY_MIGRATE, false, 200, 50},
    };
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        run_case(&items[i]);
    }
}

static void migrating_instances_really_move(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "");
    trial.scenario.load.threads = 4;
    trial.scenario.load.clients = 50;
    trial.scenario.load.cycles = 20;
    trial.scenario.load.affinity = AFFINITY_MIGRATE;
    trial_run(&trial);
    assert_clean(&trial);
    /* Two moves in each cycle, to another thread with 3/4 where that is not busy, and never more.
     */
    assert_in_range(trial.board->moved, 50 * 20 * 2 / 5, 50 * 20 * 2);
    trial_release(&trial);
}

/* As many clients as threads, and each request ends only when all of them make one: whoever waited
 * behind another's turn would wait for ever, after a step, after a hold, before a cycle. */
static void no_instance_waits_behind_a_turn(void **state)
{
    (void)state;
    static const uint32_t threads[] = {2, 4, 16};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        for (int start = START_TOGETHER; start <= START_RATE; start++) {
            struct step repeated[] = {REQUEST("/get"), REQUEST("/get"), HOLD(10000), PING()};
            struct step steps[] = {CONNECT(), REPEAT(5, repeated), CLOSE()};
            struct trial trial;
            char options[32];
            (void)snprintf(options, sizeof options, "\"meet\":%u", threads[i]);
            trial_init(&trial, steps, 3, options);
            struct load_model *load = &trial.scenario.load;
            load->threads = threads[i];
            load->clients = threads[i];
            load->cycles = SOME;
            load->sample_every = SOME / 4;
            load->start = start;
            load->rate = 200000;
            load->affinity = AFFINITY_MIGRATE;
            trial_run(&trial);
            assert_clean(&trial);
            assert_int_equal(trial.board->requests, 10 * SOME * threads[i]);
            assert_true(trial.board->moved > 0);
            trial_release(&trial);
        }
    }
}

static void ten_thousand_instances_are_held_at_once(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), HOLD(2 * NS_PER_S), REQUEST("/get"), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 4, "");
    trial.scenario.load.threads = 16;
    trial.scenario.load.clients = 10000;
    trial_run(&trial);
    assert_clean(&trial);
    assert_int_equal(trial.board->most_live, 10000);
    assert_int_equal(trial.board->requests, 10000);
    trial_release(&trial);
}

static void duration_ends_with_a_drain(void **state)
{
    (void)state;
    for (int start = START_TOGETHER; start <= START_RATE; start++) {
        struct step steps[] = {CONNECT(), REQUEST("/get"), CLOSE()};
        struct trial trial;
        trial_init(&trial, steps, 3, "");
        struct load_model *load = &trial.scenario.load;
        load->threads = 4;
        load->clients = 20;
        load->cycles = 0;
        load->duration_ns = 300 * NS_PER_MS;
        load->sample_every = 10;
        load->start = start;
        load->rate = 5000;
        trial_run(&trial);
        assert_clean(&trial);
        uint64_t took = trial.logbook->run_ended - trial.logbook->run_begun;
        assert_true(took >= 300 * NS_PER_MS);
        assert_true(trial.logbook->sample_count >= 1);
        assert_true(trial_counters(&trial).cycles_completed > 0);
        trial_release(&trial);
    }
}

static void stages_ramp_clients_and_rates(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), HOLD(10 * NS_PER_MS), CLOSE()};
    struct load_stage clients[] = {
        {200 * NS_PER_MS, 20}, {200 * NS_PER_MS, 20}, {200 * NS_PER_MS, 0}};
    struct trial trial;
    trial_init(&trial, steps, 3, "");
    struct load_model *load = &trial.scenario.load;
    load->threads = 4;
    load->clients = 40;
    load->cycles = 0;
    load->stages = clients;
    load->stage_count = 3;
    trial_run(&trial);
    assert_clean(&trial);
    assert_in_range(trial.board->most_live, 2, 20);
    assert_int_equal(trial.logbook->sample_count, 1);
    trial_release(&trial);

    /* From 0 to 1000/s in 0.2 s and back: 100 + 100 arrivals. */
    struct load_stage rates[] = {{200 * NS_PER_MS, 1000}, {200 * NS_PER_MS, 0}};
    trial_init(&trial, steps, 3, "");
    load = &trial.scenario.load;
    load->threads = 4;
    load->clients = 200;
    load->cycles = 0;
    load->start = START_RATE;
    load->stages = rates;
    load->stage_count = 2;
    trial_run(&trial);
    assert_clean(&trial);
    uint64_t late = 200 - trial_counters(&trial).cycles_completed;
    if (late != 0) { /* on a machine that is busy with something else */
        char text[64];
        (void)snprintf(text, sizeof text, "rate: %llu of 200 cycles never began",
                       (unsigned long long)late);
        assert_non_null(strstr(trial.logbook->notes, text));
    }
    trial_release(&trial);
}

static uint64_t median_cycle(const struct trial *trial)
{
    struct histogram sum = {0};
    for (uint32_t i = 0; i < trial->logbook->lanes; i++) {
        histogram_merge(&sum, &logbook_lane(trial->logbook, i)->latencies[LATENCY_CYCLE]);
    }
    return histogram_quantile(&sum, 0.5);
}

/* One client that needs 5 ms for a cycle cannot serve 1000/s: what is late by the end is dropped,
 * what was served counts from when it should have begun. Drains do not hide it. */
static void an_overloaded_open_model_says_so(void **state)
{
    (void)state;
    static const uint32_t every[] = {1, 7, 1000000};
    for (size_t i = 0; i < sizeof every / sizeof *every; i++) {
        struct step steps[] = {CONNECT(), HOLD(5 * NS_PER_MS), CLOSE()};
        struct trial trial;
        trial_init(&trial, steps, 3, "");
        struct load_model *load = &trial.scenario.load;
        load->start = START_RATE;
        load->rate = 1000;
        load->cycles = 0;
        load->duration_ns = 500 * NS_PER_MS;
        load->sample_every = every[i];
        trial_run(&trial);
        assert_clean(&trial);
        const char *note = strstr(trial.logbook->notes, "rate: ");
        assert_non_null(note);
        unsigned long long dropped;
        unsigned long long all;
        assert_int_equal(sscanf(note, "rate: %llu of %llu cycles never began", &dropped, &all), 2);
        assert_int_equal(all, dropped + trial_counters(&trial).cycles_completed);
        /* Drains put the schedule off by what they take themselves. */
        assert_true(every[i] == 1000000 ? all == 500 : all <= 500);
        assert_true(median_cycle(&trial) > 25 * NS_PER_MS);
        trial_release(&trial);
    }
}

/* Its twin: clients that keep up. In each drain of 200 ms ten more cycles would be due; if it did
 * not put the schedule off, 100 would begin in 2 s, many of them late. So it is 16 in each 500 ms.
 */
static void drains_put_an_open_model_off(void **state)
{
    (void)state;
    struct step steps[] = {CONNECT(), HOLD(200 * NS_PER_MS), CLOSE()};
    struct trial trial;
    trial_init(&trial, steps, 3, "");
    struct load_model *load = &trial.scenario.load;
    load->threads = 2;
    load->clients = 16;
    load->start = START_RATE;
    load->rate = 50;
    load->cycles = 0;
    load->duration_ns = 2 * NS_PER_S;
    load->sample_every = 1;
    trial_run(&trial);
    assert_clean(&trial);
    assert_in_range(trial_counters(&trial).cycles_completed, 1, 80);
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_loses_nothing),
        cmocka_unit_test(four_threads_lose_nothing),
        cmocka_unit_test(sixteen_threads_lose_nothing),
        cmocka_unit_test(idle_threads_do_not_disturb),
        cmocka_unit_test(migrating_instances_really_move),
        cmocka_unit_test(no_instance_waits_behind_a_turn),
        cmocka_unit_test(ten_thousand_instances_are_held_at_once),
        cmocka_unit_test(duration_ends_with_a_drain),
        cmocka_unit_test(stages_ramp_clients_and_rates),
        cmocka_unit_test(an_overloaded_open_model_says_so),
        cmocka_unit_test(drains_put_an_open_model_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
