/* SPDX-License-Identifier: MIT
 *
 * Ticket keys of the target's own, for one purpose: OpenSSL renews a TLS 1.2 ticket at a resumption
 * only if the application's ticket key callback asks for it. (In TLS 1.3 every resumption brings
 * a new ticket anyway.)
 */
#ifndef TARGET_TICKET_KEYS_H
#define TARGET_TICKET_KEYS_H

#include <openssl/ssl.h>

/** Gives the context random ticket keys, and a new ticket to every resumption. The keys are freed
 *  with the context. 1, or 0 with OpenSSL's error queue filled. */
int ticket_keys_attach(SSL_CTX *context);

#endif
