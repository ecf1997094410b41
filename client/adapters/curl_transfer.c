/* SPDX-License-Identifier: MIT
 *
 * Sets up and carries out one transfer.
 */
#include "client/adapters/base/clock.h"
#include "client/adapters/base/response.h"
#include "client/adapters/base/sigpipe.h"
#include "client/adapters/curl_instance.h"

#include <openssl/ssl.h>
#include <string.h>

/* ---- connected ---- */

/* libcurl's timers do not tell a TCP connection from a handshake that has not ended; but it shows
 * the context of a handshake that begins. */
static CURLcode on_tls(CURL *easy, void *context, void *user)
{
    (void)easy, (void)context;
    ((eighth_instance *)user)->shaking = true;
    return CURLE_OK;
}

static void note_times(eighth_instance *instance)
{
    struct eighth_connection *connection = instance->connection;
    curl_off_t resolved = 0;
    curl_off_t connected = 0;
    curl_off_t secured = 0;
    curl_socket_t fd = -1;
    (void)curl_easy_getinfo(instance->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    (void)curl_easy_getinfo(instance->easy, CURLINFO_CONNECT_TIME_T, &connected);
    (void)curl_easy_getinfo(instance->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
    (void)curl_easy_getinfo(instance->easy, CURLINFO_ACTIVESOCKET, &fd);
    connection->resolve_ns = (uint64_t)resolved * 1000;
    connection->tcp_ns = connected > resolved ? (uint64_t)(connected - resolved) * 1000 : 0;
    connection->tls_ns = secured > connected ? (uint64_t)(secured - connected) * 1000 : 0;
    connection->fd = fd;
}

/* libcurl shows its SSL object to applications; only OpenSSL's is looked into. */
static void note_tls(eighth_instance *instance, const SSL *ssl)
{
    struct eighth_connection *connection = instance->connection;
    const unsigned char *name = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl, &name, &length);
    if (length > 0 && length < sizeof connection->alpn) {
        memcpy(connection->alpn, name, length);
    }
    /* libcurl offers http/1.1 beside h2, and takes no protocol for HTTP/1.1. */
    instance->wrong_protocol =
        instance->endpoint.alpn != NULL && !endpoint_offers(&instance->endpoint, connection->alpn);
    connection->tls_version = (uint16_t)SSL_version(ssl);
    connection->resumed = SSL_session_reused(ssl) != 0;
}

static int on_ready(void *context, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
    (void)peer_ip, (void)local_ip, (void)peer_port, (void)local_port;
    eighth_instance *instance = context;
    struct curl_tlssessioninfo *tls = NULL;
    instance->ready = true;
    if (instance->connection == NULL) {
        return CURL_PREREQFUNC_OK;
    }
    note_times(instance);
    if (instance->endpoint.tls &&
        curl_easy_getinfo(instance->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK &&
        tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals != NULL) {
        note_tls(instance, tls->internals);
    }
    return instance->wrong_protocol ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- received ---- */

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    struct eighth_response *response = ((eighth_instance *)context)->response;
    if (response != NULL && response->first_byte_ns == 0) {
        response->first_byte_ns = clock_ns() - ((eighth_instance *)context)->begun;
    }
    return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct eighth_response *response = ((eighth_instance *)context)->response;
    if (response != NULL) {
        response_add_body(response, bytes, size * count);
    }
    return size * count;
}

/* ---- options ---- */

static long http_version(const eighth_instance *instance)
{
    const struct endpoint *endpoint = &instance->endpoint;
    if (endpoint->tls && endpoint->alpn != NULL) {
        return endpoint_offers(endpoint, "h2") ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    }
    return instance->process->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

static long tls_version(uint16_t wire, long if_12, long if_13)
{
    return wire == 0x0303 ? if_12 : wire == 0x0304 ? if_13 : 0;
}

#define SET(option, value) (curl_easy_setopt(instance->easy, option, value) == CURLE_OK)

static bool set_tls(eighth_instance *instance)
{
    const struct endpoint *endpoint = &instance->endpoint;
    long versions =
        tls_version(endpoint->tls_min, CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3) |
        tls_version(endpoint->tls_max, CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3);
    return (endpoint->ca_file == NULL || SET(CURLOPT_CAINFO, endpoint->ca_file)) &&
           SET(CURLOPT_SSL_VERIFYPEER, endpoint->verify ? 1L : 0L) &&
           SET(CURLOPT_SSL_VERIFYHOST, endpoint->verify ? 2L : 0L) &&
           SET(CURLOPT_SSLVERSION, versions) && SET(CURLOPT_SSL_CTX_FUNCTION, on_tls) &&
           SET(CURLOPT_SSL_CTX_DATA, instance) &&
           SET(CURLOPT_SSL_ENABLE_ALPN, endpoint->alpn != NULL ? 1L : 0L) &&
           SET(CURLOPT_SSL_SESSIONID_CACHE, endpoint->session == EIGHTH_SESSION_REUSE ? 1L : 0L);
}

bool curl_prepare(eighth_instance *instance, uint64_t deadline)
{
    instance->text[0] = '\0';
    instance->shaking = false;
    instance->ready = false;
    instance->wrong_protocol = false;
    instance->connection = NULL;
    instance->response = NULL;
    instance->begun = clock_ns();
    curl_easy_reset(instance->easy);
    if (deadline != NEVER && !SET(CURLOPT_TIMEOUT_MS, (long)deadline_left_ms(deadline) + 1)) {
        return false;
    }
    /* Without CURLOPT_NOSIGNAL libcurl would set handlers in a process of many threads. */
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_ERRORBUFFER, instance->text) &&
           SET(CURLOPT_CONNECT_TO, instance->connect_to) && SET(CURLOPT_PROXY, "") &&
           SET(CURLOPT_HTTP_VERSION, http_version(instance)) && set_tls(instance) &&
           SET(CURLOPT_PREREQFUNCTION, on_ready) && SET(CURLOPT_PREREQDATA, instance) &&
           SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, instance) &&
           SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, instance) &&
           (instance->process->share == NULL || SET(CURLOPT_SHARE, instance->process->share));
}

/* ---- transfer ---- */

/* The handle's result, once it is done; CURLE_AGAIN until then. */
static CURLcode result_of(CURLM *multi)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            return message->data.result;
        }
    }
    return CURLE_AGAIN;
}

static CURLcode transfer_by_multi(eighth_instance *instance)
{
    CURLcode result = CURLE_AGAIN;
    CURLMcode went = curl_multi_add_handle(instance->multi, instance->easy);
    while (went == CURLM_OK && result == CURLE_AGAIN) {
        int running;
        went = curl_multi_perform(instance->multi, &running);
        result = result_of(instance->multi);
        if (went == CURLM_OK && result == CURLE_AGAIN) {
            /* Returns earlier for libcurl's own timeouts, CURLOPT_TIMEOUT_MS among them. */
            went = curl_multi_poll(instance->multi, NULL, 0, 1000, NULL);
        }
    }
    (void)curl_multi_remove_handle(instance->multi, instance->easy);
    return result == CURLE_AGAIN ? CURLE_FAILED_INIT : result;
}

CURLcode curl_transfer(eighth_instance *instance)
{
    struct sigpipe hold;
    sigpipe_hold(&hold);
    CURLcode result =
        instance->multi != NULL ? transfer_by_multi(instance) : curl_easy_perform(instance->easy);
    sigpipe_let_go(&hold);
    return result;
}
