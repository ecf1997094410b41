/* SPDX-License-Identifier: MIT
 *
 * A client without a network that handles descriptors as EIGHTH_TEST_DESCRIPTORS says: each way
 * that is wrong, and ways that look alike but are right. Its connection is one end of a socket
 * pair.
 *
 * The worker runs it with two instances on one thread, whose turns alternate: open (A, B), three
 * requests (A, B; A, B; A, B), close (A, B). So A can close a number that B gets next.
 */
#include "client/eighth_client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

struct eighth_instance {
    unsigned number; /* in order of creation: 0 is A, 1 is B, 2 is A in its next cycle */
    unsigned request;
    int fd;
    int peer;
    int other;
};

typedef void (*act_fn)(struct eighth_instance *self);

/* What a way does at each operation; NULL: nothing but what is usual. */
struct way {
    const char *name;
    act_fn open;
    act_fn request[3];
    act_fn close; /* instead of closing fd */
    void (*init)(void);
    void (*cleanup)(void);
};

static unsigned created;
static eighth_instance *both[2];
static int kept = -1; /* a descriptor between instances, or the process's */

static bool is_a(const struct eighth_instance *self)
{
    return self->number % 2 == 0;
}

static eighth_instance *other_of(const struct eighth_instance *self)
{
    return both[(self->number + 1) % 2];
}

static void connect_pair(struct eighth_instance *self)
{
    int pair[2] = {-1, -1};
    (void)socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
    self->fd = pair[0];
    self->peer = pair[1];
}

static void disconnect(struct eighth_instance *self)
{
    if (self->fd >= 0) {
        (void)close(self->fd);
        self->fd = -1;
    }
}

static void nothing(struct eighth_instance *self)
{
    (void)self;
}

static void read_some(struct eighth_instance *self)
{
    char byte;
    (void)!read(self->fd, &byte, 1);
}

static void write_some(struct eighth_instance *self)
{
    (void)send(self->fd, "x", 1, MSG_NOSIGNAL);
}

/* ---- wrong ---- */

static void close_twice(struct eighth_instance *self)
{
    int fd = self->fd;
    disconnect(self);
    (void)close(fd);
}

static void use_closed(struct eighth_instance *self)
{
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int fd = self->fd;
    disconnect(self);
    (void)!read(fd, &byte, 1);
    (void)readv(fd, &part, 1);
    (void)recv(fd, &byte, 1, 0);
    (void)recvfrom(fd, &byte, 1, 0, NULL, NULL);
    (void)recvmsg(fd, &message, 0);
    (void)!write(fd, &byte, 1);
    (void)writev(fd, &part, 1);
    (void)send(fd, &byte, 1, 0);
    (void)sendto(fd, &byte, 1, 0, NULL, 0);
    (void)sendmsg(fd, &message, 0);
    (void)shutdown(fd, SHUT_RDWR);
}

/* A gives its number up, but does not forget it. */
static void a_closes_early(struct eighth_instance *self)
{
    if (is_a(self)) {
        (void)close(self->fd);
    }
}

/* B gets the number that A has closed. */
static void b_opens(struct eighth_instance *self)
{
    if (!is_a(self)) {
        self->other = dup(self->peer);
    }
}

static void early_then_open(struct eighth_instance *self)
{
    a_closes_early(self);
    b_opens(self);
}

static void a_closes_again(struct eighth_instance *self)
{
    if (is_a(self)) {
        (void)close(self->fd);
        self->fd = -1;
    }
}

static void a_reads_again(struct eighth_instance *self)
{
    if (is_a(self)) {
        read_some(self);
        self->fd = -1;
    }
}

static void b_uses_other(struct eighth_instance *self)
{
    if (!is_a(self)) {
        (void)send(self->other, "x", 1, MSG_NOSIGNAL);
    }
}

static void close_all(struct eighth_instance *self)
{
    disconnect(self);
    if (self->other >= 0) {
        (void)close(self->other);
        self->other = -1;
    }
}

/* A closes what never was its own. */
static void a_closes_bs(struct eighth_instance *self)
{
    if (is_a(self)) {
        (void)close(other_of(self)->fd);
    }
}

static void b_reads(struct eighth_instance *self)
{
    if (!is_a(self)) {
        read_some(self);
        self->fd = -1;
    }
}

static void leak_dup(struct eighth_instance *self)
{
    (void)dup(self->fd);
}

/* ---- right ---- */

static void usual(struct eighth_instance *self)
{
    char byte;
    write_some(self);
    (void)!write(self->peer, "y", 1);
    (void)recv(self->fd, &byte, 1, MSG_DONTWAIT);
    (void)shutdown(self->fd, SHUT_WR);
}

static void all_kinds(struct eighth_instance *self)
{
    int pair[2];
    int fds[10];
    (void)self;
    (void)!pipe(pair);
    fds[0] = pair[0];
    fds[1] = pair[1];
    (void)!pipe2(pair, O_CLOEXEC);
    fds[2] = pair[0];
    fds[3] = pair[1];
    fds[4] = eventfd(0, 0);
    fds[5] = epoll_create1(0);
    fds[6] = timerfd_create(CLOCK_MONOTONIC, 0);
    fds[7] = open("/dev/null", O_RDONLY);
    fds[8] = openat(AT_FDCWD, "/dev/null", O_RDWR);
    fds[9] = socket(AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        (void)close(fds[i]);
    }
}

