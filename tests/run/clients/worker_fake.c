/* SPDX-License-Identifier: MIT
 *
 * A client without a network, for the tests of the worker: it answers by itself, counts on a board
 * what is done to it, and misbehaves as its options say (tests/unit/worker/fake.h).
 */
#include "client/eighth_client.h"
#include "tests/unit/worker/fake.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECRET UINT64_C(0x1234567890abcdef)

struct eighth_instance {
    uint64_t secret;
    _Atomic uint32_t inside;
    _Atomic uint64_t last_thread;
    uint64_t made_on;
    _Atomic bool open;
    _Atomic bool opened_before;
    uint64_t session; /* imported; 0: none */
    uint64_t slot;    /* exported */
    int fd;
};

static struct board nowhere;
static struct board *board = &nowhere;

static struct {
    uint64_t work_ns, fail_create, fail_open, fail_request, fail_close, wrong_status, wrong_body,
        short_body, swap_nonce, lose_nonce, leak_fd, leak_thread, resume, connect_port, crash, exit,
        late_ms, meet, sessions, datagram;
} options;

static uint64_t option(const char *text, const char *name)
{
    char key[64];
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(text, key);
    return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10);
}

static bool each(uint64_t n, uint64_t ordinal)
{
    return n != 0 && ordinal % n == 0;
}

static int fail(struct eighth_error *error, int phase, int error_class, const char *text)
{
    error->phase = phase;
    error->error_class = error_class;
    error->code = 42;
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    return -1;
}

static uint64_t count(_Atomic uint64_t *counter)
{
    return atomic_fetch_add(counter, 1) + 1;
}

static uint64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static void work(void)
{
    uint64_t until = options.work_ns == 0 ? 0 : now() + options.work_ns;
    while (until != 0 && now() < until) {
    }
}

static void enter(struct eighth_instance *instance)
{
    uint64_t self = (uint64_t)gettid();
    if (instance->secret != SECRET) {
        (void)count(&board->misused);
    }
    if (atomic_fetch_add(&instance->inside, 1) != 0) {
        (void)count(&board->overlaps);
    }
    if (atomic_exchange(&instance->last_thread, self) != self) {
        (void)count(&board->moved);
    }
    if (instance->made_on != self) {
        (void)count(&board->foreign);
    }
}

static void leave(struct eighth_instance *instance)
{
    (void)atomic_fetch_sub(&instance->inside, 1);
}

static int fake_init(const char *text, eighth_process **process, struct eighth_error *error)
{
    *process = NULL;
    uint64_t address = option(text, "board");
    if (address != 0) {
        memcpy(&board, &address, sizeof board);
    }
    if (option(text, "fail_init")) {
        return fail(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, "unknown option `fail_init`");
    }
#define TAKE(name) options.name = option(text, #name)
    TAKE(work_ns), TAKE(fail_create), TAKE(fail_open), TAKE(fail_request), TAKE(fail_close);
    TAKE(wrong_status), TAKE(wrong_body), TAKE(short_body), TAKE(swap_nonce), TAKE(lose_nonce);
    TAKE(leak_fd), TAKE(leak_thread), TAKE(resume), TAKE(connect_port), TAKE(crash), TAKE(exit);
    TAKE(late_ms), TAKE(meet), TAKE(sessions), TAKE(datagram);
#undef TAKE
    (void)count(&board->inits);
    return 0;
}

static void fake_cleanup(eighth_process *process)
{
    (void)process;
    (void)count(&board->cleanups);
}

static int fake_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                       eighth_instance **made, struct eighth_error *error)
{
    (void)process;
    uint64_t ordinal = count(&board->created);
    uint64_t none = 0;
    if (!atomic_compare_exchange_strong(&board->first_port, &none, endpoint->port) &&
        none != endpoint->port) {
        (void)count(&board->refused_port);
    }
    if (each(options.fail_create, ordinal)) {
        (void)atomic_fetch_sub(&board->created, 1);
        return fail(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, "no more instances");
    }
    struct eighth_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) {
        return fail(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, "no memory");
    }
    instance->secret = SECRET;
    instance->made_on = (uint64_t)gettid();
    instance->last_thread = instance->made_on;
    instance->fd = -1;
    uint64_t live = count(&board->live);
    uint64_t most = atomic_load(&board->most_live);
    while (live > most && !atomic_compare_exchange_weak(&board->most_live, &most, live)) {
    }
    *made = instance;
    return 0;
}

