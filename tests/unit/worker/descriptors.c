/* SPDX-License-Identifier: MIT
 *
 * Misuses of descriptors: each rule fires on a client that breaks it, and is silent on clients that
 * do something alike by right (tests/run/clients/descriptors.c).
 */
#include "tests/unit/worker/support.h"

#include <dlfcn.h>

static struct step steps[] = {CONNECT(), REQUEST("/a"), REQUEST("/b"), REQUEST("/c"), CLOSE()};

/* Two instances, one thread, their turns alternate. */
static void run(struct trial *trial, const char *way, uint32_t cycles)
{
    trial_init(trial, steps, sizeof steps / sizeof *steps, "");
    find_library(trial->library, sizeof trial->library, "descriptors.so");
    trial->scenario.target.kind = TARGET_ADDRESS; /* asks for no nonce */
    trial->scenario.load.clients = 2;
    trial->scenario.load.cycles = cycles;
    (void)setenv("EIGHTH_TEST_DESCRIPTORS", way, 1);
    trial_run(trial);
    if (trial->logbook->state == WORKER_REFUSED) {
        fail_msg("refused: %s", trial->logbook->failure_text);
    }
    assert_int_equal(trial->logbook->state, WORKER_FINISHED);
    assert_int_equal(trial->status, 0);
    assert_int_equal(trial->log->lost, 0);
}

static void show(const struct trial *trial, const char *way)
{
    struct descriptor_misuse misuse;
    uint32_t cursor = 0;
    while (descriptor_log_next(trial->log, &cursor, &misuse)) {
        fail_msg("%s: %s of fd %d by instance %u in operation %u, %llu times", way,
                 descriptor_misuse_name(misuse.kind), misuse.fd, misuse.now.instance,
                 misuse.now.operation, (unsigned long long)misuse.count);
    }
}

/* The misuses, at most capacity of them. */
static size_t collect(const struct trial *trial, struct descriptor_misuse *misuses, size_t capacity)
{
    uint32_t cursor = 0;
    size_t count = 0;
    while (count < capacity && descriptor_log_next(trial->log, &cursor, &misuses[count])) {
        count++;
    }
    return count;
}

static struct descriptor_misuse only(const struct trial *trial)
{
    struct descriptor_misuse misuses[3];
    if (collect(trial, misuses, 3) != 1) {
        show(trial, "not one");
        fail_msg("no misuse");
    }
    return misuses[0];
}

static void assert_moment(const struct descriptor_moment *moment, enum descriptor_call call,
                          uint32_t instance, enum flight_operation operation)
{
    assert_string_equal(descriptor_call_name(moment->call), descriptor_call_name(call));
    assert_int_equal(moment->instance, instance);
    assert_int_equal(moment->operation, operation);
    assert_true(moment->time != 0);
    assert_true(moment->tid != 0);
}

/* The stack lies in the client, all of it in modules that the map knows. */
static void assert_stack(const struct trial *trial, uint32_t stack)
{
    uint64_t pcs[DESCRIPTOR_FRAMES];
    uint32_t count = descriptor_log_stack(trial->log, stack, pcs);
    size_t length;
    const char *maps = descriptor_log_maps(trial->log, &length);
    char *text = strndup(maps, length);
    assert_in_range(count, 1, DESCRIPTOR_FRAMES);
    for (uint32_t i = 0; i < count; i++) {
        bool found = false;
        char *rest = NULL;
        char *copy = strdup(text);
        for (char *line = strtok_r(copy, "\n", &rest); line != NULL && !found;
             line = strtok_r(NULL, "\n", &rest)) {
            char *end;
            uint64_t low = strtoull(line, &end, 16);
            uint64_t high = strtoull(end + 1, &end, 16);
            found = pcs[i] >= low && pcs[i] < high;
            assert_true(i > 0 || !found || strstr(line, "descriptors.so") != NULL);
        }
        free(copy);
        if (!found) {
            fail_msg("frame %u, %#llx, lies nowhere:\n%s", i, (unsigned long long)pcs[i], text);
        }
    }
    free(text);
}

