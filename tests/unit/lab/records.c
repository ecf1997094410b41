/* SPDX-License-Identifier: MIT
 *
 * The table of defects holds together, and what no finding shows is counted here: additions that
 * plain counters lose, and that atomic ones do not.
 */
#include "client/lab/options.h"

#include "client/h2/memory.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

static void every_record_is_whole(void **state)
{
    (void)state;
    size_t count = 0;
    for (; lab_defects[count] != NULL; count++) {
        const struct lab_defect *defect = lab_defects[count];
        assert_ptr_equal(lab_defect_named(defect->name), defect); /* no name twice */
        assert_non_null(defect->apply);
        const char *const texts[] = {defect->seed, defect->mechanism, defect->plain,
                                     defect->asan, defect->tsan,      defect->twin};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            assert_non_null(texts[i]);
            assert_true(strlen(texts[i]) > 1);
        }
    }
    assert_true(count >= 20);
    assert_null(lab_defect_named("clean"));
}

/* ---- docs/lab.md is what the records say --------------------------------------------------------
 */

static void add_option(const struct lab_option *option, char *text, size_t size)
{
    size_t at = strlen(text);
    at += (size_t)snprintf(text + at, size - at, "- **Option `%s`:** %s: ", option->name,
                           option->help);
    if (option->words == NULL) {
        (void)snprintf(text + at, size - at, "%d to %d (default %d)\n", option->low, option->high,
                       option->initial);
        return;
    }
    for (int i = 0; option->words[i] != NULL; i++) {
        at += (size_t)snprintf(text + at, size - at, "%s`%s`%s", i == 0 ? "" : ", ",
                               option->words[i], i == option->initial ? " (default)" : "");
    }
    (void)snprintf(text + at, size - at, "\n");
}

static void describe(const struct lab_defect *defect, char *text, size_t size)
{
    (void)snprintf(text, size,
                   "## %s\n\n- **The notes:** %s.\n- **What goes wrong:** %s.\n"
                   "- **Appears as:** plain: %s. asan: %s. tsan: %s.\n- **Done right:** `%s`\n",
                   defect->name, defect->seed, defect->mechanism, defect->plain, defect->asan,
                   defect->tsan, defect->twin);
    const struct lab_option *option = defect->options;
    for (; option != NULL && option->name != NULL; option++) {
        add_option(option, text, size);
    }
}

static void the_page_says_what_the_records_say(void **state)
{
    (void)state;
    static char page[65536];
    FILE *file = fopen("docs/lab.md", "r");
    assert_non_null(file); /* tests run in the root of the tree */
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    (void)fclose(file);
    for (size_t i = 0; lab_defects[i] != NULL; i++) {
        char text[2048];
        describe(lab_defects[i], text, sizeof text);
        if (strstr(page, text) == NULL) {
            fail_msg("docs/lab.md does not say:\n%s", text);
        }
    }
}

static void every_option_has_a_default_in_range(void **state)
{
    (void)state;
    for (size_t i = 0; lab_defects[i] != NULL; i++) {
        const struct lab_option *option = lab_defects[i]->options;
        for (; option != NULL && option->name != NULL; option++) {
            assert_ptr_equal(lab_option_named(lab_defects[i], option->name), option);
            assert_non_null(option->help);
            int high;
            for (high = 0; option->words != NULL && option->words[high] != NULL; high++) {
            }
            assert_in_range(option->initial, option->words != NULL ? 0 : option->low,
                            option->words != NULL ? high - 1 : option->high);
        }
    }
}

static void lab_options_are_taken_out(void **state)
{
    (void)state;
    struct lab_options options;
    struct eighth_error error = {.size = sizeof(error)};
    assert_int_equal(lab_options_parse(&options,
                                       "{\"defect\": \"eighth-connection\", \"entries\": 3, "
                                       "\"cache\": \"none\"}",
                                       &error),
                     0);
    assert_string_equal(options.defect->name, "eighth-connection");
    assert_int_equal(*lab_option_named(options.defect, "entries")->value, 3);
    assert_string_equal(options.rest, "{\"cache\":\"none\"}");
    cJSON_free(options.rest);

    assert_int_equal(
        lab_options_parse(&options, "{\"defect\": \"eighth-connection\", \"fixed\": true}", &error),
        0);
    assert_null(options.defect);
    assert_string_equal(options.rest, "{}");
    cJSON_free(options.rest);
    assert_int_equal(lab_options_parse(&options, "[]", &error), -1);
    assert_int_equal(lab_options_parse(&options, "{\"defect\": 8}", &error), -1);
}

/* ---- lost updates ------------------------------------------------------------------------------
 */

#define THREADS 4
#define ADDITIONS 5000000
#define ROUNDS 20 /* on a busy machine the threads of one may follow each other */

struct adding {
    const struct h2_counter_ops *ops;
    struct h2_counters *counters;
    pthread_barrier_t *barrier;
};

static void *add_many(void *argument)
{
    const struct adding *adding = argument;
    (void)pthread_barrier_wait(adding->barrier);
    for (int i = 0; i < ADDITIONS; i++) {
        adding->ops->add(adding->counters, H2_BUFFERS_MADE, 1);
    }
    return NULL;
}

/* How many of the additions of all threads are missing in the total. */
static int64_t lost_by(const struct h2_counter_ops *ops)
{
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    struct adding adding = {ops, h2_counters_create(), &barrier};
    assert_non_null(adding.counters);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &adding), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    int64_t lost = (int64_t)THREADS * ADDITIONS - ops->read(adding.counters, H2_BUFFERS_MADE);
    h2_release(adding.counters);
    (void)pthread_barrier_destroy(&barrier);
    return lost;
}

static void plain_counters_lose_additions(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* TSan would tell of the race, rightly: see the scenario */
#else
    struct h2_seams seams = {0};
    assert_int_equal(lab_defect_named("buffer-stats-global")->apply(&seams), 0);
    int64_t lost = 0;
    for (int i = 0; i < ROUNDS && lost == 0; i++) {
        lost = lost_by(seams.counters);
    }
    print_message("%lld of %d additions lost\n", (long long)lost, THREADS * ADDITIONS);
    assert_true(lost > 0);
#endif
}

static void atomic_counters_lose_none(void **state)
{
    (void)state;
    assert_int_equal(lost_by(&h2_counters_atomic), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_whole),
        cmocka_unit_test(the_page_says_what_the_records_say),
        cmocka_unit_test(every_option_has_a_default_in_range),
        cmocka_unit_test(lab_options_are_taken_out),
        cmocka_unit_test(plain_counters_lose_additions),
        cmocka_unit_test(atomic_counters_lose_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