static void *linger(void *argument)
{
    for (;;) {
        (void)pause();
    }
    return argument;
}

static void really_connect(struct eighth_instance *instance)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options.connect_port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    instance->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)connect(instance->fd, (const struct sockaddr *)&address, sizeof address);
    if (options.datagram != 0) {
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        (void)connect(fd, (const struct sockaddr *)&address, sizeof address);
        (void)close(fd);
    }
}

static int fake_open(eighth_instance *instance, uint64_t timeout_ns,
                     struct eighth_connection *connection, struct eighth_error *error)
{
    (void)timeout_ns;
    enter(instance);
    uint64_t ordinal = count(&board->opens);
    if (atomic_load(&instance->open)) {
        (void)count(&board->misused);
    }
    work();
    if (options.connect_port != 0) {
        really_connect(instance);
    }
    if (each(options.leak_fd, ordinal)) {
        (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    pthread_t thread;
    if (each(options.leak_thread, ordinal) && pthread_create(&thread, NULL, linger, NULL) == 0) {
        (void)pthread_detach(thread);
    }
    int result = 0;
    if (each(options.fail_open, ordinal)) {
        result = fail(error, EIGHTH_PHASE_TLS, EIGHTH_RESET, "the peer went away");
    } else {
        if (atomic_exchange(&instance->opened_before, true)) {
            (void)count(&board->reopened);
        }
        atomic_store(&instance->open, true);
        (void)count(&board->opened);
        connection->tcp_ns = 1000;
        connection->tls_ns = 2000;
        connection->resumed = each(options.resume, ordinal) || instance->session != 0;
        connection->fd = instance->fd;
    }
    leave(instance);
    return result;
}

static void write_body(const struct eighth_request *request, struct eighth_response *response,
                       uint64_t ordinal)
{
    size_t length = request->body_length;
    if (strncmp(request->path, "/bytes/", 7) == 0) {
        length = strtoull(request->path + 7, NULL, 10);
    }
    unsigned char *body = response->body;
    for (size_t i = 0; i < length && i < response->body_capacity; i++) {
        body[i] = request->body_length > 0 ? ((const unsigned char *)request->body)[i]
                                           : (unsigned char)(i * 31 + 7);
    }
    if (each(options.wrong_body, ordinal) && length > 5 && response->body_capacity > 5) {
        body[5] ^= 1;
    }
    response->body_length = length - (each(options.short_body, ordinal) && length > 0);
}

static void echo_nonce(const struct eighth_request *request, struct eighth_response *response,
                       uint64_t ordinal)
{
    const char *nonce = "";
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, "eighth-nonce") == 0) {
            nonce = request->headers[i].value;
        }
    }
    (void)atomic_fetch_add(&board->nonces, strtoull(nonce, NULL, 16));
    for (size_t i = 0; i < response->header_count; i++) {
        struct eighth_header_slot *slot = &response->headers[i];
        if (strcmp(slot->name, "eighth-nonce") == 0 && !each(options.lose_nonce, ordinal)) {
            (void)snprintf(slot->value, slot->capacity, "%s",
                           each(options.swap_nonce, ordinal) ? "0123456789abcdef" : nonce);
            slot->present = 1;
        }
    }
}

/* Waits for the others; false if they do not come. */
static bool meet(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t met = PTHREAD_COND_INITIALIZER;
    static uint64_t came;
    static uint64_t meetings;
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&lock);
    uint64_t mine = meetings;
    if (++came == options.meet) {
        came = 0;
        meetings++;
        (void)pthread_cond_broadcast(&met);
    }
    while (meetings == mine && pthread_cond_timedwait(&met, &lock, &until) == 0) {
    }
    bool all_came = meetings != mine;
    (void)pthread_mutex_unlock(&lock);
    return all_came;
}

