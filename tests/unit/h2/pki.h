/* SPDX-License-Identifier: MIT
 *
 * Certificates for tests, made in memory: a CA and server certificates that are good or bad in one
 * way each.
 */
#ifndef TEST_H2_PKI_H
#define TEST_H2_PKI_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** A certificate and its key. */
struct test_identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static inline void test_identity_free(struct test_identity *identity)
{
    X509_free(identity->certificate);
    EVP_PKEY_free(identity->key);
}

static inline void test_pki_check(int fine, const char *what)
{
    if (!fine) {
        (void)fprintf(stderr, "test certificates: %s failed\n", what);
        abort();
    }
}

static inline void test_pki_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    test_pki_check(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: a CA that signs itself. names: as in subjectAltName. days: from now to its end. */
static inline struct test_identity test_identity_make(const char *common_name,
                                                      const struct test_identity *issuer,
                                                      const char *names, int days)
{
    static long serial = 1;
    struct test_identity made = {X509_new(), EVP_EC_gen("P-256")};
    X509 *certificate = made.certificate;
    const struct test_identity *signer = issuer != NULL ? issuer : &made;
    test_pki_check(certificate != NULL && made.key != NULL, "key");
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -40L * 86400);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400L);
    (void)X509_set_pubkey(certificate, made.key);
    X509_NAME *name = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name,
                                     -1, -1, 0);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(signer->certificate));
    if (issuer == NULL) {
        test_pki_extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        test_pki_extend(certificate, issuer->certificate, NID_subject_alt_name, names);
    }
    test_pki_check(X509_sign(certificate, signer->key, EVP_sha256()) > 0, "signature");
    return made;
}

/* Writes the certificate to a new file, whose path it puts into path. */
static inline void test_identity_save(const struct test_identity *identity, char *path,
                                      size_t capacity)
{
    (void)snprintf(path, capacity, "/tmp/eighth-test-ca-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    test_pki_check(file != NULL && PEM_write_X509(file, identity->certificate) == 1 &&
                       fclose(file) == 0,
                   "writing");
}

#endif
