/* SPDX-License-Identifier: MIT
 *
 * A whole client for eighth, handshake only. Its instances are OpenSSL's connect BIOs.
 */
#include <eighth_client.h>
#include <openssl/ssl.h>
#include <stdio.h>

static int create(eighth_process *process, const struct eighth_endpoint *to, eighth_instance **made,
                  struct eighth_error *error)
{
    char address[300];
    SSL *ssl = NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = BIO_new_ssl_connect(context);
    SSL_CTX_free(context); /* the BIO's SSL holds it from here on */
    snprintf(address, sizeof address, "%s:%d", to->host, to->port);
    if (bio == NULL || SSL_CTX_load_verify_file(context, to->ca_file) != 1 ||
        BIO_set_conn_hostname(bio, address) != 1 || BIO_get_ssl(bio, &ssl) != 1 ||
        SSL_set_tlsext_host_name(ssl, to->sni) != 1 || SSL_set1_host(ssl, to->sni) != 1) {
        BIO_free_all(bio);
        error->error_class = EIGHTH_INTERNAL;
        return -1;
    }
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    *made = (eighth_instance *)bio;
    return 0;
}

static int shake_hands(eighth_instance *me, uint64_t timeout_ns, struct eighth_connection *about,
                       struct eighth_error *error)
{
    if (BIO_do_connect((BIO *)me) == 1) {
        return 0; /* a better client keeps the timeout and tells about the connection */
    }
    error->phase = EIGHTH_PHASE_TLS;
    error->error_class = EIGHTH_RESET;
    return -1;
}

static int hang_up(eighth_instance *me, int mode, uint64_t timeout_ns, struct eighth_error *error)
{
    BIO_reset((BIO *)me); /* sends close_notify, then closes the socket */
    return 0;
}

static void destroy(eighth_instance *me)
{
    BIO_free_all((BIO *)me);
}

const struct eighth_client *eighth_client(void)
{
    static const struct eighth_client table = {
        EIGHTH_CLIENT_ABI, sizeof table,        "handshake",      "1.0",          EIGHTH_CAN_TLS,
        .create = create,  .open = shake_hands, .close = hang_up, .free = destroy};
    return &table;
}
