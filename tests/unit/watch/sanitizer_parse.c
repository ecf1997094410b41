/* SPDX-License-Identifier: MIT
 *
 * Reports of sanitizers: what is read in whole ones (from the corpus), and that damaged, mixed and
 * meaningless ones are never taken for whole.
 */
#include "harness/watch/sanitizer_frame.h"
#include "harness/watch/sanitizer_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPORTS "tests/corpus/reports/"

struct text {
    char *bytes;
    size_t length;
};

/* Two reports at most are put together. */
static struct text load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: run from the top of the tree", path);
    }
    struct text text = {malloc(1 << 19), 0};
    assert_non_null(text.bytes);
    text.length = fread(text.bytes, 1, 1 << 18, file);
    (void)fclose(file);
    return text;
}

static struct sanitizer_log parse(const char *bytes, size_t length)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    sanitizer_parse(bytes, length, &log);
    return log;
}

static struct sanitizer_log parse_file(const char *path)
{
    struct text text = load(path);
    struct sanitizer_log log = parse(text.bytes, text.length);
    free(text.bytes);
    assert_int_not_equal(log.count, 0);
    assert_string_equal(log.reports[0].damage, "");
    return log;
}

static const struct stack_frame *frame_of(const struct sanitizer_report *report, const char *role,
                                          uint32_t number)
{
    const struct sanitizer_stack *stack = sanitizer_report_find(report, role);
    if (stack == NULL || stack->stack.count <= number) {
        fail_msg("no frame %u of %s", number, role);
    }
    return &stack->stack.frames[number];
}

static void expect_function(const struct sanitizer_report *report, const char *role,
                            uint32_t number, const char *function)
{
    assert_string_equal(frame_of(report, role, number)->function, function);
}

/* ---- whole reports -------------------------------------------------------------------------- */

static void use_after_free_has_its_three_stacks(void **state)
{
    (void)state;
    const char *const files[] = {REPORTS "asan/read-body-after-release/gcc-O2.txt",
                                 REPORTS "asan/read-body-after-release/clang-O0.txt"};
    for (size_t i = 0; i < 2; i++) {
        struct sanitizer_log log = parse_file(files[i]);
        const struct sanitizer_report *report = &log.reports[0];
        assert_int_equal(log.count, 1);
        assert_int_equal(report->tool, SANITIZER_ASAN);
        assert_string_equal(report->kind, "heap-use-after-free");
        assert_int_equal(report->access, SANITIZER_READ);
        assert_int_equal(report->size, 8);
        assert_true(report->has_address && report->address != 0);
        assert_true(report->pid > 0);
        assert_non_null(strstr(report->object, "64-byte region"));
        expect_function(report, "access", 0, "bytes_next");
        expect_function(report, "free", 1, "body_release");
        expect_function(report, "alloc", 1, "body_new");
        assert_true(frame_of(report, "access", 0)->line > 0);
        assert_true(frame_of(report, "access", 0)->exact);
        sanitizer_log_release(&log);
    }
}

struct expected {
    const char *file;
    enum sanitizer_tool tool;
    const char *kind;
    const char *role;
    uint32_t number;
    const char *function;
};

