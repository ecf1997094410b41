/* SPDX-License-Identifier: MIT
 *
 * The target as a controller sees it: a child process, the control channel and the ledger. The
 * clients are bare sockets in clear text, so each end of a connection is exactly known.
 */
#include "harness/target/service.h"

#include "harness/base/clock.h"
#include "harness/base/control.h"
#include "harness/base/ledger.h"
#include "harness/scenario/parse.h"
#include "harness/scenario/plan.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The client's connection preface and an empty SETTINGS frame (RFC 9113, 3.4). */
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
/* HEADERS of stream 1, END_STREAM and END_HEADERS: GET http /get, of the static table of HPACK but
 * the path. */
#define GET_1 "\0\0\x0b\1\5\0\0\0\1\x82\x86\x44\4/get\x41\1a"

struct service {
    struct shared_memory shared;
    struct ledger *ledger;
    int control;
    pid_t pid;
};

static struct service service;

static pid_t start_child(int plan_fd, int ledger_fd, int control_fd, int other)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct failure failure = FAILURE_INIT;
        (void)close(other);
        int result = service_run(plan_fd, ledger_fd, control_fd, &failure);
        _exit(result == 0 ? 0 : failure_exit_code(&failure));
    }
    return pid;
}

static void receive(struct control_message *message)
{
    assert_int_equal(recv(service.control, message, sizeof *message, 0), sizeof *message);
}

static void start_service(const char *embedded)
{
    char text[1024];
    struct failure failure = FAILURE_INIT;
    struct scenario_list list = SCENARIO_LIST_INIT;
    (void)snprintf(text, sizeof text,
                   "{\"name\": \"t\", \"description\": \"t\", \"client\": {\"library\": \"h2\"},"
                   " \"target\": {\"embedded\": %s},"
                   " \"load\": {\"threads\": 1, \"clients\": 1, \"cycles\": 1},"
                   " \"steps\": [{\"connect\": {}}, {\"close\": {}}]}",
                   embedded);
    if (scenario_parse(&list, "t.json", text, strlen(text), NULL, 0, &failure) != 0) {
        fail_msg("%s", failure.text);
    }
    struct plan plan = {.scenario = list.items[0]};
    int plan_fd;
    int ends[2];
    assert_int_equal(plan_write(&plan, &plan_fd, &failure), 0);
    scenario_list_clear(&list);
    assert_int_equal(ledger_create(&service.shared, &failure), 0);
    service.ledger = service.shared.memory;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    service.control = ends[0];
    service.pid = start_child(plan_fd, dup(service.shared.fd), ends[1], ends[0]);
    (void)close(ends[1]);
    (void)close(plan_fd);
}

static void await_ready(void)
{
    struct control_message message;
    receive(&message);
    if (message.verb != CONTROL_READY) {
        fail_msg("%s", message.text);
    }
    assert_int_not_equal(service.ledger->port, 0);
    assert_int_equal(service.ledger->pid, service.pid);
}