static int fake_request(eighth_instance *instance, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    (void)timeout_ns;
    enter(instance);
    uint64_t ordinal = count(&board->requests);
    int result = 0;
    if (options.crash != 0 && ordinal == options.crash) {
        (void)raise(SIGSEGV);
    }
    if (options.exit != 0 && ordinal == options.exit) {
        exit(7);
    }
    work();
    if (options.late_ms != 0) {
        struct timespec pause_for = {(time_t)(options.late_ms / 1000),
                                     (long)(options.late_ms % 1000) * 1000000};
        (void)nanosleep(&pause_for, NULL);
    }
    if (!atomic_load(&instance->open)) {
        result = fail(error, EIGHTH_PHASE_REQUEST, EIGHTH_CANCELLED, "not open");
    } else if (each(options.fail_request, ordinal) || (options.meet != 0 && !meet())) {
        result = fail(error, EIGHTH_PHASE_REQUEST, EIGHTH_TIMEOUT, "no answer");
    } else {
        response->status = each(options.wrong_status, ordinal) ? 503 : 200;
        response->first_byte_ns = 500;
        write_body(request, response, ordinal);
        echo_nonce(request, response, ordinal);
    }
    leave(instance);
    return result;
}

static int fake_ping(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *error)
{
    (void)timeout_ns;
    enter(instance);
    (void)count(&board->pings);
    int result = 0;
    if (!atomic_load(&instance->open)) {
        result = fail(error, EIGHTH_PHASE_H2, EIGHTH_CANCELLED, "not open");
    }
    leave(instance);
    return result;
}

static int fake_close(eighth_instance *instance, int mode, uint64_t timeout_ns,
                      struct eighth_error *error)
{
    (void)timeout_ns;
    enter(instance);
    uint64_t ordinal = count(&board->closes);
    if (mode == EIGHTH_CLOSE_GRACEFUL) {
        (void)count(&board->graceful);
    }
    int result = 0;
    if (each(options.fail_close, ordinal)) {
        result = fail(error, EIGHTH_PHASE_CLOSE, EIGHTH_TIMEOUT, "never ends");
    }
    atomic_store(&instance->open, false);
    leave(instance);
    return result;
}

static void fake_free(eighth_instance *instance)
{
    enter(instance);
    (void)count(&board->freed);
    (void)atomic_fetch_sub(&board->live, 1);
    if (instance->fd >= 0) {
        (void)close(instance->fd);
    }
    instance->secret = 0;
    free(instance);
}

static int fake_export(eighth_instance *instance, void *buffer, size_t capacity, size_t *length,
                       struct eighth_error *error)
{
    (void)error;
    enter(instance);
    *length = 0;
    if (options.sessions != 0 && capacity >= sizeof instance->slot) {
        if (instance->session == 0) {
            instance->slot = count(&board->exports);
        } else {
            instance->slot = instance->session;
            (void)count(&board->exports);
        }
        memcpy(buffer, &instance->slot, sizeof instance->slot);
        *length = sizeof instance->slot;
    }
    leave(instance);
    return 0;
}

static int fake_import(eighth_instance *instance, const void *session, size_t length,
                       struct eighth_error *error)
{
    (void)error;
    enter(instance);
    if (length == sizeof instance->session) {
        memcpy(&instance->session, session, length);
        (void)count(&board->imports);
    } else {
        (void)count(&board->misused);
    }
    leave(instance);
    return 0;
}

static struct eighth_client table = {
    .abi = EIGHTH_CLIENT_ABI,
    .size = sizeof table,
    .name = "fake",
    .version = "1",
    .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR,
    .init = fake_init,
    .cleanup = fake_cleanup,
    .create = fake_create,
    .open = fake_open,
    .request = fake_request,
    .close = fake_close,
    .free = fake_free,
    .ping = fake_ping,
    .export_session = fake_export,
    .import_session = fake_import,
};

/* The environment decides what a test cannot say through init: the table is read before it. */
const struct eighth_client *eighth_client(void)
{
    const char *capabilities = getenv("FAKE_CAN");
    const char *abi = getenv("FAKE_ABI");
    const char *size = getenv("FAKE_SIZE");
    if (capabilities != NULL) {
        table.capabilities = strtoull(capabilities, NULL, 0);
    }
    if (abi != NULL) {
        table.abi = (uint32_t)strtoul(abi, NULL, 0);
    }
    if (size != NULL) {
        table.size = (uint32_t)strtoul(size, NULL, 0);
    }
    if (getenv("FAKE_NO_CLOSE") != NULL) {
        table.close = NULL;
    }
    if (getenv("FAKE_NO_PING") != NULL) {
        table.ping = NULL;
    }
    return &table;
}