static const struct expected expectations[] = {
    {"asan/evict-twice/clang-O1", SANITIZER_ASAN, "double-free", "access", 1, "xfree"},
    {"asan/free-inside/gcc-O0", SANITIZER_ASAN, "bad-free", "access", 1, "trim_release"},
    {"asan/free-of-new/clang-O2", SANITIZER_ASAN, "alloc-dealloc-mismatch", "alloc", 1,
     "(anonymous namespace)::make_value(long)"},
    {"asan/overflow-frame/gcc-O1", SANITIZER_ASAN, "heap-buffer-overflow", "access", 0,
     "frame_append"},
    {"asan/overflow-stack/clang-O2", SANITIZER_ASAN, "stack-buffer-overflow", "frame", 0,
     "overflow_stack"},
    {"asan/overflow-global/gcc-O2", SANITIZER_ASAN, "global-buffer-overflow", "thread T1 created",
     0, "__interceptor_pthread_create"},
    {"asan/use-after-return/clang-O0", SANITIZER_ASAN, "stack-use-after-return", "frame", 0,
     "deadline_of"},
    {"asan/use-after-scope/gcc-O0", SANITIZER_ASAN, "stack-use-after-scope", "access", 0,
     "use_after_scope"},
    {"asan/null-find/gcc-O0", SANITIZER_ASAN, "SEGV", "access", 0, "stream_find"},
    {"asan/nest-without-end/clang-O0", SANITIZER_ASAN, "stack-overflow", "access", 1, "nest"},
    {"asan/grow-too-far/clang-O0", SANITIZER_ASAN, "allocation-size-too-big", "access", 1,
     "grow_buffer"},
    {"asan/overflow-calloc/gcc-O0", SANITIZER_ASAN, "calloc-overflow", "access", 1,
     "table_allocate"},
    {"asan/overlap-window/gcc-O0", SANITIZER_ASAN, "memcpy-param-overlap", "access", 1,
     "window_shift"},
    {"lsan/lose-copy/gcc-O0", SANITIZER_LSAN, "direct-leak", "alloc", 2, "session_copy"},
    {"ubsan/overflow-window/clang-O1", SANITIZER_UBSAN, "signed-integer-overflow", "access", 0,
     "window_add"},
    {"ubsan/load-misaligned/gcc-O1", SANITIZER_UBSAN, "load-of-misaligned-address", "access", 0,
     "length_at"},
    {"ubsan/load-bool/gcc-O0", SANITIZER_UBSAN, "load-of-invalid-bool", "access", 0, "is_sent"},
    {"tsan/race-sum/gcc-O0", SANITIZER_TSAN, "data-race", "previous access", 0, "counters_add"},
    {"tsan/race-close/clang-O1", SANITIZER_TSAN, "heap-use-after-free", "previous access", 1,
     "close_thread"},
    {"tsan/invert-locks/gcc-O2", SANITIZER_TSAN, "lock-order-inversion", "lock", 1,
     "list_then_item"},
    {"tsan/destroy-held/clang-O1", SANITIZER_TSAN, "destroy-of-a-locked-mutex", "access", 1,
     "destroy_held"},
    {"tsan/start-keeper/gcc-O0", SANITIZER_TSAN, "thread-leak", "thread T1 created", 1,
     "start_keeper"},
    {"tsan/allocate-in-handler/gcc-O0", SANITIZER_TSAN, "signal-unsafe-call-inside-of-a-signal",
     "access", 1, "on_signal_allocate"},
    {"tsan/spoil-errno/clang-O0", SANITIZER_TSAN, "signal-handler-spoils-errno", "access", 0,
     "on_signal_spoil"},
};

static void every_kind_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        const struct expected *expected = &expectations[i];
        char path[256];
        (void)snprintf(path, sizeof(path), REPORTS "%s.txt", expected->file);
        struct sanitizer_log log = parse_file(path);
        print_message("%s\n", expected->file);
        assert_int_equal(log.reports[0].tool, expected->tool);
        assert_string_equal(log.reports[0].kind, expected->kind);
        expect_function(&log.reports[0], expected->role, expected->number, expected->function);
        sanitizer_log_release(&log);
    }
}

static void a_race_has_locks_and_location(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file(REPORTS "tsan/race-queue/clang-O1.txt");
    const struct sanitizer_report *report = &log.reports[0];
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    const struct sanitizer_stack *previous = sanitizer_report_find(report, "previous access");
    assert_non_null(access);
    assert_non_null(previous);
    assert_string_equal(access->locks, "write M0");
    assert_string_equal(previous->locks, "write M1");
    assert_string_equal(access->stack.name, "T2");
    assert_int_equal(previous->access, SANITIZER_WRITE);
    assert_int_equal(previous->size, 4);
    assert_non_null(strstr(report->object, "heap block of size 88"));
    expect_function(report, "alloc", 1, "stream_new");
    expect_function(report, "mutex M1 created", 1, "stream_new");
    expect_function(report, "thread T1 created", 1, "run_both");
    assert_string_equal(frame_of(report, "access", 0)->module, "races");
    assert_int_equal(strlen(frame_of(report, "access", 0)->build_id), 40);
    sanitizer_log_release(&log);
}

