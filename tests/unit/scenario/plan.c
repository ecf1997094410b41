/* SPDX-License-Identifier: MIT
 *
 * Plans survive the way through a descriptor, and what is no plan is refused.
 */
#include "harness/scenario/plan.h"
#include "tests/unit/scenario/support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void expect_text(const char *got, const char *wanted)
{
    if (wanted == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, wanted);
    }
}

static void round_trip(struct plan *plan)
{
    int fd = -1;
    struct plan copy;
    struct failure failure = FAILURE_INIT;
    if (plan_write(plan, &fd, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    if (plan_read(&copy, fd, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    assert_int_equal(copy.seed, plan->seed);
    assert_int_equal(copy.count_instructions, plan->count_instructions);
    assert_int_equal(copy.port, plan->port);
    assert_int_equal(copy.refuse_port, plan->refuse_port);
    expect_text(copy.library, plan->library);
    expect_text(copy.host, plan->host);
    expect_text(copy.sni, plan->sni);
    expect_text(copy.ca_file, plan->ca_file);
    assert_string_equal(copy.scenario->json, plan->scenario->json);
    assert_string_equal(copy.scenario->file, plan->scenario->file);
    assert_string_equal(copy.scenario->combination, plan->scenario->combination);
    plan_release(&copy);
    assert_int_equal(close(fd), 0);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(scenario_load(&list, "scenarios", NULL, 0, &failure), 0);
    for (size_t i = 0; i < list.count; i++) {
        struct plan plan = {.scenario = list.items[i],
                            .seed = UINT64_MAX - i,
                            .count_instructions = i % 2 == 1,
                            .library = "/a \"b\"/c.so",
                            .host = "127.0.0.1",
                            .port = 65535,
                            .refuse_port = 1,
                            .sni = "localhost",
                            .ca_file = "/tmp/\xc3\xa4.pem"};
        round_trip(&plan);
    }
    struct plan bare = {.scenario = list.items[0]};
    round_trip(&bare);
    scenario_list_clear(&list);
}

static void test_no_plan(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"version\":3}",
        "{\"version\":1}",
        "{\"version\":3,\"seed\":\"-1\",\"port\":1,\"refuse_port\":0}",
        "{\"version\":3,\"seed\":\"1\",\"port\":70000,\"refuse_port\":0}",
        "{\"version\":3,\"seed\":\"1\",\"port\":1,\"refuse_port\":0}",
        "{\"version\":3,\"seed\":\"1\",\"port\":1,\"refuse_port\":0,\"scenario\":{}}",
        "{\"version\":3,\"seed\":\"1\",\"port\":1,\"refuse_port\":0,\"scenario\":"
        "{\"name\":\"x\",\"matrix\":{\"trials\":[1,2]}}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct plan plan;
        struct failure failure = FAILURE_INIT;
        int fd = memfd_create("no-plan", MFD_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), strlen(texts[i]));
        if (plan_read(&plan, fd, &failure) == 0) {
            fail_msg("accepted %s", texts[i]);
        }
        assert_int_equal(failure.kind, FAILURE_INTERNAL);
        assert_null(plan.scenario);
        plan_release(&plan);
        assert_int_equal(close(fd), 0);
    }
    struct plan plan;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(plan_read(&plan, -1, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_INTERNAL);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(plan_read(&plan, fds[0], &failure), -1);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
