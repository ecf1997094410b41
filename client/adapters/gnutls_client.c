/* SPDX-License-Identifier: MIT
 *
 * GnuTLS and nghttp2: HTTP/2 without a line of OpenSSL.
 */
#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/options.h"
#include "client/adapters/gnutls_h2.h"

#include <stdlib.h>

struct eighth_instance {
    struct endpoint endpoint;
    struct gnutls_link link;
    struct h2 h2;
};

static int init(const char *options, eighth_process **process, struct eighth_error *error)
{
    *process = NULL;
    if (options_read(options, NULL, 0, error) != 0) {
        return -1;
    }
    int code = gnutls_global_init();
    return code == 0 ? 0
                     : error_set(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, code, "GnuTLS: %s",
                                 gnutls_strerror(code));
}

static void cleanup(eighth_process *process)
{
    (void)process;
    gnutls_global_deinit();
}

static void destroy(eighth_instance *instance)
{
    h2_end(&instance->h2);
    gnutls_link_release(&instance->link);
    endpoint_release(&instance->endpoint);
    free(instance);
}

static int create(eighth_process *process, const struct eighth_endpoint *endpoint,
                  eighth_instance **made, struct eighth_error *error)
{
    (void)process;
    eighth_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) {
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    instance->link.fd = -1;
    int result = endpoint_copy(&instance->endpoint, endpoint, error);
    if (result == 0 && instance->endpoint.alpn != NULL &&
        !endpoint_offers(&instance->endpoint, "h2")) {
        result = error_set(error, EIGHTH_PHASE_NONE, EIGHTH_UNSUPPORTED, 0,
                           "this client speaks h2 only: --set client.alpn=h2");
    }
    if (result == 0) {
        result = gnutls_link_init(&instance->link, &instance->endpoint, error);
    }
    if (result != 0) {
        destroy(instance);
        return -1;
    }
    *made = instance;
    return 0;
}

static int open_connection(eighth_instance *instance, uint64_t timeout_ns,
                           struct eighth_connection *connection, struct eighth_error *error)
{
    uint64_t deadline = deadline_after(timeout_ns);
    if (gnutls_link_open(&instance->link, deadline, connection, error) != 0) {
        return -1;
    }
    if (h2_begin(&instance->h2, &instance->link, error) != 0) {
        gnutls_link_close(&instance->link, true);
        return -1;
    }
    return 0;
}

static int make_request(eighth_instance *instance, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    return instance->h2.session == NULL
               ? error_not_open(error, EIGHTH_PHASE_REQUEST)
               : h2_exchange(&instance->h2, request, response, deadline_after(timeout_ns), error);
}

static int ping(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *error)
{
    return instance->h2.session == NULL ? error_not_open(error, EIGHTH_PHASE_H2)
                                        : h2_ping(&instance->h2, deadline_after(timeout_ns), error);
}

static int close_connection(eighth_instance *instance, int mode, uint64_t timeout_ns,
                            struct eighth_error *error)
{
    (void)timeout_ns;
    (void)error;
    if (instance->h2.session != NULL && mode == EIGHTH_CLOSE_GRACEFUL) {
        h2_say_goodbye(&instance->h2);
    }
    h2_end(&instance->h2);
    gnutls_link_close(&instance->link, mode == EIGHTH_CLOSE_ABRUPT);
    return 0;
}

const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof table,
        .name = "gnutls",
        .version = GNUTLS_VERSION,
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE,
        .init = init,
        .cleanup = cleanup,
        .create = create,
        .open = open_connection,
        .request = make_request,
        .close = close_connection,
        .free = destroy,
        .ping = ping,
    };
    return &table;
}
