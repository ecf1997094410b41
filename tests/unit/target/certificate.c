/* SPDX-License-Identifier: MIT
 *
 * What a verifier says about each certificate.
 */
#include "harness/target/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ALL 0x1fU

static int verify(const struct certificates *certificates, enum certificate_kind kind,
                  const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, certificates->root), 1);
    assert_int_equal(X509_STORE_CTX_init(context, store, certificates->of[kind].leaf,
                                         certificates->of[kind].chain),
                     1);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set1_host(parameters, host, 0);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    (void)X509_verify_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

static void check_kinds(enum certificate_key key, int type)
{
    struct certificates certificates;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(certificates_make(&certificates, key, ALL, &failure), 0);
    assert_int_equal(EVP_PKEY_get_base_id(certificates.leaf_key), type);
    assert_int_equal(verify(&certificates, CERTIFICATE_VALID, "localhost"), X509_V_OK);
    assert_int_equal(verify(&certificates, CERTIFICATE_VALID, "eighth.test"), X509_V_OK);
    assert_int_equal(verify(&certificates, CERTIFICATE_VALID, "other.test"),
                     X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(verify(&certificates, CERTIFICATE_EXPIRED, "localhost"),
                     X509_V_ERR_CERT_HAS_EXPIRED);
    assert_int_equal(verify(&certificates, CERTIFICATE_WRONG_HOST, "localhost"),
                     X509_V_ERR_HOSTNAME_MISMATCH);
    assert_int_equal(verify(&certificates, CERTIFICATE_UNKNOWN_CA, "localhost"),
                     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    assert_int_equal(verify(&certificates, CERTIFICATE_LONG_CHAIN, "localhost"), X509_V_OK);
    assert_int_equal(sk_X509_num(certificates.of[CERTIFICATE_LONG_CHAIN].chain),
                     CERTIFICATE_INTERMEDIATES);
    certificates_release(&certificates);
    certificates_release(&certificates);
}

static void ecdsa_verifies(void **state)
{
    (void)state;
    check_kinds(KEY_ECDSA, EVP_PKEY_EC);
}

static void rsa_verifies(void **state)
{
    (void)state;
    check_kinds(KEY_RSA, EVP_PKEY_RSA);
}

static void only_what_is_asked_for_is_made(void **state)
{
    (void)state;
    struct certificates certificates;
    struct failure failure = FAILURE_INIT;
    assert_int_equal(
        certificates_make(&certificates, KEY_ECDSA, 1U << CERTIFICATE_EXPIRED, &failure), 0);
    for (unsigned kind = 0; kind < CERTIFICATE_KINDS; kind++) {
        assert_int_equal(certificates.of[kind].leaf != NULL, kind == CERTIFICATE_EXPIRED);
    }
    certificates_release(&certificates);
}

static void the_root_is_written(void **state)
{
    (void)state;
    struct certificates certificates;
    struct failure failure = FAILURE_INIT;
    char folder[] = "/tmp/eighth-test-XXXXXX";
    char path[64];
    char inside[128];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ca.pem", folder);
    assert_int_equal(certificates_make(&certificates, KEY_ECDSA, 1, &failure), 0);
    assert_int_equal(certificates_write_root(&certificates, path, &failure), 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    X509 *root = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    assert_non_null(root);
    assert_int_equal(X509_cmp(root, certificates.root), 0);
    X509_free(root);
    (void)snprintf(inside, sizeof inside, "%s/none/ca.pem", folder);
    assert_int_equal(certificates_write_root(&certificates, inside, &failure), -1);
    assert_int_equal(failure.kind, FAILURE_ENVIRONMENT);
    /* Only the one file is left: rmdir would fail otherwise. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    certificates_release(&certificates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_verifies),
        cmocka_unit_test(rsa_verifies),
        cmocka_unit_test(only_what_is_asked_for_is_made),
        cmocka_unit_test(the_root_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