static void closed_twice(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "close-twice", 5);
    struct descriptor_misuse misuse = only(&trial);
    assert_int_equal(misuse.kind, DESCRIPTOR_CLOSE_BAD);
    assert_int_equal(misuse.count, 10);
    assert_moment(&misuse.opened, DESCRIPTOR_CALL_SOCKETPAIR, 0, FLIGHT_OPEN);
    assert_moment(&misuse.closed, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_CLOSE);
    assert_moment(&misuse.now, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_CLOSE);
    assert_int_equal(misuse.reopened.call, DESCRIPTOR_CALL_NONE);
    assert_int_equal(misuse.now.connection, 1);
    assert_int_equal(misuse.now.step, 4);
    assert_true(misuse.opened.time <= misuse.closed.time);
    assert_true(misuse.closed.time <= misuse.now.time);
    assert_stack(&trial, misuse.opened.stack);
    assert_stack(&trial, misuse.closed.stack);
    assert_stack(&trial, misuse.now.stack);
    assert_true(misuse.closed.stack != misuse.now.stack);
    trial_release(&trial);
}

static void used_after_close(void **state)
{
    (void)state;
    struct trial trial;
    struct descriptor_misuse misuses[20];
    uint32_t seen = 0;
    run(&trial, "use-closed", 3);
    assert_int_equal(collect(&trial, misuses, 20), 11);
    for (size_t i = 0; i < 11; i++) {
        assert_int_equal(misuses[i].kind, DESCRIPTOR_USE_CLOSED);
        assert_int_equal(misuses[i].count, 6);
        assert_moment(&misuses[i].now, misuses[i].now.call, 0, FLIGHT_REQUEST);
        assert_moment(&misuses[i].closed, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_REQUEST);
        assert_moment(&misuses[i].opened, DESCRIPTOR_CALL_SOCKETPAIR, 0, FLIGHT_OPEN);
        seen |= 1U << misuses[i].now.call;
    }
    assert_int_equal(__builtin_popcount(seen), 11);
    trial_release(&trial);
}

/* B's connection is closed by A, which had the number before. */
static void closed_what_was_reused(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "close-reused", 3);
    struct descriptor_misuse misuse = only(&trial); /* and not what it breaks for B */
    assert_int_equal(misuse.kind, DESCRIPTOR_FOREIGN_CLOSE);
    assert_moment(&misuse.opened, DESCRIPTOR_CALL_SOCKETPAIR, 0, FLIGHT_OPEN);
    assert_moment(&misuse.closed, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_REQUEST);
    assert_moment(&misuse.reopened, DESCRIPTOR_CALL_DUP, 1, FLIGHT_REQUEST);
    assert_moment(&misuse.now, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_REQUEST);
    assert_int_equal(misuse.closed.step, 1);
    assert_int_equal(misuse.now.step, 2);
    assert_int_equal(misuse.count, 3);
    assert_stack(&trial, misuse.reopened.stack);
    trial_release(&trial);
}

static void used_what_was_reused(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "use-reused", 3);
    struct descriptor_misuse misuse = only(&trial);
    assert_int_equal(misuse.kind, DESCRIPTOR_USE_REUSED);
    assert_moment(&misuse.closed, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_REQUEST);
    assert_moment(&misuse.reopened, DESCRIPTOR_CALL_DUP, 1, FLIGHT_REQUEST);
    assert_moment(&misuse.now, DESCRIPTOR_CALL_READ, 0, FLIGHT_REQUEST);
    trial_release(&trial);
}

/* It is told when it breaks something: at the owner's next call. */
static void closed_by_another_instance(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "foreign-close", 1);
    struct descriptor_misuse misuse = only(&trial);
    assert_int_equal(misuse.kind, DESCRIPTOR_FOREIGN_CLOSE);
    assert_moment(&misuse.opened, DESCRIPTOR_CALL_SOCKETPAIR, 1, FLIGHT_OPEN);
    assert_moment(&misuse.closed, DESCRIPTOR_CALL_CLOSE, 0, FLIGHT_REQUEST);
    assert_moment(&misuse.now, DESCRIPTOR_CALL_READ, 1, FLIGHT_REQUEST);
    assert_int_equal(misuse.reopened.call, DESCRIPTOR_CALL_NONE);
    trial_release(&trial);
}

static void closed_twice_in_cleanup(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "cleanup-twice", 1);
    struct descriptor_misuse misuse = only(&trial);
    assert_int_equal(misuse.kind, DESCRIPTOR_CLOSE_BAD);
    assert_moment(&misuse.opened, DESCRIPTOR_CALL_OPEN, DESCRIPTOR_NOBODY, FLIGHT_INIT);
    assert_moment(&misuse.closed, DESCRIPTOR_CALL_CLOSE, DESCRIPTOR_NOBODY, FLIGHT_CLEANUP);
    trial_release(&trial);
}

