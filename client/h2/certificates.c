/* SPDX-License-Identifier: MIT
 *
 * Decides when an earlier verdict on a certificate chain still holds.
 *
 * The key is a digest of every certificate that the peer sent, of the trusted roots and of the name
 * to verify: all that the verdict depends on but the time. The time is covered by keeping, with the
 * verdict, the span in which every certificate of the verified chain is valid.
 */
#include "client/h2/certificates.h"

#include "client/h2/instance.h"
#include "client/h2/memory.h"
#include "client/h2/names.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

struct verdict {
    atomic_uint references;
    time_t from;  /**< first second in which it holds */
    time_t until; /**< last second */
};

static void verdict_retain(void *value)
{
    struct verdict *verdict = value;
    atomic_fetch_add_explicit(&verdict->references, 1, memory_order_relaxed);
}

static void verdict_release(void *value)
{
    struct verdict *verdict = value;
    if (atomic_fetch_sub_explicit(&verdict->references, 1, memory_order_acq_rel) == 1) {
        h2_release(verdict);
    }
}

const struct h2_lru_kind h2_certificate_kind = {1, NULL, verdict_retain, verdict_release};

static bool digest_certificate(EVP_MD_CTX *digest, const EVP_MD *sha256, X509 *certificate)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    return X509_digest(certificate, sha256, bytes, &length) == 1 &&
           EVP_DigestUpdate(digest, bytes, length) == 1;
}

static bool write_key(eighth_instance *instance, X509_STORE_CTX *store,
                      unsigned char key[H2_DIGEST_BYTES])
{
    const EVP_MD *sha256 = instance->process->sha256;
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = digest != NULL && EVP_DigestInit_ex2(digest, sha256, NULL) == 1 &&
                digest_certificate(digest, sha256, X509_STORE_CTX_get0_cert(store));
    for (int i = 0; done && i < sk_X509_num(sent); i++) {
        done = digest_certificate(digest, sha256, sk_X509_value(sent, i));
    }
    const char *name = instance->name->verify;
    done = done && EVP_DigestUpdate(digest, instance->context->trust, H2_DIGEST_BYTES) == 1 &&
           EVP_DigestUpdate(digest, name, strlen(name)) == 1 &&
           EVP_DigestFinal_ex(digest, key, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return done;
}

static bool remembered(eighth_instance *instance, const unsigned char key[H2_DIGEST_BYTES])
{
    struct h2_cache_handle cache = h2_instance_certificates(instance);
    struct verdict *verdict = cache.ops->take(cache.cache, key, H2_DIGEST_BYTES);
    bool holds = false;
    if (verdict != NULL) {
        time_t now = time(NULL);
        holds = now >= verdict->from && now <= verdict->until;
        verdict_release(verdict);
    }
    h2_instance_count(instance, holds ? H2_CERTIFICATE_HITS : H2_CERTIFICATE_MISSES, 1);
    return holds;
}

static bool seconds_of(const ASN1_TIME *instant, time_t *seconds)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(instant, &parts) != 1) {
        return false;
    }
    *seconds = timegm(&parts);
    return true;
}

/* Narrows the span to the validity of one certificate. */
static bool narrow(struct verdict *verdict, const X509 *certificate)
{
    time_t from;
    time_t until;
    if (!seconds_of(X509_get0_notBefore(certificate), &from) ||
        !seconds_of(X509_get0_notAfter(certificate), &until)) {
        return false;
    }
    verdict->from = from > verdict->from ? from : verdict->from;
    verdict->until = until < verdict->until ? until : verdict->until;
    return true;
}

static void remember(eighth_instance *instance, X509_STORE_CTX *store,
                     const unsigned char key[H2_DIGEST_BYTES])
{
    struct verdict *verdict = h2_allocate(sizeof(*verdict));
    if (verdict == NULL) {
        return; /* a cache may forget */
    }
    atomic_init(&verdict->references, 1);
    verdict->from = time(NULL);
    verdict->until = (time_t)INT64_MAX;
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (!narrow(verdict, sk_X509_value(chain, i))) {
            h2_release(verdict);
            return;
        }
    }
    struct h2_cache_handle cache = h2_instance_certificates(instance);
    cache.ops->put(cache.cache, key, H2_DIGEST_BYTES, verdict);
}

int h2_certificate_verify(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    eighth_instance *instance = SSL_get_app_data(ssl);
    if (instance->seams->certificates == &h2_cache_none) {
        return X509_verify_cert(store);
    }
    unsigned char key[H2_DIGEST_BYTES];
    bool keyed = write_key(instance, store, key);
    if (keyed && remembered(instance, key)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    int accepted = X509_verify_cert(store);
    if (accepted == 1 && keyed && X509_STORE_CTX_get_error(store) == X509_V_OK) {
        remember(instance, store, key);
    }
    return accepted;
}
