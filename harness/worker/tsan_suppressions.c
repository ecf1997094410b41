/* SPDX-License-Identifier: MIT
 *
 * What TSan must not report in a worker, and why. Only what it cannot see is here: OpenSSL comes
 * uninstrumented, so its atomic reference counts and flags order nothing in TSan's eyes, while the
 * memcmp, memcpy and free that it calls are seen. Each entry names the narrowest function that
 * stands in the report; a race of the client on memory of its own never matches.
 */
#if defined(__SANITIZE_THREAD__)

/* The runtime is a shared library: it must find this in the executable. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return
        /* The cached extensions of a certificate that several SSL objects share (the roots of one
         * store): written once under a lock, then guarded by an atomic flag (EXFLAG_SET). */
        "race:ASN1_STRING_cmp\n"
        "race:ASN1_OCTET_STRING_cmp\n"
        /* The last owner of a shared session, or of the certificates in it, frees it after an
         * atomic decrement; the uses by its former owners come before their own decrements. Uses of
         * a session that is not owned any more stay visible to ASan, and as crashes. */
        "race:SSL_SESSION_free\n"
        "race:OPENSSL_sk_free\n"
        "race:OPENSSL_sk_pop_free\n"
        "race:X509_free\n"
        "race:ASN1_item_free\n"
        "race:ASN1_STRING_free\n"
        "race:ASN1_OBJECT_free\n"
        "race:EVP_PKEY_free\n";
}

#endif
