/* SPDX-License-Identifier: MIT
 *
 * libcurl behind the contract, by its easy or its multi interface.
 *
 * Options: "interface": "easy" | "multi"; "http": "2" | "1.1", for clear text and for TLS without
 * ALPN; "share": a list of "ssl-session", "dns", "connect"; "locks": false shares without lock
 * callbacks, which is a defect.
 */
#include "client/adapters/base/clock.h"
#include "client/adapters/base/error.h"
#include "client/adapters/base/options.h"
#include "client/adapters/base/sigpipe.h"
#include "client/adapters/curl_instance.h"
#include "client/adapters/curl_share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET(option, value) (curl_easy_setopt(instance->easy, option, value) == CURLE_OK)

/* ---- the process ---- */

static int init(const char *text, eighth_process **made, struct eighth_error *error)
{
    static const char *const interfaces[] = {"easy", "multi", NULL};
    static const char *const versions[] = {"2", "1.1", NULL};
    unsigned interface = CURL_EASY;
    unsigned http1 = 0;
    unsigned shared = 0;
    unsigned locks = 1;
    const struct option options[] = {
        {.name = "interface", .words = interfaces, .value = &interface},
        {.name = "http", .words = versions, .value = &http1},
        {.name = "share", .words = curl_share_words, .list = true, .value = &shared},
        {.name = "locks", .value = &locks},
    };
    if (options_read(text, options, sizeof options / sizeof options[0], error) != 0) {
        return -1;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return error_set(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, 0, "curl_global_init failed");
    }
    eighth_process *process = calloc(1, sizeof *process);
    if (process != NULL && shared != 0) {
        process->share = curl_share_make(shared, locks != 0);
    }
    if (process == NULL || (shared != 0 && process->share == NULL)) {
        free(process);
        curl_global_cleanup();
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    process->interface = interface;
    process->http1 = http1;
    *made = process;
    return 0;
}

static void cleanup(eighth_process *process)
{
    if (process->share != NULL) {
        (void)curl_share_cleanup(process->share);
    }
    free(process);
    curl_global_cleanup();
}

/* ---- create and free ---- */

/* The URL has the name to verify; where to connect to is said beside it. */
static bool set_addresses(eighth_instance *instance)
{
    const struct endpoint *endpoint = &instance->endpoint;
    char there[320];
    bool bracket = strchr(endpoint->host, ':') != NULL;
    char authority[290];
    endpoint_authority(endpoint, authority, sizeof authority);
    (void)snprintf(instance->url, sizeof instance->url, "%s://%s", endpoint->tls ? "https" : "http",
                   authority);
    (void)snprintf(there, sizeof there, "::%s%s%s:%u", bracket ? "[" : "", endpoint->host,
                   bracket ? "]" : "", endpoint->port);
    instance->connect_to = curl_slist_append(NULL, there);
    return instance->connect_to != NULL;
}

static int create(eighth_process *process, const struct eighth_endpoint *endpoint,
                  eighth_instance **made, struct eighth_error *error)
{
    eighth_instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) {
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    instance->process = process;
    if (endpoint_copy(&instance->endpoint, endpoint, error) != 0) {
        free(instance);
        return -1;
    }
    if (!set_addresses(instance)) {
        endpoint_release(&instance->endpoint);
        free(instance);
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    *made = instance;
    return 0;
}

/* With the handles go their connections, unless those are shared. */
static void drop_handles(eighth_instance *instance)
{
    struct sigpipe hold;
    sigpipe_hold(&hold);
    curl_easy_cleanup(instance->easy);
    (void)curl_multi_cleanup(instance->multi);
    instance->easy = NULL;
    instance->multi = NULL;
    sigpipe_let_go(&hold);
}

static void destroy(eighth_instance *instance)
{
    drop_handles(instance);
    curl_slist_free_all(instance->connect_to);
    endpoint_release(&instance->endpoint);
    free(instance);
}

/* ---- open and close ---- */

static int open_connection(eighth_instance *instance, uint64_t timeout_ns,
                           struct eighth_connection *connection, struct eighth_error *error)
{
    char url[sizeof instance->url + 1];
    uint64_t deadline = deadline_after(timeout_ns);
    instance->easy = curl_easy_init();
    instance->multi = instance->process->interface == CURL_MULTI ? curl_multi_init() : NULL;
    if (instance->easy == NULL ||
        (instance->process->interface == CURL_MULTI && instance->multi == NULL)) {
        drop_handles(instance);
        return error_memory(error, EIGHTH_PHASE_NONE);
    }
    (void)snprintf(url, sizeof url, "%s/", instance->url);
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (curl_prepare(instance, deadline) && SET(CURLOPT_URL, url) && SET(CURLOPT_NOBODY, 1L)) {
        instance->connection = connection;
        result = curl_transfer(instance);
    }
    if (result == CURLE_OK) {
        return 0;
    }
    (void)curl_explain(instance, result, error);
    drop_handles(instance);
    return -1;
}

static int close_connection(eighth_instance *instance, int mode, uint64_t timeout_ns,
                            struct eighth_error *error)
{
    /* libcurl has one way to close. */
    (void)mode, (void)timeout_ns, (void)error;
    drop_handles(instance);
    return 0;
}

/* ---- request ---- */

static struct curl_slist *header_list(const struct eighth_request *request)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        char line[8192];
        int length = snprintf(line, sizeof line, "%s: %s", request->headers[i].name,
                              request->headers[i].value);
        struct curl_slist *more =
            length > 0 && (size_t)length < sizeof line ? curl_slist_append(list, line) : NULL;
        if (more == NULL) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = more;
    }
    return list;
}