static int end_service(void)
{
    int status;
    (void)close(service.control);
    assert_int_equal(waitpid(service.pid, &status, 0), service.pid);
    shared_memory_release(&service.shared);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void order(uint32_t verb, uint64_t seed, uint64_t timeout_ns, struct control_message *reply)
{
    struct control_message message = {.verb = verb, .seed = seed, .timeout_ns = timeout_ns};
    assert_int_equal(send(service.control, &message, sizeof message, 0), sizeof message);
    receive(reply);
    assert_int_equal(reply->verb, CONTROL_DONE);
}

static void begin(uint64_t seed)
{
    struct control_message reply;
    order(CONTROL_BEGIN, seed, 0, &reply);
}

static uint64_t quiesce(uint64_t timeout_ns)
{
    struct control_message reply;
    order(CONTROL_QUIESCE, 0, timeout_ns, &reply);
    return reply.active;
}

static int try_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10};
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int connect_client(void)
{
    int fd = try_connect(service.ledger->port);
    assert_true(fd >= 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static void say(int fd, const char *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
}

/* Reads until the text of a /get response came, or the end. */
static bool hears_response(int fd)
{
    char bytes[4096];
    size_t length = 0;
    while (length < sizeof bytes) {
        ssize_t got = recv(fd, bytes + length, sizeof bytes - length, 0);
        if (got <= 0) {
            return false;
        }
        length += (size_t)got;
        if (memmem(bytes, length, "\"method\"", 8) != NULL) {
            return true;
        }
    }
    return false;
}

static void reset(int fd)
{
    struct linger at_once = {1, 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fd);
}

static struct ledger_entry entry_at(uint64_t ordinal)
{
    struct ledger_entry entry;
    assert_int_equal(ledger_entry_at(service.ledger, ordinal, &entry), 0);
    return entry;
}

/* ---- tests ---- */

static void counts_are_exact_when_quiet(void **state)
{
    (void)state;
    start_service("{\"tls\": false, \"threads\": 4}");
    await_ready();
    begin(1);
    struct ledger_counters sum;
    for (unsigned round = 1; round <= 20; round++) {
        int fds[25];
        for (unsigned i = 0; i < 25; i++) {
            fds[i] = connect_client();
        }
        for (unsigned i = 0; i < 25; i++) {
            if (i % 5 == 0) {
                say(fds[i], PREFACE, sizeof PREFACE - 1);
                say(fds[i], GET_1, sizeof GET_1 - 1);
                assert_true(hears_response(fds[i]));
            }
            (void)close(fds[i]);
        }
        assert_int_equal(quiesce(10 * NS_PER_S), 0);
        ledger_sum(service.ledger, &sum);
        assert_int_equal(sum.accepted, 25 * round);
        assert_int_equal(sum.ended, 25 * round);
        assert_int_equal(sum.requests, 5 * round);
        assert_int_equal(sum.responses, 5 * round);
        assert_int_equal(sum.protocol_errors, 0);
    }
    assert_int_equal(end_service(), 0);
}

static void ends_are_told_apart(void **state)
{
    (void)state;
    start_service("{\"tls\": false}");
    await_ready();
    int fd = connect_client();
    (void)close(fd);
    fd = connect_client();
    uint16_t port = port_of(fd);
    uint64_t before = clock_now() - NS_PER_S;
    say(fd, PREFACE, sizeof PREFACE - 1);
    say(fd, GET_1, sizeof GET_1 - 1);
    assert_true(hears_response(fd));
    reset(fd);
    fd = connect_client();
    say(fd, "this is neither protocol\r\n\r\n", 28);
    assert_false(hears_response(fd));
    (void)close(fd);
    assert_int_equal(quiesce(10 * NS_PER_S), 0);
    assert_int_equal(entry_at(1).end, LEDGER_CLIENT_EOF);
    assert_int_equal(entry_at(1).requests, 0);
    assert_int_equal(entry_at(1).handshake, LEDGER_NO_HANDSHAKE);
    assert_int_equal(entry_at(2).end, LEDGER_CLIENT_RESET);
    assert_int_equal(entry_at(2).requests, 1);
    assert_int_equal(entry_at(2).responses, 1);
    assert_true(entry_at(2).ended >= entry_at(2).accepted);
    assert_int_equal(entry_at(3).end, LEDGER_PROTOCOL_ERROR);
    struct ledger_entry found;
    assert_int_equal(ledger_find(service.ledger, port, before, &found), 2);
    assert_int_equal(end_service(), 0);
}

static void faults_follow_the_trial(void **state)
{
    (void)state;
    start_service("{\"tls\": false, \"faults\": ["
                  "{\"fault\": \"reset-after-handshake\", \"at\": 2},"
                  "{\"fault\": \"delayed-body\", \"every\": 1},"
                  "{\"fault\": \"refuse\", \"every\": 1}]}");
    await_ready();
    assert_int_not_equal(service.ledger->refuse_port, 0);
    assert_int_equal(try_connect(service.ledger->refuse_port), -1);
    for (uint64_t trial = 0; trial < 3; trial++) {
        begin(trial + 1);
        assert_int_equal(service.ledger->trial_base, 3 * trial);
        assert_int_equal(service.ledger->trial_seed, trial + 1);
        for (unsigned i = 1; i <= 3; i++) {
            int fd = connect_client();
            if (i != 3) {
                say(fd, PREFACE, sizeof PREFACE - 1);
                assert_int_equal(send(fd, GET_1, sizeof GET_1 - 1, MSG_NOSIGNAL) > 0 || i == 2, 1);
                assert_int_equal(hears_response(fd), i == 1);
            }
            (void)close(fd);
            assert_int_equal(quiesce(10 * NS_PER_S), 0);
        }
        assert_int_equal(entry_at(3 * trial + 1).fault, FAULT_DELAYED_BODY);
        assert_int_equal(entry_at(3 * trial + 1).fault_done, 1);
        assert_int_equal(entry_at(3 * trial + 2).fault, FAULT_RESET_AFTER_HANDSHAKE);
        assert_int_equal(entry_at(3 * trial + 2).fault_done, 1);
        assert_int_equal(entry_at(3 * trial + 2).end, LEDGER_TARGET_CLOSED);
        /* Planned, but the client left before it could be done. */
        assert_int_equal(entry_at(3 * trial + 3).fault, FAULT_DELAYED_BODY);
        assert_int_equal(entry_at(3 * trial + 3).fault_done, 0);
    }
    struct ledger_counters sum;
    ledger_sum(service.ledger, &sum);
    assert_int_equal(sum.faults[FAULT_DELAYED_BODY], 3);
    assert_int_equal(sum.faults[FAULT_RESET_AFTER_HANDSHAKE], 3);
    assert_int_equal(end_service(), 0);
}

static void quiet_waits_no_longer_than_told(void **state)
{
    (void)state;
    start_service("{\"tls\": false}");
    await_ready();
    int fds[3];
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = connect_client();
    }
    uint64_t begun = clock_now();
    assert_int_equal(quiesce(100 * NS_PER_MS), 3);
    assert_true(clock_now() - begun >= 100 * NS_PER_MS);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(quiesce(100 * NS_PER_MS), 1);
    assert_int_equal(end_service(), 0);
    char byte;
    assert_int_equal(recv(fds[2], &byte, 1, 0), 0);
    (void)close(fds[2]);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    char embedded[64];
    char expected[64];
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(taken, 1), 0);
    (void)snprintf(embedded, sizeof embedded, "{\"tls\": false, \"port\": %u}", port_of(taken));
    (void)snprintf(expected, sizeof expected, "port %u of 127.0.0.1 is in use", port_of(taken));
    start_service(embedded);
    struct control_message message;
    receive(&message);
    assert_int_equal(message.verb, CONTROL_FAILED);
    assert_int_equal(message.kind, FAILURE_ENVIRONMENT);
    assert_non_null(strstr(message.text, expected));
    assert_int_equal(end_service(), 3);
    (void)close(taken);
}

