/* SPDX-License-Identifier: MIT
 *
 * The table of the client contract. Decides what this client promises; keeps to what the caller
 * knows of each structure.
 */
#include "client/eighth_client.h"

#include "client/h2/closing.h"
#include "client/h2/error.h"
#include "client/h2/instance.h"
#include "client/h2/memory.h"
#include "client/h2/protocol.h"
#include "client/h2/request.h"
#include "client/h2/sessions.h"

#include <string.h>

/* Hands the error on if there is one, and returns result. */
static int report(int result, struct eighth_error *target, const struct eighth_error *error)
{
    return result == 0 ? 0 : h2_error_export(target, error);
}

static int client_init(const char *options, eighth_process **process, struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_process_create(process, options, &error), target, &error);
}

static int client_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                         eighth_instance **instance, struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_instance_create(process, endpoint, instance, &error), target, &error);
}

static int client_open(eighth_instance *instance, uint64_t timeout_ns,
                       struct eighth_connection *connection, struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    struct eighth_connection made = {.size = sizeof(made)};
    int result = h2_open(instance, timeout_ns, &made, &error);
    if (result == 0 && connection != NULL) {
        size_t size = connection->size;
        memcpy(connection, &made, size < sizeof(made) ? size : sizeof(made));
        connection->size = size;
    }
    return report(result, target, &error);
}

static int client_request(eighth_instance *instance, const struct eighth_request *request,
                          struct eighth_response *response, uint64_t timeout_ns,
                          struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_request(instance, request, response, timeout_ns, &error), target, &error);
}

static int client_close(eighth_instance *instance, int mode, uint64_t timeout_ns,
                        struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_close(instance, mode, timeout_ns, &error), target, &error);
}

static int client_ping(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_ping(instance, timeout_ns, &error), target, &error);
}

static int client_export(eighth_instance *instance, void *buffer, size_t capacity, size_t *length,
                         struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_session_export(instance, buffer, capacity, length, &error), target, &error);
}

static int client_import(eighth_instance *instance, const void *session, size_t length,
                         struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    return report(h2_session_import(instance, session, length, &error), target, &error);
}

static void client_stats(eighth_process *process, eighth_stat_fn figure, void *context)
{
    for (int i = 0; i < H2_COUNTERS; i++) {
        enum h2_counter which = (enum h2_counter)i;
        figure(context, h2_counter_name(which),
               (double)process->seams.counters->read(process->counters, which));
    }
}

EIGHTH_EXPORT const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof(struct eighth_client),
        .name = "h2",
        .version = EIGHTH_VERSION,
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE |
                        EIGHTH_CAN_SHARE | EIGHTH_CAN_CLOSE_WHILE_BUSY,
        .init = client_init,
        .cleanup = h2_process_free,
        .create = client_create,
        .open = client_open,
        .request = client_request,
        .close = client_close,
        .free = h2_instance_free,
        .ping = client_ping,
        .export_session = client_export,
        .import_session = client_import,
        .stats = client_stats,
        .set_allocator = h2_memory_choose,
    };
    return &table;
}