static void duplicate(struct eighth_instance *self)
{
    int copy = dup(self->fd);
    int second = fcntl(self->fd, F_DUPFD_CLOEXEC, 3);
    disconnect(self);
    (void)send(copy, "x", 1, MSG_NOSIGNAL);
    (void)dup2(second, copy);
    (void)dup2(copy, copy);
    (void)send(copy, "x", 1, MSG_NOSIGNAL);
    (void)close(second);
    self->fd = copy;
}

static void numbers_that_are_none(struct eighth_instance *self)
{
    char byte;
    (void)self;
    (void)close(-1);
    (void)!read(-1, &byte, 1);
    (void)shutdown(-1, SHUT_RDWR);
}

/* EBADF, but the descriptor is open: it cannot be read. */
static void not_for_reading(struct eighth_instance *self)
{
    char byte;
    (void)self;
    int fd = open("/dev/null", O_WRONLY);
    (void)!read(fd, &byte, 1);
    (void)close(fd);
}

/* libc opens and closes where nobody sees it. */
static void inside_libc(struct eighth_instance *self)
{
    char byte;
    disconnect(self);
    FILE *file = fopen("/dev/zero", "re"); /* the number that fd had */
    (void)!read(fileno(file), &byte, 1);
    (void)fclose(file);
    (void)close(self->peer);
    connect_pair(self);
    file = fdopen(dup(self->fd), "r+");
    (void)fclose(file);
    DIR *folder = opendir("/");
    (void)closedir(folder);
    struct addrinfo *list = NULL;
    if (getaddrinfo("localhost", "80", NULL, &list) == 0) {
        freeaddrinfo(list);
    }
    read_some(self);
}

static void *open_for(void *argument)
{
    connect_pair(argument);
    return NULL;
}

static void *close_for(void *argument)
{
    disconnect(argument);
    return NULL;
}

static void on_a_thread(void *(*run)(void *), struct eighth_instance *self)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, self) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

/* A thread of the client's own opens; the other instance may use and close it. */
static void helper_opens(struct eighth_instance *self)
{
    disconnect(self);
    (void)close(self->peer);
    on_a_thread(open_for, self);
}

static void use_others(struct eighth_instance *self)
{
    read_some(other_of(self));
    write_some(other_of(self));
}

static void helper_closes(struct eighth_instance *self)
{
    on_a_thread(close_for, self);
}

static void close_others(struct eighth_instance *self)
{
    disconnect(other_of(self));
}

static void *misbehave_alone(void *argument)
{
    struct eighth_instance *self = argument;
    char byte;
    int fd = self->fd;
    disconnect(self);
    (void)close(fd);
    (void)!read(fd, &byte, 1);
    return NULL;
}

/* Wrong, but outside of any operation: nobody's. */
static void helper_misbehaves(struct eighth_instance *self)
{
    on_a_thread(misbehave_alone, self);
}

/* A pool: close gives the connection away, open takes the other one's. */
static void pool_open(struct eighth_instance *self)
{
    if (kept >= 0) {
        self->fd = kept;
        kept = -1;
    } else {
        connect_pair(self);
    }
}

static void pool_close(struct eighth_instance *self)
{
    if (kept < 0) {
        kept = self->fd;
        self->fd = -1;
    } else {
        disconnect(self);
    }
}

static void kept_close(void)
{
    if (kept >= 0) {
        (void)close(kept);
        kept = -1;
    }
}

/* One connection for both: A's own has had the number that B's got, and A goes on with B's. */
static void a_moves_over(struct eighth_instance *self)
{
    early_then_open(self);
    use_others(self);
}

/* B has none of its own: it uses A's. */
static void share_open(struct eighth_instance *self)
{
    if (is_a(self)) {
        connect_pair(self);
    } else {
        self->fd = other_of(self)->fd;
    }
}

static void share_close(struct eighth_instance *self)
{
    if (!is_a(self)) {
        disconnect(self);
    }
}

static void kept_open(void)
{
    kept = open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static void use_kept(struct eighth_instance *self)
{
    char byte;
    (void)self;
    (void)!read(kept, &byte, 1);
}

/* A child closes all that it has inherited, and more. */
static void fork_and_close(struct eighth_instance *self)
{
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 3; fd < 64; fd++) {
            (void)close(fd);
            (void)shutdown(fd, SHUT_RDWR);
        }
        _exit(0);
    }
    (void)waitpid(child, NULL, 0);
    read_some(self);
}

__attribute__((noinline)) static pid_t vfork_and_close(void)
{
    pid_t child = vfork();
    if (child == 0) {
        for (int fd = 3; fd < 64; fd++) {
            (void)close(fd);
        }
        _exit(0);
    }
    return child;
}

static void vfork_then_read(struct eighth_instance *self)
{
    (void)waitpid(vfork_and_close(), NULL, 0);
    read_some(self);
}

