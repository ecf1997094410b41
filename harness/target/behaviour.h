/* SPDX-License-Identifier: MIT
 *
 * How the target carries out each fault of harness/scenario/fault.h: one record each, with a
 * function for each moment in a connection's life at which the fault acts. The connection calls
 * them; it knows no fault by name.
 */
#ifndef TARGET_BEHAVIOUR_H
#define TARGET_BEHAVIOUR_H

#include "harness/scenario/fault.h"
#include "harness/scenario/model.h"

#include <stdbool.h>

struct connection;
struct stream;

struct behaviour {
    enum fault_id id;
    bool silent;      /**< nothing is ever sent, from accept on */
    bool no_protocol; /**< ALPN selects nothing */
    bool shows_certificate;
    enum certificate_kind certificate; /**< with shows_certificate */
    int alert;                         /**< sent at the ClientHello; 0: none */
    /* Each may be NULL. They end or mute a connection only by connection_set_fate. */
    void (*hello)(struct connection *connection);       /**< the ClientHello was read */
    void (*established)(struct connection *connection); /**< handshake done, or first bytes came */
    void (*opened)(struct connection *connection);      /**< it is known which protocol is spoken */
    /** A request's header section is complete; true: it gets no response. */
    bool (*request)(struct connection *connection, struct stream *stream);
    /** The response is planned, and may be changed; true: it is not sent after all. */
    bool (*response)(struct connection *connection, struct stream *stream);
    void (*flushed)(struct connection *connection); /**< all output so far went to the socket */
};

/** The record of a fault; NULL for FAULT_NONE, and for FAULT_REFUSE, which needs no connection. */
const struct behaviour *behaviour_of(enum fault_id id);

/** The certificates that the rules' faults show: bits (1 << enum certificate_kind). */
unsigned behaviour_certificates(const struct fault_rule *rules, size_t count);

#endif