static void leaks_are_reports_of_their_own(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file(REPORTS "lsan/lose-queue/gcc-O0.txt");
    uint64_t bytes = 0;
    bool indirect = false;
    for (uint32_t i = 0; i < log.count; i++) {
        bytes += log.reports[i].bytes;
        indirect = indirect || strcmp(log.reports[i].kind, "indirect-leak") == 0;
        assert_int_equal(log.reports[i].quality, SANITIZER_WHOLE);
    }
    assert_true(log.count >= 2 && indirect);
    assert_int_equal(bytes, 5 * 32);
    sanitizer_log_release(&log);
}

static void undefined_behaviour_without_a_stack_has_a_place(void **state)
{
    (void)state;
    static const char text[] =
        "talk\nsrc/window.c:12:54: runtime error: signed integer overflow: 4 + 2147483647 cannot "
        "be represented in type 'int'\nmore talk\n"
        "Rakefile: runtime error: this is another language's\n";
    struct sanitizer_log log = parse(text, sizeof(text) - 1);
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].kind, "signed-integer-overflow");
    const struct stack_frame *frame = frame_of(&log.reports[0], "place", 0);
    assert_string_equal(frame->file, "src/window.c");
    assert_int_equal(frame->line, 12);
    assert_int_equal(frame->column, 54);
    sanitizer_log_release(&log);
}

/* ---- frames --------------------------------------------------------------------------------- */

struct frame_case {
    const char *line;
    const char *function;
    const char *file;
    uint32_t number_of_line;
    const char *module;
    uint64_t address;
};

static const struct frame_case frames[] = {
    {"    #0 0x1a in f file.c:3:7", "f", "file.c", 3, NULL, 0},
    {"    #1 0x1a in f /a b/file.c:3", "f", "/a b/file.c", 3, NULL, 0},
    {"    #2 0x1a  (/lib/libssl.so.3+0x352ea)", NULL, NULL, 0, "/lib/libssl.so.3", 0x352ea},
    {"    #2 0x1a in SSL_read (/lib/libssl.so.3+0x35) (BuildId: d6cb)", "SSL_read", NULL, 0,
     "/lib/libssl.so.3", 0x35},
    {"  #0 f races.c:9:1 (races+0xd0) (BuildId: a0)", "f", "races.c", 9, "races", 0xd0},
    {"  #0 malloc <null> (races+0xd0)", "malloc", NULL, 0, "races", 0xd0},
    {"    #0 0x5 in operator new[](unsigned long) (m+0x1)", "operator new[](unsigned long)", NULL,
     0, "m", 1},
    {"    #0 0x5 in (anonymous namespace)::T<a<b>, c>::take(a const&, int) const n.cc:2:1",
     "(anonymous namespace)::T<a<b>, c>::take(a const&, int) const", "n.cc", 2, NULL, 0},
    {"    #0 0x5 in f.constprop.0 (m+0x1)", "f.constprop.0", NULL, 0, "m", 1},
    {"    #0 0x0  (<unknown module>)", NULL, NULL, 0, NULL, 0},
    {"    #2 0xced7fe22a55e66ff  <null> (0xced7fe22a55e66ff)", NULL, NULL, 0, NULL, 0},
};

static void frames_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "%s", frames[i].line);
        struct stack_frame frame;
        uint32_t number;
        assert_int_equal(sanitizer_frame_parse(line, &number, &frame), 0);
        assert_string_equal(frame.function != NULL ? frame.function : "-",
                            frames[i].function != NULL ? frames[i].function : "-");
        assert_string_equal(frame.file != NULL ? frame.file : "-",
                            frames[i].file != NULL ? frames[i].file : "-");
        assert_string_equal(frame.module != NULL ? frame.module : "-",
                            frames[i].module != NULL ? frames[i].module : "-");
        assert_int_equal(frame.line, frames[i].number_of_line);
        assert_int_equal(frame.module_address, frames[i].address);
    }
}

