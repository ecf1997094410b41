/* SPDX-License-Identifier: MIT
 *
 * The target ledger: every connection as the server saw it, in shared memory that the controller
 * made and that outlives the target. It answers "which connection was it?" and "was something done
 * to it on purpose?" for any client, also one that tells nothing.
 *
 *     struct ledger (header) | struct ledger_entry x LEDGER_ENTRIES (a ring)
 *
 * Counters lie in one block for each target thread, each with one writer; sums are exact when the
 * target is quiet (see control.h). Entries are found by the client's port: last_by_port gives the
 * newest connection from that port, entry.previous the one before it.
 */
#ifndef BASE_LEDGER_H
#define BASE_LEDGER_H

#include "harness/base/failure.h"
#include "harness/base/shared_memory.h"

#include <stdatomic.h>
#include <stdint.h>

#define LEDGER_MAGIC UINT64_C(0x72656764656c3874)
#define LEDGER_VERSION 3U
#define LEDGER_THREADS 64U
#define LEDGER_ENTRIES (UINT32_C(1) << 17)
#define LEDGER_FAULTS 64U /* more than there are kinds of faults */
#define LEDGER_PORTS 512U /* at which the target listens, at most */

enum ledger_handshake {
    LEDGER_NO_HANDSHAKE = 0, /**< clear text, or a fault before it began */
    LEDGER_HANDSHAKING,
    LEDGER_FULL,
    LEDGER_RESUMED,
    LEDGER_HANDSHAKE_FAILED
};

/** How a connection ended. */
enum ledger_end {
    LEDGER_OPEN = 0,
    LEDGER_CLIENT_CLOSE_NOTIFY, /**< TLS closed before TCP, as it should be */
    LEDGER_CLIENT_EOF,          /**< TCP closed; in clear text that is the ordinary end */
    LEDGER_CLIENT_RESET,
    LEDGER_CLIENT_ALERT,  /**< the client sent a fatal alert */
    LEDGER_TARGET_CLOSED, /**< by a fault, or at the target's own end */
    LEDGER_PROTOCOL_ERROR /**< the client broke TLS or HTTP */
};

struct ledger_entry {
    _Atomic uint64_t
        published;      /**< ordinal once the entry is valid for it; 0 while it is rewritten */
    uint64_t accepted;  /**< ns, monotonic */
    uint64_t ended;     /**< ns; 0: still open */
    uint64_t previous;  /**< ordinal of the connection before from the same client port; 0: none */
    uint32_t requests;  /**< header sections received */
    uint32_t responses; /**< sent to their last byte */
    uint32_t fault;     /**< enum fault_id that it carries; 0: none */
    uint16_t client_port; /**< host order */
    uint16_t tls_version; /**< as on the wire; 0: none */
    uint8_t handshake;    /**< enum ledger_handshake */
    uint8_t end;          /**< enum ledger_end */
    uint8_t fault_done;   /**< 1: the fault was really carried out, not only planned */
    uint8_t only_h2; /**< 1: ALPN offered HTTP/2 and nothing else; told with the fault no-alpn */
    uint16_t target_port; /**< at which it was accepted, host order */
    uint16_t reserved_too;
    uint64_t sought; /**< ns, just before the accept(2) that gave it: it may have been made later,
                        but before `accepted` */
};

_Static_assert(sizeof(struct ledger_entry) == 64, "one entry a cache line");

/** What one target thread counted since its start. Only that thread writes. */
struct ledger_counters {
    _Alignas(64) uint64_t accepted;
    uint64_t ended;
    uint64_t handshakes_full;
    uint64_t handshakes_resumed;
    uint64_t handshakes_failed;
    uint64_t requests;
    uint64_t responses;
    uint64_t bytes_sent;
    uint64_t protocol_errors; /**< connections that ended with LEDGER_PROTOCOL_ERROR */
    uint64_t accept_errors;   /**< accept(2) failed for want of descriptors or memory: the target's
                                 environment is too small for the load */
    uint64_t faults[LEDGER_FAULTS]; /**< carried out, by enum fault_id */
    uint64_t
        most_active; /**< in sums only: connections that lived at the same time in this trial */
};

struct ledger {
    uint64_t magic;
    uint32_t version;
    uint32_t entries; /**< LEDGER_ENTRIES */
    uint64_t size;

    uint16_t port;        /**< where the target listens, once ready: the first of ports */
    uint16_t refuse_port; /**< bound but not listening: connecting there is refused (the fault
                             `refuse`) */
    int32_t pid;
    uint32_t port_count;          /**< of ports */
    uint16_t ports[LEDGER_PORTS]; /**< all at which it listens */

    /** Set by the target at CONTROL_BEGIN, when it is quiet. */
    uint64_t trial_seed;
    uint64_t trial_base; /**< ordinals of this trial are above it */

    _Alignas(64) _Atomic uint64_t most_active; /**< since CONTROL_BEGIN: lived at the same time */
    _Atomic uint64_t next; /**< ordinal of the newest connection; the first is 1 */
    _Alignas(64) struct ledger_counters counters[LEDGER_THREADS];
    _Atomic uint64_t last_by_port[65536];     /**< ordinal; 0: none */
    struct ledger_entry ring[LEDGER_ENTRIES]; /**< ordinal % LEDGER_ENTRIES */
};

/** Makes an empty one. Fails with FAILURE_ENVIRONMENT. */
int ledger_create(struct shared_memory *shared, struct failure *failure);

/** The header of a mapping, checked: NULL and FAILURE_INTERNAL if it is none. */
struct ledger *ledger_of(const struct shared_memory *shared, struct failure *failure);

/** What the target knows of a connection at its beginning. */
struct ledger_arrival {
    uint16_t client_port;
    uint16_t target_port;
    uint64_t sought; /**< ns */
    uint64_t now;    /**< ns */
};

/** For the target: claims the next ordinal, links it to the client's port, and gives its entry,
 *  with what the arrival says and `previous` set and published. Any thread. */
struct ledger_entry *ledger_accept(struct ledger *ledger, const struct ledger_arrival *arrival,
                                   uint64_t *ordinal);

/** For readers: copies the entry of an ordinal: 0, or -1 if it is gone from the ring, or not there.
 */
int ledger_entry_at(struct ledger *ledger, uint64_t ordinal, struct ledger_entry *entry);

/** The connection that came from client_port and was the first to be accepted at or after the
 *  instant `since`, when the client began to connect: its ordinal and *entry, or 0 if the target
 *  has not seen it (yet). */
uint64_t ledger_find(struct ledger *ledger, uint16_t client_port, uint64_t since,
                     struct ledger_entry *entry);

/** What came to one of the target's ports in a time, say in the life of a process that had it to
 *  itself. */
struct ledger_visit {
    uint64_t connections; /**< those that may have come before or after it included */
    uint64_t unsure;      /**< of these, that may have come before or after it */
    uint64_t first;       /**< ordinal of the first; 0: none */
    uint64_t last;
    uint64_t gone;  /**< entries that the ring has lost: connections may be too few */
    uint32_t fault; /**< enum fault_id, carried out on one of them; 0: none */
};

/** Looks through the entries with ordinals above `above` up to `to`. begun, settled: ns. */
void ledger_look(struct ledger *ledger, uint64_t above, uint64_t to, uint16_t port, uint64_t begun,
                 uint64_t settled, struct ledger_visit *visit);

/** Sums the counters of all threads. */
void ledger_sum(const struct ledger *ledger, struct ledger_counters *sum);

#endif