static bool set_method(eighth_instance *instance, const struct eighth_request *request)
{
    bool head = strcmp(request->method, "HEAD") == 0;
    bool get = strcmp(request->method, "GET") == 0;
    if (head || get) {
        return SET(head ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1L);
    }
    return SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length) &&
           SET(CURLOPT_POSTFIELDS, request->body_length > 0 ? request->body : "") &&
           SET(CURLOPT_CUSTOMREQUEST, request->method);
}

static void take_response(eighth_instance *instance)
{
    struct eighth_response *response = instance->response;
    long status = 0;
    (void)curl_easy_getinfo(instance->easy, CURLINFO_RESPONSE_CODE, &status);
    response->status = (int32_t)status;
    for (size_t i = 0; i < response->header_count; i++) {
        struct eighth_header_slot *slot = &response->headers[i];
        struct curl_header *header;
        if (curl_easy_header(instance->easy, slot->name, 0, CURLH_HEADER, -1, &header) ==
            CURLHE_OK) {
            slot->present = 1;
            (void)snprintf(slot->value, slot->capacity, "%s", header->value);
        }
    }
}

static int transfer_request(eighth_instance *instance, const struct eighth_request *request,
                            struct eighth_response *response, uint64_t deadline,
                            struct eighth_error *error)
{
    size_t capacity = strlen(instance->url) + strlen(request->path) + 1;
    char *url = malloc(capacity);
    struct curl_slist *headers = header_list(request);
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (url != NULL && (headers != NULL || request->header_count == 0)) {
        (void)snprintf(url, capacity, "%s%s", instance->url, request->path);
        if (curl_prepare(instance, deadline) && SET(CURLOPT_URL, url) &&
            SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_HTTPHEADER, headers) &&
            set_method(instance, request)) {
            instance->response = response;
            result = curl_transfer(instance);
        }
    }
    if (result == CURLE_OK) {
        take_response(instance);
    } else {
        (void)curl_explain(instance, result, error);
    }
    free(url);
    curl_slist_free_all(headers);
    return result == CURLE_OK ? 0 : -1;
}

static int make_request(eighth_instance *instance, const struct eighth_request *request,
                        struct eighth_response *response, uint64_t timeout_ns,
                        struct eighth_error *error)
{
    if (instance->easy == NULL) {
        return error_not_open(error, EIGHTH_PHASE_REQUEST);
    }
    return transfer_request(instance, request, response, deadline_after(timeout_ns), error);
}

const struct eighth_client *eighth_client(void)
{
    static char version[64];
    static const struct eighth_client table = {
        .abi = EIGHTH_CLIENT_ABI,
        .size = sizeof table,
        .name = "curl",
        .version = version,
        .capabilities = EIGHTH_CAN_TLS | EIGHTH_CAN_CLEAR | EIGHTH_CAN_REOPEN | EIGHTH_CAN_MIGRATE,
        .init = init,
        .cleanup = cleanup,
        .create = create,
        .open = open_connection,
        .request = make_request,
        .close = close_connection,
        .free = destroy,
    };
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    (void)snprintf(version, sizeof version, "%s (%s)", info->version,
                   info->ssl_version != NULL ? info->ssl_version : "no TLS");
    return &table;
}
