/* SPDX-License-Identifier: MIT
 *
 * The table of faults: what the target can do wrong on purpose, and what a good client must make
 * of it. One self-describing record each; validation, help, the target and the judge read the same
 * table. The behaviour itself is in harness/target.
 */
#ifndef SCENARIO_FAULT_H
#define SCENARIO_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Numbers stand in ledgers: append only. */
enum fault_id {
    FAULT_NONE = 0,
    FAULT_REFUSE,          /**< the driver sends the connect to the port that refuses */
    FAULT_NEVER_ANSWER,    /**< accept, then silence */
    FAULT_STALL_HANDSHAKE, /**< read the ClientHello, then silence */
    FAULT_RESET_HANDSHAKE, /**< read the ClientHello, then RST */
    FAULT_FATAL_ALERT,     /**< read the ClientHello, then alert handshake_failure */
    FAULT_CERTIFICATE_EXPIRED,
    FAULT_CERTIFICATE_WRONG_HOST,
    FAULT_CERTIFICATE_UNKNOWN_CA,
    FAULT_NO_ALPN,         /**< the handshake ends, no protocol selected */
    FAULT_NO_CLOSE_NOTIFY, /**< FIN without close_notify after the first response */
    FAULT_RESET_AFTER_HANDSHAKE,
    FAULT_GOAWAY,         /**< after `after` requests: GOAWAY, and close once they are served */
    FAULT_RST_STREAM,     /**< RST_STREAM instead of a response */
    FAULT_DELAYED_BODY,   /**< header section at once, body after `delay` */
    FAULT_DRIPPED_BODY,   /**< body in pieces of one byte, `delay` between them */
    FAULT_TRUNCATED_BODY, /**< END_STREAM before content-length is reached */
    FAULT_COUNT
};

/** A failure that a fault explains: enum eighth_phase and enum eighth_class as numbers. */
struct fault_outcome {
    uint8_t phase;
    uint8_t error_class;
};

#define FAULT_OUTCOMES 8

/** Which parameters a rule for this fault may have. */
enum fault_parameter { FAULT_TAKES_AFTER = 1, FAULT_TAKES_DELAY = 2, FAULT_TAKES_CODE = 4 };

/** Whether open may succeed on such a connection. */
enum fault_open {
    FAULT_OPEN_ALLOWED = 0,
    FAULT_OPEN_UNVERIFIED,  /**< only if the client was told to accept any certificate */
    FAULT_OPEN_WITHOUT_ALPN /**< not if the client makes requests and offers nothing but HTTP/2 */
};

struct fault_kind {
    enum fault_id id;
    const char *name; /**< "reset-handshake" */
    const char *help; /**< what the target does, one line */
    bool tls_only;
    bool must_fail; /**< a client that gets a response on such a connection is broken,
                         unless `open` excuses it */
    enum fault_open open;
    unsigned parameters;       /**< enum fault_parameter, or-ed */
    uint64_t default_delay_ns; /**< of a rule that gives no delay */
    uint32_t default_code;     /**< HTTP/2 error code of a rule that gives no code */
    /** The failures that it explains, ended by phase 0. Any other failure on the connection is a
     *  finding. */
    struct fault_outcome outcomes[FAULT_OUTCOMES];
};

/** The record of an id; NULL for FAULT_NONE and numbers out of range. */
const struct fault_kind *fault_kind_of(unsigned id);

/** The record with that name, or NULL. */
const struct fault_kind *fault_kind_named(const char *name);

/** Whether the fault explains a failure with that phase and class. */
bool fault_explains(const struct fault_kind *kind, int phase, int error_class);

/** One entry of a scenario's target.embedded.faults. Exactly one of every, at, probability is
 *  given. Rules are tried in order, the first that hits a connection wins. */
struct fault_rule {
    enum fault_id id;
    uint64_t every; /**< each n-th connection of the trial (ordinals n, 2n, ...); 0: not given */
    uint64_t at;    /**< that ordinal only; 0: not given */
    double probability; /**< by PRF_FAULT of the trial's seed and the ordinal; below 0: not given */
    uint32_t after;     /**< requests served before it strikes; 0 by default */
    uint32_t code;      /**< HTTP/2 error code for rst-stream and goaway */
    uint64_t delay_ns;
};

/** The rule that hits the connection, or NULL. ordinal counts from 1 within the trial. `refuse` is
 *  chosen by the driver with its own ordinal (refuse true asks for those rules only), all others
 *  by the target with the ledger's (refuse false). */
const struct fault_rule *fault_choose(const struct fault_rule *rules, size_t count, uint64_t seed,
                                      uint64_t ordinal, bool refuse);

#endif
