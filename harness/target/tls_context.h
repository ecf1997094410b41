/* SPDX-License-Identifier: MIT
 *
 * The TLS side that all connections of a target share: one SSL_CTX for its own certificate, and
 * one more for each certificate that a fault shows. The latter neither give nor take tickets: a
 * resumed handshake would show no certificate at all.
 */
#ifndef TARGET_TLS_CONTEXT_H
#define TARGET_TLS_CONTEXT_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"
#include "harness/target/certificate.h"

#include <openssl/ssl.h>

/** What a connection has a say in while its handshake runs. The SSL's app data points to it. */
struct tls_choices {
    bool no_protocol;   /**< select no ALPN protocol */
    bool stop_at_hello; /**< return from the handshake when the ClientHello is read:
                             SSL_ERROR_WANT_CLIENT_HELLO_CB */
    int alert_at_hello; /**< fatal alert instead of a ServerHello; 0: none */
    bool hello_seen;    /**< set when the ClientHello is read */
    bool only_h2;       /**< set when ALPN offers HTTP/2 and nothing else */
};

struct tls_contexts {
    SSL_CTX *own;
    SSL_CTX *faulty[CERTIFICATE_KINDS]; /**< NULL where no fault needs it */
    unsigned char *protocols;           /**< ALPN, wire format */
    unsigned protocols_length;
};

/** Makes the contexts. faulty_kinds has the bit (1 << enum certificate_kind) of each certificate
 *  that a fault shows; certificates has them all, and may be released afterwards. *contexts must be
 *  zeroed, and must not move as long as it is used. Fails with FAILURE_ENVIRONMENT (FAILURE_USAGE
 *  for an impossible ALPN list); *contexts is then released. */
int tls_contexts_make(struct tls_contexts *contexts, const struct embedded_model *model,
                      const struct certificates *certificates, unsigned faulty_kinds,
                      struct failure *failure);

/** Frees the contents, after the last connection; safe when zeroed, and again. */
void tls_contexts_release(struct tls_contexts *contexts);

#endif
