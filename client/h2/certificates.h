/* SPDX-License-Identifier: MIT
 *
 * Certificate verdicts: verifying a chain costs several signature checks; the verdict on the same
 * chain, for the same name, under the same roots, within the validity of all its certificates, is
 * the same again.
 */
#ifndef H2_CERTIFICATES_H
#define H2_CERTIFICATES_H

#include "client/h2/lru.h"

#include <openssl/x509_vfy.h>

/** What a cache of verdicts holds. Only acceptances are remembered. */
extern const struct h2_lru_kind h2_certificate_kind;

/** OpenSSL's chain verification callback. Called with the instance's lock, inside the handshake.
 *  1: accepted. 0: not, with the error in store. */
int h2_certificate_verify(X509_STORE_CTX *store, void *unused);

#endif