/* Of lines in UBSan's form its own are told apart by what they say. */
static void ubsans_own_messages_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        bool known;
    } cases[] = {
        {"division by zero", true},
        {"division of -2147483648 by -1 cannot be represented in type 'int'", true},
        {"index 16 out of bounds for type 'char [16]'", true},
        {"left shift of 1 by 31 places cannot be represented in type 'int'", true},
        {"load of value 7, which is not a valid value for type '_Bool'", true},
        {"1e+30 is outside the range of representable values of type 'int'", true},
        {"member call on null pointer of type 'struct T'", true},
        {"member call on address 0x602 which does not point to an object of type 'T'", true},
        {"downcast of misaligned address 0x601 for type 'T', which requires 8 byte alignment",
         true},
        {"passing zero to ctz(), which is not a valid argument", true},
        {"assumption of 16 byte alignment for pointer of type 'int *' failed", true},
        {"peer closed", false},
        {"index of the stream not found", false},
        {"negation of the option failed", false},
        {"call to function connect failed", false},
        {"passing zero to the pool", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "src/f.c:4:7: runtime error: %s\n", cases[i].message);
        struct sanitizer_log log = parse(line, strlen(line));
        assert_int_equal(log.count, 1);
        assert_int_equal(log.reports[0].known, cases[i].known);
        sanitizer_log_release(&log);
    }
}

/* ---- damage --------------------------------------------------------------------------------- */

static const char *const whole[] = {
    REPORTS "asan/read-body-after-release/gcc-O2.txt",
    REPORTS "tsan/race-queue/clang-O1.txt",
    REPORTS "lsan/lose-copy/clang-O0.txt",
};

/* Wherever it is cut before its summary, no report is taken for whole. */
static void a_cut_report_is_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        struct text text = load(whole[i]);
        text.bytes[text.length] = '\0';
        const char *summary = strstr(text.bytes, "SUMMARY: ");
        assert_non_null(summary);
        for (size_t length = 0; length < (size_t)(summary - text.bytes); length += 7) {
            struct sanitizer_log log = parse(text.bytes, length);
            for (uint32_t j = 0; j < log.count; j++) {
                assert_int_equal(log.reports[j].quality, SANITIZER_DAMAGED);
                assert_true(log.reports[j].end <= length);
            }
            sanitizer_log_release(&log);
        }
        free(text.bytes);
    }
}

/* Two processes write line by line into one file: no report of the mix may be whole. */
static void interleaved_reports_are_damaged(void **state)
{
    (void)state;
    const char *const pairs[][2] = {
        {REPORTS "asan/read-body-after-release/gcc-O2.txt", REPORTS "asan/evict-twice/gcc-O0.txt"},
        {REPORTS "tsan/race-queue/clang-O1.txt", REPORTS "tsan/race-sum/gcc-O0.txt"},
        {REPORTS "tsan/race-sum/gcc-O0.txt", REPORTS "tsan/race-sum/gcc-O2.txt"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct text one = load(pairs[i][0]);
        struct text other = load(pairs[i][1]);
        one.bytes[one.length] = other.bytes[other.length] = '\0';
        struct text mix = {calloc(1, 1 << 19), 0};
        assert_non_null(mix.bytes);
        const char *left[2] = {one.bytes, other.bytes};
        while (*left[0] != '\0' || *left[1] != '\0') {
            for (int side = 0; side < 2; side++) {
                size_t length = strcspn(left[side], "\n");
                length += left[side][length] == '\n';
                memcpy(mix.bytes + mix.length, left[side], length);
                mix.length += length;
                left[side] += length;
            }
        }
        struct sanitizer_log log = parse(mix.bytes, mix.length);
        assert_true(log.count >= 2);
        for (uint32_t j = 0; j < log.count; j++) {
            assert_int_equal(log.reports[j].quality, SANITIZER_DAMAGED);
        }
        sanitizer_log_release(&log);
        free(one.bytes);
        free(other.bytes);
        free(mix.bytes);
    }
}

/* One report after the other is two whole ones, and their spans do not touch. */
static void reports_in_turn_are_whole(void **state)
{
    (void)state;
    struct text text = load(REPORTS "asan/null-find/gcc-O0.txt");
    struct text next = load(REPORTS "tsan/race-sum/gcc-O0.txt");
    memcpy(text.bytes + text.length, next.bytes, next.length);
    struct sanitizer_log log = parse(text.bytes, text.length + next.length);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.reports[0].quality, SANITIZER_WHOLE);
    assert_int_equal(log.reports[1].quality, SANITIZER_WHOLE);
    assert_true(log.reports[0].end <= log.reports[1].begin);
    assert_memory_equal(text.bytes + log.reports[1].begin, "WARNING: ThreadSanitizer", 24);
    sanitizer_log_release(&log);
    free(text.bytes);
    free(next.bytes);
}

