/* SPDX-License-Identifier: MIT
 *
 * AES-256-CBC and HMAC-SHA256 (RFC 5077, section 4), keys random for each context, never rotated.
 */
#include "harness/target/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

struct ticket_keys {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
};

static int keys_slot = -1;
static pthread_once_t keys_slot_once = PTHREAD_ONCE_INIT;

static void free_keys(void *parent, void *keys, CRYPTO_EX_DATA *data, int index, long argument,
                      void *pointer)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)argument;
    (void)pointer;
    OPENSSL_clear_free(keys, sizeof(struct ticket_keys));
}

static void claim_slot(void)
{
    keys_slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_keys);
}

static int set_mac_key(EVP_MAC_CTX *mac, struct ticket_keys *keys)
{
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, keys->mac, sizeof keys->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

/* The contract of SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 for a ticket of another key, 2 for
 * "accepted, and give a new one". */
static int use_keys(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                    EVP_MAC_CTX *mac, int encrypting)
{
    struct ticket_keys *keys = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_slot);
    if (encrypting) {
        memcpy(name, keys->name, sizeof keys->name);
        return RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
                       EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, keys->cipher, iv) &&
                       set_mac_key(mac, keys)
                   ? 1
                   : -1;
    }
    if (CRYPTO_memcmp(name, keys->name, sizeof keys->name) != 0) {
        return 0;
    }
    return EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, keys->cipher, iv) &&
                   set_mac_key(mac, keys)
               ? 2
               : -1;
}

int ticket_keys_attach(SSL_CTX *context)
{
    (void)pthread_once(&keys_slot_once, claim_slot);
    struct ticket_keys *keys = OPENSSL_malloc(sizeof *keys);
    if (keys == NULL || keys_slot < 0 ||
        RAND_bytes((unsigned char *)keys, (int)sizeof *keys) != 1 ||
        !SSL_CTX_set_ex_data(context, keys_slot, keys)) {
        OPENSSL_free(keys);
        return 0;
    }
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_keys);
}
