/* SPDX-License-Identifier: MIT
 *
 * The target's certificates, made anew at each start: one root, and a leaf of each kind that is
 * asked for. No key of these is ever written to a disk.
 *
 *     root -> valid, expired, wrong host
 *     root -> 4 intermediates -> long chain
 *     stranger (never told to the client) -> unknown CA
 */
#ifndef TARGET_CERTIFICATE_H
#define TARGET_CERTIFICATE_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define CERTIFICATE_KINDS 5 /* enum certificate_kind */

/** Certificates between the root and the leaf of a long chain. */
#define CERTIFICATE_INTERMEDIATES 4

/** The names of every leaf but the wrong-host one. */
#define CERTIFICATE_NAMES "DNS:localhost,DNS:eighth.test,IP:127.0.0.1,IP:::1"
#define CERTIFICATE_WRONG_NAMES "DNS:wrong.eighth.invalid"

struct credential {
    X509 *leaf;             /**< NULL if this kind was not asked for */
    STACK_OF(X509) * chain; /**< between leaf and root, the leaf's issuer first; NULL: none */
};

struct certificates {
    X509 *root;
    EVP_PKEY *authority_key; /**< of the root and the intermediates */
    EVP_PKEY *leaf_key;      /**< of every leaf */
    struct credential of[CERTIFICATE_KINDS];
};

/** Makes root, keys and a leaf for each kind whose bit (1 << enum certificate_kind) is in kinds.
 *  *certificates must be zeroed or released. Fails with FAILURE_ENVIRONMENT, *certificates is then
 *  released. */
int certificates_make(struct certificates *certificates, enum certificate_key key, unsigned kinds,
                      struct failure *failure);

/** Writes the root as PEM to path: under a temporary name first, then renamed, so that a reader
 *  never sees half of it. Fails with FAILURE_ENVIRONMENT. */
int certificates_write_root(const struct certificates *certificates, const char *path,
                            struct failure *failure);

/** Frees the contents; safe when zeroed, and again. */
void certificates_release(struct certificates *certificates);

#endif
