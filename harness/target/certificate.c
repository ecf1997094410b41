/* SPDX-License-Identifier: MIT
 *
 * What stands in each certificate, and who signs it.
 */
#include "harness/target/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY (24L * 60 * 60)

/* What one certificate says. issuer NULL: signed by itself. */
struct blank {
    const char *name;
    EVP_PKEY *key;
    X509 *issuer;
    EVP_PKEY *issuer_key;
    const char *alternative_names; /* NULL: an authority */
    long from, until;              /* seconds from now */
};

static int openssl_failed(struct failure *failure, const char *what)
{
    char reason[256];
    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    return failure_set(failure, FAILURE_ENVIRONMENT, "cannot %s: %s", what, reason);
}

static EVP_PKEY *make_key(enum certificate_key kind)
{
    return kind == KEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
}

static int set_serial(X509 *certificate)
{
    unsigned char bytes[8];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return 0;
    }
    uint64_t serial = 0;
    memcpy(&serial, bytes, sizeof serial);
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1);
}

static int set_subject(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"eighth",
                                      -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                      -1, 0);
}

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    int added = extension != NULL && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static int add_extensions(X509 *certificate, const struct blank *blank)
{
    X509 *issuer = blank->issuer != NULL ? blank->issuer : certificate;
    if (!add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always")) {
        return 0;
    }
    if (blank->alternative_names == NULL) {
        return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, issuer, NID_subject_alt_name, blank->alternative_names);
}

static X509 *make_certificate(const struct blank *blank)
{
    X509 *certificate = X509_new();
    if (certificate == NULL) {
        return NULL;
    }
    X509 *issuer = blank->issuer != NULL ? blank->issuer : certificate;
    if (X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
        set_subject(certificate, blank->name) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), blank->from) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), blank->until) &&
        X509_set_pubkey(certificate, blank->key) && add_extensions(certificate, blank) &&
        X509_sign(certificate, blank->issuer_key, EVP_sha256()) > 0) {
        return certificate;
    }
    X509_free(certificate);
    return NULL;
}

static X509 *make_authority(const char *name, EVP_PKEY *key, X509 *issuer)
{
    struct blank blank = {name, key, issuer, key, NULL, -60 * DAY, 365 * DAY};
    return make_certificate(&blank);
}

static X509 *make_leaf(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names)
{
    struct blank blank = {"eighth target", key, issuer, issuer_key, names, -DAY, 30 * DAY};
    return make_certificate(&blank);
}

static X509 *make_expired(const struct certificates *c)
{
    struct blank blank = {"eighth target",   c->leaf_key, c->root, c->authority_key,
                          CERTIFICATE_NAMES, -30 * DAY,   -DAY};
    return make_certificate(&blank);
}

/* The stranger lives only while it signs: nobody can ever learn it. */
static X509 *make_unknown(const struct certificates *c, enum certificate_key kind)
{
    EVP_PKEY *key = make_key(kind);
    X509 *stranger = key != NULL ? make_authority("eighth unknown CA", key, NULL) : NULL;
    X509 *leaf = stranger != NULL ? make_leaf(c->leaf_key, stranger, key, CERTIFICATE_NAMES) : NULL;
    X509_free(stranger);
    EVP_PKEY_free(key);
    return leaf;
}

/* All intermediates share the authority's key; their names tell them apart. */
static X509 *make_chained(const struct certificates *c, STACK_OF(X509) * *chain)
{
    *chain = sk_X509_new_null();
    X509 *issuer = c->root;
    for (int i = 1; *chain != NULL && i <= CERTIFICATE_INTERMEDIATES; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "eighth intermediate %d", i);
        X509 *intermediate = make_authority(name, c->authority_key, issuer);
        if (intermediate == NULL || sk_X509_unshift(*chain, intermediate) == 0) {
            X509_free(intermediate);
            return NULL;
        }
        issuer = intermediate;
    }
    return *chain != NULL ? make_leaf(c->leaf_key, issuer, c->authority_key, CERTIFICATE_NAMES)
                          : NULL;
}

static int make_credential(struct certificates *c, enum certificate_kind kind,
                           enum certificate_key key)
{
    struct credential *credential = &c->of[kind];
    switch (kind) {
    case CERTIFICATE_VALID:
        credential->leaf = make_leaf(c->leaf_key, c->root, c->authority_key, CERTIFICATE_NAMES);
        break;
    case CERTIFICATE_EXPIRED:
        credential->leaf = make_expired(c);
        break;
    case CERTIFICATE_WRONG_HOST:
        credential->leaf =
            make_leaf(c->leaf_key, c->root, c->authority_key, CERTIFICATE_WRONG_NAMES);
        break;
    case CERTIFICATE_UNKNOWN_CA:
        credential->leaf = make_unknown(c, key);
        break;
    case CERTIFICATE_LONG_CHAIN:
        credential->leaf = make_chained(c, &credential->chain);
        break;
    }
    return credential->leaf != NULL;
}

int certificates_make(struct certificates *certificates, enum certificate_key key, unsigned kinds,
                      struct failure *failure)
{
    memset(certificates, 0, sizeof *certificates);
    certificates->authority_key = make_key(key);
    certificates->leaf_key = make_key(key);
    bool made = certificates->authority_key != NULL && certificates->leaf_key != NULL;
    if (made) {
        certificates->root = make_authority("eighth root", certificates->authority_key, NULL);
        made = certificates->root != NULL;
    }
    for (unsigned kind = 0; made && kind < CERTIFICATE_KINDS; kind++) {
        made = (kinds >> kind & 1) == 0 ||
               make_credential(certificates, (enum certificate_kind)kind, key);
    }
    if (!made) {
        certificates_release(certificates);
        return openssl_failed(failure, "make the target's certificates");
    }
    return 0;
}

static int write_pem(const struct certificates *certificates, int fd)
{
    FILE *file = fdopen(fd, "w");
    if (file == NULL) {
        (void)close(fd);
        return -1;
    }
    int written = PEM_write_X509(file, certificates->root);
    bool stored = fflush(file) == 0;
    return fclose(file) == 0 && written == 1 && stored ? 0 : -1;
}

int certificates_write_root(const struct certificates *certificates, const char *path,
                            struct failure *failure)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "the path of the CA file is too long: %s",
                           path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot write the CA file %s",
                             path);
    }
    if (fchmod(fd, 0644) != 0 || write_pem(certificates, fd) != 0 || rename(temporary, path) != 0) {
        int error = errno;
        (void)unlink(temporary);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error, "cannot write the CA file %s",
                             path);
    }
    return 0;
}

void certificates_release(struct certificates *certificates)
{
    for (unsigned kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        X509_free(certificates->of[kind].leaf);
        sk_X509_pop_free(certificates->of[kind].chain, X509_free);
    }
    X509_free(certificates->root);
    EVP_PKEY_free(certificates->authority_key);
    EVP_PKEY_free(certificates->leaf_key);
    memset(certificates, 0, sizeof *certificates);
}
