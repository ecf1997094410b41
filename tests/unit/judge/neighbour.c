/* SPDX-License-Identifier: MIT
 *
 * Which other thread a headline names, and which it must not.
 */
#include "harness/judge/neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CLIENT "libclient.so"
#define THREADS 4

/* "function@module:source", innermost first, ended by NULL; the source may be left out. */
static void fill(struct stack *stack, int32_t tid, const char *const *frames)
{
    stack_init(stack);
    stack->tid = tid;
    for (; *frames != NULL; frames++) {
        char function[64];
        char module[64];
        char file[64] = "";
        assert_true(sscanf(*frames, "%63[^@]@%63[^:]:%63s", function, module, file) >= 2);
        struct stack_frame frame = {.pc = 1,
                                    .function = function,
                                    .module = module,
                                    .file = file[0] != '\0' ? file : NULL,
                                    .line = 73};
        assert_int_equal(stack_add(stack, &frame), 0);
    }
}

#define LIBC "@/lib/libc.so.6"
#define CALLED \
    "client_request@/x/" CLIENT ":client.c", "request_run@/x/eighth-worker:request.c", NULL

static const char *const take[] = {"take@/x/" CLIENT ":lru.c", CALLED};
static const char *const trim[] = {"trim@/x/" CLIENT ":lru.c", CALLED};
static const char *const wrap[] = {"malloc" LIBC, "allocate@/x/" CLIENT ":memory.c", CALLED};
static const char *const copying[] = {"memcpy" LIBC, "trim@/x/" CLIENT ":lru.c", CALLED};
static const char *const waiting[] = {"poll" LIBC, "trim@/x/" CLIENT ":lru.c", CALLED};
static const char *const locking[] = {"pthread_mutex_lock" LIBC, "trim@/x/" CLIENT ":lru.c",
                                      CALLED};
static const char *const elsewhere[] = {"send@/x/" CLIENT ":wire.c", CALLED};
static const char *const idle[] = {"futex_wait" LIBC, "turns_main@/x/eighth-worker:turns.c", NULL};
static const char *const aborting[] = {
    "raise" LIBC, "abort" LIBC, "malloc_printerr" LIBC, "malloc" LIBC, "put@/x/" CLIENT ":pool.c",
    CALLED};
static const char *const own_abort[] = {"abort@/x/" CLIENT ":wire.c", CALLED};

struct row {
    const char *const *stacks[THREADS]; /* the first one died */
    const char *told;                   /* "": no one else is named */
};

static const struct row rows[] = {
    {{take, trim}, ", while thread 11 was in trim (lru.c:73)"},
    {{take, copying}, ", while thread 11 was in memcpy (client frame trim)"},
    {{take, elsewhere, trim, trim},
     ", while thread 12 was in trim (lru.c:73), and 1 more in that file"},
    {{take, waiting, locking, elsewhere}, ""},
    {{take, idle, own_abort}, ""},
    {{wrap, wrap}, ""}, /* all that is allocated goes through it */
    {{take, trim, aborting},
     ", while thread 12 was aborting as well in malloc (client frame put, called by "
     "client_request)"},
    {{idle, trim}, ""},
    {{aborting, take}, ""},
    {{take}, ""},
};

static void test_who_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct stack threads[THREADS];
        struct trial_record record;
        struct buffer text = BUFFER_INIT;
        struct neighbour neighbour;
        trial_init(&record);
        (void)snprintf(record.module, sizeof record.module, "%s", CLIENT);
        record.stacks.threads = threads;
        for (; record.stacks.count < THREADS && rows[i].stacks[record.stacks.count] != NULL;
             record.stacks.count++) {
            fill(&threads[record.stacks.count], 10 + (int32_t)record.stacks.count,
                 rows[i].stacks[record.stacks.count]);
        }
        struct culprit culprit = {.sure = true, .stack = &threads[0]};
        if (neighbour_find(&record, &culprit, &neighbour)) {
            neighbour_tell(&record, &culprit, &neighbour, &text);
        }
        assert_string_equal(buffer_text(&text), rows[i].told);
        culprit.sure = false; /* it may have been any other */
        assert_false(neighbour_find(&record, &culprit, &neighbour));
        for (uint32_t t = 0; t < record.stacks.count; t++) {
            stack_release(&threads[t]);
        }
        buffer_clear(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