static void leaks_have_an_opener(void **state)
{
    (void)state;
    struct trial trial;
    run(&trial, "leak", 2);
    show(&trial, "leak");
    assert_int_equal(trial.logbook->surplus_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        struct descriptor_moment opened;
        int fd = (int)strtol(trial.logbook->surplus[i] + strlen("fd "), NULL, 10);
        assert_true(descriptor_log_opened(trial.log, fd, &opened));
        assert_moment(&opened, DESCRIPTOR_CALL_DUP, i % 2, FLIGHT_REQUEST);
        assert_int_equal(opened.cycle, i / 2);
        assert_int_equal(opened.connection, i + 1);
        assert_stack(&trial, opened.stack);
    }
    struct descriptor_moment none;
    assert_false(descriptor_log_opened(trial.log, 4711, &none));
    trial_release(&trial);
}

static void silent_on(void **state)
{
    const char *way = *state;
    struct trial trial;
    run(&trial, way, 20);
    show(&trial, way);
    assert_int_equal(trial.logbook->surplus_count, 0);
    assert_int_equal(trial.logbook->before_init.threads, trial.logbook->after_cleanup.threads);
    trial_release(&trial);
}

/* A mapping that was scribbled over is read without harm. */
static void garbage_is_read_without_harm(void **state)
{
    (void)state;
    struct failure failure = FAILURE_INIT;
    struct shared_memory shared = SHARED_MEMORY_INIT;
    assert_int_equal(descriptor_log_create(&shared, &failure), 0);
    struct descriptor_log *log = descriptor_log_of(&shared, &failure);
    assert_non_null(log);
    size_t head = offsetof(struct descriptor_log, shared);
    memset((char *)log + head, 0xff, sizeof *log - head);
    for (uint32_t i = 0; i < DESCRIPTOR_MISUSES; i++) {
        log->slots[i].state = DESCRIPTOR_VALID;
        log->slots[i].misuse.kind = 1 + i % 8;
    }
    for (uint32_t i = 0; i < DESCRIPTOR_STACKS; i++) {
        log->stacks[i].state = DESCRIPTOR_VALID;
    }
    struct descriptor_misuse misuse;
    struct descriptor_moment opened;
    uint64_t pcs[DESCRIPTOR_FRAMES];
    uint32_t cursor = 0;
    size_t length;
    struct descriptor_objects objects;
    for (uint32_t i = 0; descriptor_log_objects(log, i, &objects); i++) {
        assert_in_range(i, 0, DESCRIPTOR_OBJECTS - 1);
        assert_int_equal(objects.first.call, DESCRIPTOR_CALL_NONE);
    }
    uint64_t start;
    assert_false(descriptor_log_thread(log, UINT64_MAX, &start, &opened));
    assert_false(descriptor_log_thread(log, 0, &start, &opened));
    while (descriptor_log_next(log, &cursor, &misuse)) {
        assert_in_range(misuse.kind, 1, DESCRIPTOR_MISUSE_KINDS - 1);
        assert_int_equal(misuse.now.call, DESCRIPTOR_CALL_NONE);
    }
    assert_false(descriptor_log_opened(log, -1, &opened));
    assert_int_equal(descriptor_log_stack(log, 0, pcs), 0);
    assert_int_equal(descriptor_log_stack(log, DESCRIPTOR_STACKS, pcs), DESCRIPTOR_FRAMES);
    assert_int_equal(descriptor_log_stack(log, UINT32_MAX, pcs), 0);
    (void)descriptor_log_maps(log, &length);
    assert_int_equal(length, DESCRIPTOR_MAPS);
    log->magic = 0;
    assert_null(descriptor_log_of(&shared, &failure));
    shared_memory_release(&shared);
}

#define SILENT(way)                                       \
    {                                                     \
        .name = "silent_on " way, .test_func = silent_on, \
        .initial_state = (void *)(uintptr_t)(way)         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_twice),
        cmocka_unit_test(used_after_close),
        cmocka_unit_test(closed_what_was_reused),
        cmocka_unit_test(used_what_was_reused),
        cmocka_unit_test(closed_by_another_instance),
        cmocka_unit_test(closed_twice_in_cleanup),
        cmocka_unit_test(leaks_have_an_opener),
        SILENT("usual"),
        SILENT("all-kinds"),
        SILENT("duplicate"),
        SILENT("no-numbers"),
        SILENT("not-for-reading"),
        SILENT("inside-libc"),
        SILENT("helper-opens"),
        SILENT("helper-closes"),
        SILENT("helper-misbehaves"),
        SILENT("pool"),
        SILENT("shared"),
        SILENT("moved-over"),
        SILENT("of-the-process"),
        SILENT("fork"),
        SILENT("vfork"),
        SILENT("reopen"),
        cmocka_unit_test(garbage_is_read_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
