/* SPDX-License-Identifier: MIT
 *
 * One accepted connection, from accept to its entry's end in the ledger. It belongs to one loop.
 *
 * What an event means depends on where the connection stands: `step` is that state. Nobody frees a
 * connection in the middle of something: callbacks say what is to become of it (its fate), and the
 * turn that called them carries it out at its end.
 */
#ifndef TARGET_CONNECTION_H
#define TARGET_CONNECTION_H

#include "harness/base/ledger.h"
#include "harness/target/behaviour.h"
#include "harness/target/header_lines.h"
#include "harness/target/loop.h"
#include "harness/target/protocol.h"
#include "harness/target/timer.h"
#include "harness/target/transport.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

/** How long the target waits for the client to close a connection that the target has ended, or
 * that the client's GOAWAY has. */
#define CONNECTION_LINGER (1000 * NS_PER_MS)

enum connection_fate {
    FATE_LIVE = 0,
    FATE_MUTE,            /**< say nothing more, wait for the client to go */
    FATE_FINISH,          /**< close_notify, FIN, wait for the client to go */
    FATE_FINISH_SILENTLY, /**< FIN, wait for the client to go */
    FATE_CLOSE,           /**< nothing is left to wait for */
    FATE_RESET            /**< RST */
};

struct connection {
    struct loop *loop;
    struct connection *previous;
    struct connection *next;
    struct transport transport;
    void (*step)(struct connection *connection);
    enum connection_fate fate;
    bool established;   /**< the handshake is done; in clear text: the first bytes came */
    bool lingering;     /**< finished; the client has to go */
    bool watches_write; /**< epoll watches for writable too */
    bool going_away;    /**< a fault sent GOAWAY: the target closes behind the last response */
    bool hangs_up;      /**< HTTP/1.1: the last response was sent, the target closes */
    bool terminated;    /**< HTTP/2 was broken by the client: GOAWAY with an error was sent */
    bool fault_done;
    const struct protocol *protocol; /**< NULL until established */
    nghttp2_session *session;        /**< of HTTP/2 */
    struct http1 *http1;             /**< of HTTP/1.1 */
    uint8_t first[2];                /**< bytes that do not tell the protocol yet */
    uint8_t first_length;
    struct stream *streams;    /**< all that live */
    struct header_lines lines; /**< of the header section that is being received */
    uint8_t *unsent;           /**< what the socket did not take; NULL: nothing */
    size_t unsent_length;
    size_t unsent_offset;
    struct timer linger;
    const struct fault_rule *rule;     /**< NULL: no fault */
    const struct behaviour *behaviour; /**< NULL: no fault */
    struct ledger_entry *entry;
    uint64_t ordinal;
    uint32_t requests;  /**< header sections received */
    uint32_t responses; /**< sent to their last byte */
};

/** Takes an accepted socket (which it closes in any case), gives it its ordinal, entry and fault,
 *  and begins. Without memory the connection is closed at once, and counted. */
void connection_accept(struct loop *loop, int fd, const struct ledger_arrival *arrival);

/** The socket is readable, writable or broken. The connection may be gone afterwards. */
void connection_event(struct connection *connection);

/** Sends what there is to send, after something outside an event (a timer) made it. The connection
 *  may be gone afterwards. */
void connection_pump(struct connection *connection);

/** Says what is to become of the connection; end is the cause for the ledger (LEDGER_OPEN: leave it
 *  to what the client does). The first fate but FATE_MUTE stays. */
void connection_end(struct connection *connection, enum connection_fate fate, enum ledger_end end);

/** The same by a fault: the target ends it. FATE_MUTE leaves the end to the client. */
void connection_set_fate(struct connection *connection, enum connection_fate fate);

/** The connection's fault was really carried out. */
void connection_fault_done(struct connection *connection);

/** A request's header section came; a response was sent to its last byte. */
void connection_count_request(struct connection *connection);
void connection_count_response(struct connection *connection);

/** Closes it at once, with close_notify where TLS is up; for the target's own end. */
void connection_abandon(struct connection *connection);

/* ---- for the parts of a connection only ---- */

/** Its entry, or NULL: the ring may have come round while it lived, then the entry is another's. */
struct ledger_entry *connection_entry(struct connection *connection);

/** Ends it by what the transport said; not for OK, AGAIN and HELLO. */
void connection_end_by(struct connection *connection, enum transport_result result);

/** Sends what is due, and looks whether HTTP/2 is over. */
void connection_flush(struct connection *connection);

/** The client had its time. */
void connection_linger_over(struct timer *timer);

/** The states. */
void connection_step_handshake(struct connection *connection);
void connection_step_serve(struct connection *connection);
/** Silence, or the wait for the client's close. */
void connection_step_discard(struct connection *connection);

#endif
