/* SPDX-License-Identifier: MIT
 *
 * Last words of other languages' runtimes: real ones from the corpus, and those of Go and Crystal
 * as their runtimes write them; and texts that only begin alike.
 */
#include "harness/watch/foreign_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sanitizer_log parse(const char *text)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    foreign_parse(text, strlen(text), &log);
    return log;
}

static struct sanitizer_log parse_file(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "tests/corpus/foreign/%s.txt", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: run from the top of the tree", path);
    }
    static char text[1 << 16];
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    foreign_parse(text, length, &log);
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

static void expect(const struct sanitizer_log *log, uint32_t number, enum sanitizer_tool tool,
                   const char *kind, const char *title)
{
    assert_true(log->count > number);
    assert_int_equal(log->reports[number].tool, tool);
    assert_string_equal(log->reports[number].kind, kind);
    assert_string_equal(log->reports[number].title, title);
    assert_string_equal(log->reports[number].damage, "");
}

static void python_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file("python-fatal");
    assert_int_equal(log.count, 1);
    expect(&log, 0, SANITIZER_PYTHON, "fatal-error", "Fatal Python error: Segmentation fault");
    assert_string_equal(frame_of(&log.reports[0], "access", 1)->function, "crash");
    assert_string_equal(frame_of(&log.reports[0], "thread", 0)->function, "idle");
    assert_int_equal(frame_of(&log.reports[0], "thread", 0)->line, 4);
    sanitizer_log_release(&log);
    log = parse_file("python-exception");
    assert_int_equal(log.count, 1);
    expect(&log, 0, SANITIZER_PYTHON, "exception",
           "ZeroDivisionError: integer division or modulo by zero");
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->function, "read");
    assert_string_equal(frame_of(&log.reports[0], "access", 2)->function, "<module>");
    sanitizer_log_release(&log);
}

static void rust_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file("rust-panic");
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].kind, "panic");
    assert_string_equal(log.reports[0].object, "p.rs:1:39:");
    assert_string_equal(log.reports[0].title,
                        "thread 'main' panicked at p.rs:1:39: index out of bounds: the len is 3 "
                        "but the index is 5");
    const struct stack_frame *frame = frame_of(&log.reports[0], "access", 3);
    assert_string_equal(frame->function, "p::read");
    assert_string_equal(frame->file, "./p.rs");
    assert_int_equal(frame->line, 1);
    assert_int_equal(frame->column, 39);
    sanitizer_log_release(&log);
    log = parse("thread 'main' panicked at 'no session', src/main.rs:2:5\n"
                "note: run with `RUST_BACKTRACE=1`\n");
    assert_int_equal(log.count, 1);
    assert_int_equal(log.reports[0].count, 0);
    assert_string_equal(log.reports[0].title,
                        "thread 'main' panicked at 'no session', src/main.rs:2:5");
    sanitizer_log_release(&log);
    log = parse("thread 'reader (3) x' panicked at a.rs:2:5:\n\nsecond line\n");
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].title, "thread 'reader (3) x' panicked at a.rs:2:5: ");
    sanitizer_log_release(&log);
}

static void java_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file("java-exception");
    assert_int_equal(log.count, 1);
    expect(&log, 0, SANITIZER_JAVA, "exception",
           "Exception in thread \"main\" java.lang.IllegalStateException: reader");
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->function, "T.run");
    assert_string_equal(frame_of(&log.reports[0], "cause", 0)->function, "T.read");
    sanitizer_log_release(&log);
    log = parse_file("java-fatal");
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].kind, "fatal-error");
    assert_non_null(strstr(log.reports[0].title, "SIGSEGV"));
    const struct stack_frame *frame = frame_of(&log.reports[0], "access", 0);
    assert_string_equal(frame->function, "Unsafe_PutLong");
    assert_string_equal(frame->module, "libjvm.so");
    assert_int_equal(frame->module_address, 0xed2f94);
    sanitizer_log_release(&log);
}

static void node_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file("node-exception");
    assert_int_equal(log.count, 1);
    expect(&log, 0, SANITIZER_NODE, "exception",
           "TypeError: Cannot read properties of undefined (reading 'id')");
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->function, "read");
    assert_int_equal(frame_of(&log.reports[0], "access", 1)->line, 2);
    sanitizer_log_release(&log);
    log = parse_file("node-fatal");
    assert_int_equal(log.count, 1);
    assert_string_equal(log.reports[0].kind, "fatal-error");
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->module, "node");
    sanitizer_log_release(&log);
}

