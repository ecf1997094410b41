/* SPDX-License-Identifier: MIT
 *
 * What all misbehaving clients share: a client that fills the contract, opens a bare TCP connection
 * to the target (in clear text, sending nothing) and answers each request itself with status 200.
 * A file that includes this defines misbehave(operation, count), which runs at the begin of each
 * open, request and close; count says how many of that operation came before in this process. It
 * may define BASE_TABLE as the name of a table of its own.
 */
#ifndef TESTS_CLIENTS_BASE_H
#define TESTS_CLIENTS_BASE_H

#include "client/eighth_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum base_operation { AT_INIT, AT_OPEN, AT_REQUEST, AT_CLOSE, AT_CLEANUP, AT_COUNT };

static void misbehave(enum base_operation operation, unsigned count);

struct eighth_instance {
    int fd;
    struct sockaddr_in address;
};

static _Atomic unsigned base_counts[AT_COUNT];

static void base_note(enum base_operation operation)
{
    misbehave(operation, atomic_fetch_add(&base_counts[operation], 1));
}

static int base_fail(struct eighth_error *error, int phase, int class, const char *text)
{
    error->phase = phase;
    error->error_class = class;
    error->code = errno;
    (void)snprintf(error->text, sizeof error->text, "%s", text);
    return -1;
}

static int base_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    (void)options;
    (void)error;
    *process = NULL;
    base_note(AT_INIT);
    return 0;
}

static void base_cleanup(eighth_process *process)
{
    (void)process;
    base_note(AT_CLEANUP);
}

static int base_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                       eighth_instance **instance, struct eighth_error *error)
{
    (void)process;
    *instance = calloc(1, sizeof **instance);
    if (*instance == NULL) {
        return base_fail(error, EIGHTH_PHASE_RESOLVE, EIGHTH_INTERNAL, "no memory");
    }
    (*instance)->fd = -1;
    (*instance)->address.sin_family = AF_INET;
    (*instance)->address.sin_port = htons(endpoint->port);
    (void)inet_pton(AF_INET, "127.0.0.1", &(*instance)->address.sin_addr);
    return 0;
}

static int base_open(eighth_instance *instance, uint64_t timeout_ns,
                     struct eighth_connection *connection, struct eighth_error *error)
{
    (void)timeout_ns;
    base_note(AT_OPEN);
    instance->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (instance->fd < 0) {
        return base_fail(error, EIGHTH_PHASE_TCP, EIGHTH_INTERNAL, "socket");
    }
    if (connect(instance->fd, (struct sockaddr *)&instance->address, sizeof instance->address) !=
        0) {
        int saved = errno;
        (void)close(instance->fd);
        instance->fd = -1;
        errno = saved;
        return base_fail(error, EIGHTH_PHASE_TCP,
                         saved == ECONNREFUSED ? EIGHTH_REFUSED : EIGHTH_INTERNAL, "connect");
    }
    connection->fd = instance->fd;
    return 0;
}

static int base_request(eighth_instance *instance, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    (void)instance;
    (void)timeout_ns;
    (void)error;
    base_note(AT_REQUEST);
    response->status = 200;
    response->body_length = 0;
    /* Echo what the target would have echoed: the nonce. */
    for (size_t i = 0; i < response->header_count; i++) {
        for (size_t j = 0; j < request->header_count; j++) {
            struct eighth_header_slot *slot = &response->headers[i];
            if (strcmp(slot->name, request->headers[j].name) == 0) {
                (void)snprintf(slot->value, slot->capacity, "%s", request->headers[j].value);
                slot->present = 1;
            }
        }
    }
    return 0;
}

static int base_close(eighth_instance *instance, int mode, uint64_t timeout_ns,
                      struct eighth_error *error)
{
    (void)mode;
    (void)timeout_ns;
    (void)error;
    base_note(AT_CLOSE);
    if (instance->fd >= 0) {
        (void)close(instance->fd);
        instance->fd = -1;
    }
    return 0;
}

static void base_free(eighth_instance *instance)
{
    if (instance->fd >= 0) {
        (void)close(instance->fd);
    }
    free(instance);
}

static const struct eighth_client base_client = {
    .abi = EIGHTH_CLIENT_ABI,
    .size = sizeof(struct eighth_client),
    .name = "misbehaving",
    .version = "1",
    .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE,
    .init = base_init,
    .cleanup = base_cleanup,
    .create = base_create,
    .open = base_open,
    .request = base_request,
    .close = base_close,
    .free = base_free,
};

#ifndef BASE_TABLE
#define BASE_TABLE base_client
#endif

const struct eighth_client *eighth_client(void)
{
    return &BASE_TABLE;
}

#endif
