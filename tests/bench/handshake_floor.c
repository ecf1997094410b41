/* SPDX-License-Identifier: MIT
 *
 * The floor under any OpenSSL client: client CPU of one verified TLS 1.3 handshake and close over
 * memory BIOs, without sockets, HTTP or threads. `make bench` divides what eighth's own client
 * needs for a cycle by this figure.
 *
 * usage: handshake_floor full|resumed CERTIFICATE_CHAIN KEY CA NAME COUNT
 * Prints "cpu_us X": thread CPU time of the client's calls alone, per handshake, and "loop_us X":
 * of the whole loop, the server's side included. For instructions of the client's calls, run it
 * under valgrind --tool=callgrind --toggle-collect='client_*'.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static SSL_SESSION *newest;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = session;
    return 1;
}

static uint64_t cpu_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void give_up(const char *what)
{
    (void)fprintf(stderr, "handshake_floor: %s: %s\n", what,
                  ERR_reason_error_string(ERR_peek_last_error()));
    exit(3);
}

/* Moves what one side wrote to what the other reads. */
static void carry(SSL *from, SSL *to)
{
    char bytes[16384];
    int length;
    while ((length = BIO_read(SSL_get_wbio(from), bytes, sizeof bytes)) > 0) {
        (void)BIO_write(SSL_get_rbio(to), bytes, length);
    }
}

static SSL *new_side(SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL) {
        give_up("no memory");
    }
    SSL_set_bio(ssl, in, out);
    return ssl;
}

/* ---- what is measured ---- */

static __attribute__((noinline)) SSL *client_begin(SSL_CTX *context, const char *name, bool resume)
{
    SSL *client = new_side(context);
    SSL_set_connect_state(client);
    (void)SSL_set_tlsext_host_name(client, name);
    (void)SSL_set1_host(client, name);
    if (resume) {
        (void)SSL_set_session(client, newest);
    }
    return client;
}

static __attribute__((noinline)) void client_go(SSL *client)
{
    ERR_clear_error();
    (void)SSL_do_handshake(client);
}

static __attribute__((noinline)) void client_end(SSL *client)
{
    char byte;
    (void)SSL_read(client, &byte, 1); /* takes the tickets */
    (void)SSL_shutdown(client);
    SSL_free(client);
}

/* ---- both sides ---- */

/* One handshake and close; returns the ns of CPU that the client's calls took. */
static uint64_t shake(SSL_CTX *client_context, SSL_CTX *server_context, const char *name,
                      bool resume)
{
    SSL *server = new_side(server_context);
    SSL_set_accept_state(server);
    uint64_t begun = cpu_now();
    SSL *client = client_begin(client_context, name, resume);
    uint64_t used = cpu_now() - begun;
    while (!SSL_is_init_finished(client) || !SSL_is_init_finished(server)) {
        begun = cpu_now();
        client_go(client);
        used += cpu_now() - begun;
        carry(client, server);
        ERR_clear_error();
        if (SSL_do_handshake(server) != 1 && SSL_get_verify_result(client) != X509_V_OK) {
            give_up("the handshake failed");
        }
        carry(server, client);
    }
    if (SSL_session_reused(client) != (resume ? 1 : 0)) {
        give_up("resumption is not as asked");
    }
    begun = cpu_now();
    client_end(client);
    used += cpu_now() - begun;
    SSL_free(server);
    return used;
}

static int select_h2(SSL *ssl, const unsigned char **out, unsigned char *length,
                     const unsigned char *offered, unsigned offered_length, void *argument)
{
    (void)ssl;
    (void)argument;
    if (offered_length < 3 || memcmp(offered, "\2h2", 3) != 0) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = offered + 1;
    *length = 2;
    return SSL_TLSEXT_ERR_OK;
}

/* Protocol versions, groups and TLS 1.3 ciphers are OpenSSL's defaults, as with eighth's client and
 * its target; what those set, this sets too. */
static void set_up(SSL_CTX *client, SSL_CTX *server, char **argv)
{
    static const unsigned char alpn[] = "\2h2";
    if (SSL_CTX_use_certificate_chain_file(server, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(server, argv[3], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_file(client, argv[4]) != 1 ||
        SSL_CTX_set_min_proto_version(client, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(client, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_alpn_protos(client, alpn, sizeof alpn - 1) != 0 ||
        SSL_CTX_set_session_id_context(server, (const unsigned char *)"floor", 5) != 1) {
        give_up("cannot set up");
    }
    (void)SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF); /* tickets only */
    SSL_CTX_set_alpn_select_cb(server, select_h2, NULL);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_session_cache_mode(client,
                                         SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client, keep_session);
}

int main(int argc, char **argv)
{
    if (argc != 7 || (strcmp(argv[1], "full") != 0 && strcmp(argv[1], "resumed") != 0)) {
        (void)fprintf(stderr, "usage: handshake_floor full|resumed CHAIN KEY CA NAME COUNT\n");
        return 2;
    }
    bool resume = strcmp(argv[1], "resumed") == 0;
    long count = strtol(argv[6], NULL, 10);
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    if (server == NULL || client == NULL || count < 1) {
        give_up("cannot set up");
    }
    set_up(client, server, argv);
    (void)shake(client, server, argv[5], false); /* warms up, and brings the first ticket */
    uint64_t used = 0;
    uint64_t begun = cpu_now();
    for (long i = 0; i < count; i++) {
        used += shake(client, server, argv[5], resume);
    }
    (void)printf("cpu_us %.1f loop_us %.1f\n", (double)used / (double)count / 1e3,
                 (double)(cpu_now() - begun) / (double)count / 1e3);
    SSL_SESSION_free(newest);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
    return 0;
}