static void valgrind_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log = parse_file("valgrind");
    assert_true(log.count >= 2);
    expect(&log, 0, SANITIZER_VALGRIND, "invalid-read", "Invalid read of size 4");
    assert_int_equal(log.reports[0].access, SANITIZER_READ);
    assert_int_equal(log.reports[0].size, 4);
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->function, "rd");
    assert_string_equal(frame_of(&log.reports[0], "free", 0)->function, "free");
    assert_string_equal(frame_of(&log.reports[0], "alloc", 1)->function, "main");
    const struct sanitizer_report *leak = &log.reports[log.count - 1];
    assert_non_null(strstr(leak->kind, "-lost"));
    assert_int_equal(leak->bytes, 16);
    assert_string_equal(frame_of(leak, "alloc", 0)->function, "malloc");
    sanitizer_log_release(&log);
}

static void go_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log =
        parse("output\n"
              "panic: runtime error: invalid memory address or nil pointer dereference\n"
              "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x45c]\n\n"
              "goroutine 7 [running]:\n"
              "main.(*reader).read(0xc000012345, {0x1, 0x2})\n"
              "\t/srv/reader.go:12 +0x1d\n"
              "main.run(...)\n"
              "\t/srv/main.go:8\n"
              "created by main.main in goroutine 1\n"
              "\t/srv/main.go:20 +0x5\n\n"
              "goroutine 1 [chan receive]:\n"
              "main.main()\n"
              "\t/srv/main.go:22 +0x9\n"
              "exit status 2\n");
    assert_int_equal(log.count, 1);
    expect(&log, 0, SANITIZER_GO, "panic",
           "panic: runtime error: invalid memory address or nil pointer dereference");
    const struct sanitizer_report *report = &log.reports[0];
    assert_int_equal(report->address, 0x18);
    assert_string_equal(frame_of(report, "access", 0)->function, "main.(*reader).read");
    assert_string_equal(frame_of(report, "access", 1)->file, "/srv/main.go");
    assert_int_equal(frame_of(report, "access", 0)->line, 12);
    assert_string_equal(frame_of(report, "access", 2)->function, "main.main");
    assert_string_equal(sanitizer_report_find(report, "thread")->stack.name, "goroutine 1");
    sanitizer_log_release(&log);
}

static void crystal_is_read(void **state)
{
    (void)state;
    struct sanitizer_log log =
        parse("Invalid memory access (signal 11) at address 0x18\n"
              "[0x5581] *Exception::CallStack::print_backtrace:Nil +118 in ./client\n"
              "[0x5582] *Reader#read<Slice(UInt8)>:Int32 +14 in ./client\n"
              "[0x5583] ??? in /lib/x86_64-linux-gnu/libssl.so.3\n"
              "\n"
              "Unhandled exception: Closed stream (IO::Error)\n"
              "  from src/reader.cr:12:3 in 'read'\n"
              "  from ???\n");
    assert_int_equal(log.count, 2);
    expect(&log, 0, SANITIZER_CRYSTAL, "invalid-memory-access",
           "Invalid memory access (signal 11) at address 0x18");
    assert_int_equal(log.reports[0].address, 0x18);
    assert_string_equal(frame_of(&log.reports[0], "access", 1)->function,
                        "Reader#read<Slice(UInt8)>:Int32");
    assert_int_equal(frame_of(&log.reports[0], "access", 1)->offset, 14);
    assert_null(frame_of(&log.reports[0], "access", 2)->function);
    expect(&log, 1, SANITIZER_CRYSTAL, "unhandled-exception",
           "Unhandled exception: Closed stream (IO::Error)");
    assert_int_equal(frame_of(&log.reports[1], "access", 0)->line, 12);
    sanitizer_log_release(&log);
}

static void ordinary_output_is_no_report(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Error: cannot connect\n",
        "panic: this is only a word\nand the program goes on\n",
        "fatal error: stdio.h: No such file or directory\n",
        "ConnectionError: refused, trying again\nconnected\n",
        "==12== Memcheck, a memory error detector\n==12== \n",
        "  File \"x\", line 3\n",
        "",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sanitizer_log log = parse(texts[i]);
        assert_int_equal(log.count, 0);
        sanitizer_log_release(&log);
    }
}

static void what_is_cut_off_is_damaged(void **state)
{
    (void)state;
    struct sanitizer_log log = parse("Traceback (most recent call last):\n"
                                     "  File \"a.py\", line 3, in run\n"
                                     "  File \"a.py\", line 2, in read\n");
    assert_int_equal(log.count, 1);
    assert_int_equal(log.reports[0].quality, SANITIZER_DAMAGED);
    assert_string_equal(frame_of(&log.reports[0], "access", 0)->function, "read");
    sanitizer_log_release(&log);
    log = parse("thread 'main' panicked at src/ma");
    assert_int_equal(log.reports[0].quality, SANITIZER_DAMAGED);
    sanitizer_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(python_is_read),
        cmocka_unit_test(rust_is_read),
        cmocka_unit_test(java_is_read),
        cmocka_unit_test(node_is_read),
        cmocka_unit_test(valgrind_is_read),
        cmocka_unit_test(go_is_read),
        cmocka_unit_test(crystal_is_read),
        cmocka_unit_test(ordinary_output_is_no_report),
        cmocka_unit_test(what_is_cut_off_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