/* A byte of something else in any line of a report damages it; it never crashes. */
static void binary_bytes_damage(void **state)
{
    (void)state;
    struct text text = load(whole[0]);
    text.bytes[text.length] = '\0';
    size_t summary = (size_t)(strstr(text.bytes, "SUMMARY: ") - text.bytes);
    size_t begin = (size_t)(strstr(text.bytes, "ERROR: ") - text.bytes);
    for (size_t at = begin; at < summary; at += 13) {
        char kept = text.bytes[at];
        if (kept == '\n') {
            continue;
        }
        text.bytes[at] = '\0';
        struct sanitizer_log log = parse(text.bytes, text.length);
        for (uint32_t j = 0; j < log.count; j++) {
            assert_int_equal(log.reports[j].quality, SANITIZER_DAMAGED);
        }
        sanitizer_log_release(&log);
        text.bytes[at] = kept;
    }
    free(text.bytes);
}

static void a_line_of_megabytes_is_survived(void **state)
{
    (void)state;
    struct text text = load(whole[0]);
    size_t filling = (size_t)4 << 20;
    char *bytes = malloc(text.length + filling + 16);
    assert_non_null(bytes);
    memset(bytes, '#', filling);
    bytes[filling] = '\n';
    memcpy(bytes + filling + 1, text.bytes, text.length);
    struct sanitizer_log log = parse(bytes, filling + 1 + text.length);
    assert_int_equal(log.count, 1);
    assert_int_equal(log.reports[0].quality, SANITIZER_WHOLE);
    sanitizer_log_release(&log);
    free(bytes);
    free(text.bytes);
}

/* ---- MemorySanitizer, whose reports are no part of the corpus ------------------------------- */

static const char unwritten[] =
    "==12==WARNING: MemorySanitizer: use-of-uninitialized-value\n"
    "    #0 0x55ea8c6d0459 in judge /src/msan.c:5:58 (msan+0xa7459) (BuildId: f367)\n"
    "    #1 0x55ea8c6d02e0 in main /src/msan.c:6:36 (msan+0xa72e0) (BuildId: f367)\n"
    "\n"
    "  Uninitialized value was stored to memory at\n"
    "    #0 0x55ea8c6d0333 in keep /src/msan.c:9:5 (msan+0xa7333) (BuildId: f367)\n"
    "\n"
    "  Uninitialized value was stored to memory at\n"
    "    #0 0x55ea8c6d0222 in take /src/msan.c:8:5 (msan+0xa7222) (BuildId: f367)\n"
    "\n"
    "  Uninitialized value was created by a heap allocation\n"
    "    #0 0x55ea8c67ec90 in __interceptor_malloc <null> (msan+0x55c90) (BuildId: f367)\n"
    "    #1 0x55ea8c6d03db in make /src/msan.c:4:59 (msan+0xa73db) (BuildId: f367)\n"
    "\n"
    "SUMMARY: MemorySanitizer: use-of-uninitialized-value /src/msan.c:5:58 in judge\n";

static void an_unwritten_value_has_its_ways(void **state)
{
    (void)state;
    struct sanitizer_log log = parse(unwritten, strlen(unwritten));
    assert_int_equal(log.count, 1);
    const struct sanitizer_report *report = &log.reports[0];
    assert_string_equal(report->damage, "");
    assert_int_equal(report->tool, SANITIZER_MSAN);
    assert_string_equal(report->kind, "use-of-uninitialized-value");
    assert_int_equal(report->pid, 12);
    assert_int_equal(report->count, 4);
    expect_function(report, "access", 0, "judge");
    expect_function(report, "stored", 0, "keep");
    expect_function(report, "alloc", 1, "make");
    assert_int_equal(report->end, strlen(unwritten));
    sanitizer_log_release(&log);
    /* Where it was made on a stack, the place may have no frame. */
    const char local[] =
        "==12==WARNING: MemorySanitizer: use-of-uninitialized-value\n"
        "    #0 0x55ea8c6d0459 in judge /src/msan.c:5:58\n\n"
        "  Uninitialized value was created by an allocation of 'sum' in the stack frame of "
        "function 'judge'\n\n"
        "SUMMARY: MemorySanitizer: use-of-uninitialized-value /src/msan.c:5:58 in judge\n";
    log = parse(local, sizeof local - 1);
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].damage, "");
    assert_non_null(strstr(log.reports[0].object, "'sum'"));
    sanitizer_log_release(&log);
}