static void a_nonsense_order_ends_it(void **state)
{
    (void)state;
    start_service("{\"tls\": false}");
    await_ready();
    struct control_message nonsense = {.verb = 99};
    assert_int_equal(send(service.control, &nonsense, sizeof nonsense, 0), sizeof nonsense);
    assert_int_equal(end_service(), 3);
}

/* A controller that is killed closes nothing by itself; its target must end all the same. */
static void it_ends_with_its_controller(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t controller = fork();
    assert_true(controller >= 0);
    if (controller == 0) {
        start_service("{\"tls\": false}");
        await_ready();
        (void)!write(pipe_ends[1], &service.pid, sizeof service.pid);
        for (;;) {
            (void)pause();
        }
    }
    pid_t target;
    assert_int_equal(read(pipe_ends[0], &target, sizeof target), sizeof target);
    int status;
    assert_int_equal(kill(controller, SIGKILL), 0);
    assert_int_equal(waitpid(controller, &status, 0), controller);
    assert_int_equal(waitpid(target, &status, 0), target);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_exact_when_quiet),
        cmocka_unit_test(ends_are_told_apart),
        cmocka_unit_test(faults_follow_the_trial),
        cmocka_unit_test(quiet_waits_no_longer_than_told),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(a_nonsense_order_ends_it),
        cmocka_unit_test(it_ends_with_its_controller),
    };
    (void)alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
