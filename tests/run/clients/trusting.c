/* SPDX-License-Identifier: MIT
 *
 * Does a TLS handshake and accepts whatever comes of it: it verifies nothing and insists on no
 * protocol. It offers by ALPN what EIGHTH_TEST_ALPN says: "h2", "both" (h2 and http/1.1), or
 * nothing. Requests it answers itself; with EIGHTH_TEST_CONNECTS_ONLY it has none in its table.
 */
#define BASE_TABLE trusting_client

#include "client/eighth_client.h"

static struct eighth_client trusting_client;

#include "tests/run/clients/base.h"

#include <openssl/ssl.h>
#include <stdbool.h>

static void misbehave(enum base_operation operation, unsigned count)
{
    (void)operation;
    (void)count;
}

static bool offer(SSL *ssl)
{
    const char *alpn = getenv("EIGHTH_TEST_ALPN");
    static const unsigned char both[] = "\2h2\10http/1.1";
    unsigned length = alpn != NULL && strcmp(alpn, "both") == 0 ? sizeof both - 1 : 3;
    return alpn == NULL || SSL_set_alpn_protos(ssl, both, length) == 0;
}

/* The connection stays, only TLS is forgotten: nothing more is said on it. */
static bool shake_hands(int fd)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context != NULL ? SSL_new(context) : NULL;
    bool done = ssl != NULL && offer(ssl) && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1;
    SSL_free(ssl);
    SSL_CTX_free(context);
    return done;
}

static int trusting_open(eighth_instance *instance, uint64_t timeout_ns,
                         struct eighth_connection *connection, struct eighth_error *error)
{
    if (base_open(instance, timeout_ns, connection, error) != 0) {
        return -1;
    }
    if (shake_hands(instance->fd)) {
        return 0;
    }
    (void)base_close(instance, EIGHTH_CLOSE_ABRUPT, 0, error);
    return base_fail(error, EIGHTH_PHASE_TLS, EIGHTH_PROTOCOL, "the handshake failed");
}

/* When the library is loaded, before anybody asks for the table. */
static void __attribute__((constructor)) prepare(void)
{
    trusting_client = base_client;
    trusting_client.open = trusting_open;
    if (getenv("EIGHTH_TEST_CONNECTS_ONLY") != NULL) {
        trusting_client.request = NULL;
    }
}