/* Two in turn, as with -fsanitize-recover, are whole; one that stops anywhere is not. */
static void unwritten_values_in_turn_are_whole(void **state)
{
    (void)state;
    char text[2 * sizeof unwritten + 200];
    int length = snprintf(text, sizeof text,
                          "%sUninitialized bytes in fwrite at offset 0 inside [0x7f, 16)\n%s"
                          "MemorySanitizer: 2 warnings reported.\n",
                          unwritten, unwritten);
    struct sanitizer_log log = parse(text, (size_t)length);
    assert_int_equal(log.count, 2);
    assert_int_equal(log.reports[0].quality, SANITIZER_WHOLE);
    assert_int_equal(log.reports[1].quality, SANITIZER_WHOLE);
    sanitizer_log_release(&log);
    for (size_t end = strlen("==12==WARNING: MemorySanitizer: u"); end < strlen(unwritten) - 1;
         end++) {
        log = parse(unwritten, end);
        assert_int_equal(log.count, 1);
        /* Without the last words of a summary nothing is missing. */
        bool summed = end > (size_t)(strstr(unwritten, "SUMMARY") - unwritten);
        assert_true(summed || log.reports[0].quality == SANITIZER_DAMAGED);
        sanitizer_log_release(&log);
    }
}

/* LeakSanitizer tells signals in ASan's words. */
static void a_signal_of_leak_sanitizer_is_no_leak(void **state)
{
    (void)state;
    const char text[] =
        "LeakSanitizer:DEADLYSIGNAL\n"
        "==14403==ERROR: LeakSanitizer: SEGV on unknown address 0x000000000000 (pc 0x55f748342132 "
        "bp 0x7ffce922fa30 sp 0x7ffce922fa30 T0)\n"
        "==14403==The signal is caused by a WRITE memory access.\n"
        "==14403==Hint: address points to the zero page.\n"
        "    #0 0x55f748342132 in die /src/segv.c:1\n"
        "\n"
        "LeakSanitizer can not provide additional info.\n"
        "SUMMARY: LeakSanitizer: SEGV /src/segv.c:1 in die\n"
        "==14403==ABORTING\n";
    struct sanitizer_log log = parse(text, sizeof text - 1);
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].damage, "");
    assert_int_equal(log.reports[0].tool, SANITIZER_LSAN);
    assert_string_equal(log.reports[0].kind, "SEGV");
    assert_int_equal(log.reports[0].access, SANITIZER_WRITE);
    expect_function(&log.reports[0], "access", 0, "die");
    sanitizer_log_release(&log);
}

static void reports_beyond_the_ceiling_are_counted(void **state)
{
    (void)state;
    char *bytes = malloc((SANITIZER_REPORTS + 8) * 128);
    assert_non_null(bytes);
    size_t length = 0;
    for (uint32_t i = 0; i < SANITIZER_REPORTS + 7; i++) {
        length += (size_t)snprintf(bytes + length, 128,
                                   "f.c:%u:1: runtime error: division by zero\n", i + 1);
    }
    struct sanitizer_log log = parse(bytes, length);
    assert_int_equal(log.count, SANITIZER_REPORTS);
    assert_int_equal(log.dropped, 7);
    sanitizer_log_release(&log);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(use_after_free_has_its_three_stacks),
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(a_race_has_locks_and_location),
        cmocka_unit_test(leaks_are_reports_of_their_own),
        cmocka_unit_test(undefined_behaviour_without_a_stack_has_a_place),
        cmocka_unit_test(frames_are_taken_apart),
        cmocka_unit_test(ubsans_own_messages_are_known),
        cmocka_unit_test(a_cut_report_is_damaged),
        cmocka_unit_test(interleaved_reports_are_damaged),
        cmocka_unit_test(reports_in_turn_are_whole),
        cmocka_unit_test(binary_bytes_damage),
        cmocka_unit_test(a_line_of_megabytes_is_survived),
        cmocka_unit_test(an_unwritten_value_has_its_ways),
        cmocka_unit_test(unwritten_values_in_turn_are_whole),
        cmocka_unit_test(a_signal_of_leak_sanitizer_is_no_leak),
        cmocka_unit_test(reports_beyond_the_ceiling_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
