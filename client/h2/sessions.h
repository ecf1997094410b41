/* SPDX-License-Identifier: MIT
 *
 * TLS sessions: which one a handshake offers, and where those that arrive are kept.
 */
#ifndef H2_SESSIONS_H
#define H2_SESSIONS_H

#include "client/h2/lru.h"

#include "client/eighth_client.h"

#include <openssl/ssl.h>

/** What a cache of sessions holds: SSL_SESSION objects, each entry with a reference of its own.
 *  TLS 1.3 tickets are used once (RFC 8446 C.4), so several of one server are kept. */
extern const struct h2_lru_kind h2_session_kind;

/** Gives ssl, before its handshake, the session that the endpoint's policy allows, if there is one.
 *  Called with the instance's lock. 0, or -1 if OpenSSL fails. */
int h2_session_offer(eighth_instance *instance, SSL *ssl);

/** OpenSSL's new-session callback: at the handshake's end in TLS 1.2, with each ticket in TLS 1.3.
 *  Called with the instance's lock. 1: the reference is ours now. */
int h2_session_arrived(SSL *ssl, SSL_SESSION *session);

/** To be called when a handshake is done; offered is what h2_session_offer gave it, or NULL. A TLS
 *  1.2 server may renew the ticket of a resumed session (RFC 5077 3.3): OpenSSL then replaces the
 *  session, marks the offered one as not resumable, and calls nobody. Keeps the new one;
 *  without one, the offered session is what the instance exports. Called with the instance's lock.
 */
void h2_session_settled(SSL *ssl, const SSL_SESSION *offered);

/** The contract's export and import. Both take the instance's lock. */
int h2_session_export(eighth_instance *instance, void *buffer, size_t capacity, size_t *length,
                      struct eighth_error *error);
int h2_session_import(eighth_instance *instance, const void *bytes, size_t length,
                      struct eighth_error *error);

#endif