static void reopen(struct eighth_instance *self)
{
    disconnect(self);
    (void)close(self->peer);
    connect_pair(self);
}

static void cleanup_twice(void)
{
    (void)close(kept);
    (void)close(kept);
}

static const struct way ways[] = {
    {"close-twice", NULL, {0}, close_twice, NULL, NULL},
    {"use-closed", NULL, {use_closed}, NULL, NULL, NULL},
    {"close-reused", NULL, {early_then_open, a_closes_again, b_uses_other}, close_all, NULL, NULL},
    {"use-reused", NULL, {early_then_open, a_reads_again, b_uses_other}, close_all, NULL, NULL},
    {"foreign-close", NULL, {usual, a_closes_bs, b_reads}, NULL, NULL, NULL},
    {"cleanup-twice", NULL, {0}, NULL, kept_open, cleanup_twice},
    {"leak", NULL, {leak_dup}, NULL, NULL, NULL},

    {"usual", NULL, {usual, usual, usual}, NULL, NULL, NULL},
    {"all-kinds", NULL, {all_kinds, all_kinds, all_kinds}, NULL, NULL, NULL},
    {"duplicate", NULL, {duplicate, usual}, NULL, NULL, NULL},
    {"no-numbers", NULL, {numbers_that_are_none}, NULL, NULL, NULL},
    {"not-for-reading", NULL, {not_for_reading}, NULL, NULL, NULL},
    {"inside-libc", NULL, {inside_libc, inside_libc, usual}, NULL, NULL, NULL},
    {"helper-opens", NULL, {helper_opens, use_others, close_others}, NULL, NULL, NULL},
    {"helper-closes", NULL, {usual}, helper_closes, NULL, NULL},
    {"helper-misbehaves", NULL, {usual}, helper_misbehaves, NULL, NULL},
    {"pool", pool_open, {usual, usual}, pool_close, NULL, kept_close},
    {"shared", share_open, {usual, usual, usual}, share_close, NULL, NULL},
    {"moved-over", NULL, {a_moves_over, a_reads_again, b_uses_other}, close_all, NULL, NULL},
    {"of-the-process", NULL, {use_kept, use_kept}, NULL, kept_open, kept_close},
    {"fork", NULL, {fork_and_close, usual}, NULL, NULL, NULL},
    {"vfork", NULL, {vfork_then_read, usual}, NULL, NULL, NULL},
    {"reopen", NULL, {usual, reopen, usual}, NULL, NULL, NULL},
};

static const struct way *way = &ways[7];

static void act(act_fn what, struct eighth_instance *self)
{
    (what != NULL ? what : nothing)(self);
}

static int client_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    const char *name = getenv("EIGHTH_TEST_DESCRIPTORS");
    (void)options;
    *process = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (name != NULL && strcmp(name, ways[i].name) == 0) {
            way = &ways[i];
            if (way->init != NULL) {
                way->init();
            }
            return 0;
        }
    }
    error->error_class = EIGHTH_UNSUPPORTED;
    (void)snprintf(error->text, sizeof error->text, "there is no way \"%s\"", name ? name : "");
    return -1;
}

static void client_cleanup(eighth_process *process)
{
    (void)process;
    if (way->cleanup != NULL) {
        way->cleanup();
    }
}

static int client_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                         eighth_instance **instance, struct eighth_error *error)
{
    (void)process, (void)endpoint, (void)error;
    eighth_instance *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return -1;
    }
    made->number = created++;
    made->fd = made->peer = made->other = -1;
    both[made->number % 2] = made;
    *instance = made;
    return 0;
}

static int client_open(eighth_instance *instance, uint64_t timeout_ns,
                       struct eighth_connection *connection, struct eighth_error *error)
{
    (void)timeout_ns, (void)error;
    if (way->open != NULL) {
        way->open(instance);
    } else {
        connect_pair(instance);
    }
    connection->fd = instance->fd;
    return 0;
}

static int client_request(eighth_instance *instance, const struct eighth_request *request,
                          struct eighth_response *response, uint64_t timeout_ns,
                          struct eighth_error *error)
{
    (void)request, (void)timeout_ns, (void)error;
    if (instance->request < 3) {
        act(way->request[instance->request++], instance);
    }
    response->status = 200;
    return 0;
}

static int client_close(eighth_instance *instance, int mode, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    (void)mode, (void)timeout_ns, (void)error;
    act(way->close != NULL ? way->close : disconnect, instance);
    return 0;
}

static void client_free(eighth_instance *instance)
{
    if (instance->peer >= 0) {
        (void)close(instance->peer);
    }
    free(instance);
}

static const struct eighth_client table = {
    .abi = EIGHTH_CLIENT_ABI,
    .size = sizeof table,
    .name = "descriptors",
    .version = "1",
    .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR,
    .init = client_init,
    .cleanup = client_cleanup,
    .create = client_create,
    .open = client_open,
    .request = client_request,
    .close = client_close,
    .free = client_free,
};

const struct eighth_client *eighth_client(void)
{
    return &table;
}
