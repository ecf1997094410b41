/* SPDX-License-Identifier: MIT
 *
 * The client contract: the one header that a client under test and eighth share.
 *
 * A client is a shared library that exports one symbol, eighth_client(), which returns a table of
 * operations. eighth loads the library into a worker process, creates many instances through the
 * table, and drives them from a pool of threads. The header needs C11 or C++11 and nothing beyond
 * the standard headers; every structure is plain data, so any language with a C FFI can fill it.
 *
 * Life of an instance, each call with what may follow it:
 *
 *     create -> [import_session] -> open -> request* / ping* -> close -> free
 *
 *   - create makes the object and does no I/O. open connects and does the TLS handshake; if it may
 *     take a connection that is there already, the scenario says "pools" (else it is a finding).
 *   - After a failed open the instance is unconnected; only free (or, with EIGHTH_CAN_REOPEN, open)
 *     is called on it.
 *   - close ends the connection. It may be called again, and after a failed open: it then returns
 * 0.
 *   - free is called exactly once, when no other call on the instance runs. An instance that is
 *     freed without close was dropped: everything it owns must still be released.
 *   - With EIGHTH_CAN_REOPEN, open may be called again after close on the same instance.
 *
 * Threads: init and cleanup are called on one thread while no other call runs. Calls on *different*
 * instances come from many threads at once: every client must bear that. What more a client bears
 * on *one* instance it promises with the EIGHTH_CAN_ bits; eighth stresses only what is promised,
 * unless the scenario says "ignore_promises".
 *
 * Results: an operation returns 0 for success, -1 for failure with *error filled in. No operation
 * may call exit(), change signal dispositions, or print.
 *
 * Ownership: eighth owns every structure, string and buffer that it passes, and keeps them valid
 * until the call returns and no longer; what a client needs afterwards it copies. The table and its
 * strings belong to the library and stay valid while it is loaded.
 *
 * Growth: each structure that eighth passes begins with its size as eighth knows it, and the table
 * with its size as the library knows it. A side must not touch fields beyond the other's size.
 */
#ifndef EIGHTH_CLIENT_H
#define EIGHTH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this contract. Raised only when an old library could not be used any more. */
#define EIGHTH_CLIENT_ABI 1

/** The name to look up with dlsym(3). */
#define EIGHTH_CLIENT_SYMBOL "eighth_client"

#if defined(__GNUC__)
#define EIGHTH_EXPORT __attribute__((visibility("default")))
#else
#define EIGHTH_EXPORT
#endif

/** What a client can do, and what it promises to bear. Absent bits are never asked for. */
enum eighth_capability {
    EIGHTH_CAN_TLS = 1 << 0, /**< endpoint.tls may be 1 */
    EIGHTH_CAN_CLEAR =
        1 << 1, /**< endpoint.tls may be 0 (for HTTP/2: prior knowledge, RFC 9113 3.3) */
    EIGHTH_CAN_REOPEN = 1 << 2, /**< open again after close, on the same instance */
    /** Calls on one instance follow each other on different threads (opened here, closed there). */
    EIGHTH_CAN_MIGRATE = 1 << 3,
    /** request and ping run on one instance from several threads at once. */
    EIGHTH_CAN_SHARE = 1 << 4,
    /** close may be called while open, request or ping runs on another thread; those then return
     *  EIGHTH_CANCELLED or their ordinary result. */
    EIGHTH_CAN_CLOSE_WHILE_BUSY = 1 << 5
};

/** The phase in which an operation failed. */
enum eighth_phase {
    EIGHTH_PHASE_NONE = 0,
    EIGHTH_PHASE_RESOLVE, /**< name to addresses */
    EIGHTH_PHASE_TCP,     /**< connect(2) */
    EIGHTH_PHASE_TLS,     /**< the handshake, certificate checks included */
    EIGHTH_PHASE_ALPN,    /**< the handshake ended without the protocol that was asked for */
    EIGHTH_PHASE_H2,      /**< HTTP/2 connection level: preface, SETTINGS, GOAWAY, PING */
    EIGHTH_PHASE_REQUEST, /**< one request: HEADERS, DATA, RST_STREAM */
    EIGHTH_PHASE_CLOSE    /**< close_notify, shutdown, close(2) */
};

/** Why an operation failed. */
enum eighth_class {
    EIGHTH_OK = 0,
    EIGHTH_REFUSED,     /**< connection refused; REFUSED_STREAM; GOAWAY before this request */
    EIGHTH_RESET,       /**< the peer ended the connection or the stream too early: RST, EOF */
    EIGHTH_TIMEOUT,     /**< the timeout of this call ran out */
    EIGHTH_PROTOCOL,    /**< the peer broke a protocol, or sent a fatal alert */
    EIGHTH_CERTIFICATE, /**< the certificate chain or the host name was not accepted */
    EIGHTH_CANCELLED,   /**< close was called, or the instance is not open */
    EIGHTH_INTERNAL,    /**< the client itself: no memory, no descriptors, a broken invariant */
    EIGHTH_UNSUPPORTED  /**< this client cannot do what was asked */
};

/** How close ends a connection. */
enum eighth_close_mode {
    EIGHTH_CLOSE_GRACEFUL = 0, /**< GOAWAY, close_notify, then TCP */
    EIGHTH_CLOSE_ABRUPT = 1    /**< at once, nothing is sent */
};

/** Whether TLS sessions are resumed. */
enum eighth_session_policy {
    EIGHTH_SESSION_NONE = 0,  /**< never offer a session, keep none */
    EIGHTH_SESSION_REUSE = 1, /**< the client's own caches decide */
    EIGHTH_SESSION_IMPORT = 2 /**< offer only what import_session gave; keep the last for export */
};

/** The failure of one operation. Zeroed by eighth before each call. */
struct eighth_error {
    size_t size;
    int32_t phase;       /**< enum eighth_phase */
    int32_t error_class; /**< enum eighth_class */
    int64_t code;        /**< errno, the resolver's, OpenSSL's or HTTP/2's own error; 0 if none */
    char text[192];      /**< one line for a human, ended by a zero byte */
};

/** Where to connect, and how. */
struct eighth_endpoint {
    size_t size;
    const char *host; /**< name or address literal */
    uint16_t port;
    uint8_t tls;         /**< 0: clear text, 1: TLS */
    uint8_t verify;      /**< 0: accept any certificate, 1: verify chain and name (the default) */
    const char *sni;     /**< server name to send and to verify; NULL: host */
    const char *ca_file; /**< PEM file of trusted roots; NULL: the system's */
    const char
        *alpn; /**< protocols in order of preference, separated by commas: "h2"; NULL: none */
    uint16_t
        tls_min; /**< lowest version as on the wire (0x0303 TLS 1.2, 0x0304 TLS 1.3); 0: default */
    uint16_t tls_max; /**< highest version; 0: default */
    int32_t session;  /**< enum eighth_session_policy */
};

/** What became of an open. Filled by the client on success; zeroed by eighth before the call.
 *  A client that does not know a figure leaves it 0. */
struct eighth_connection {
    size_t size;
    uint64_t resolve_ns;  /**< duration of name resolution */
    uint64_t tcp_ns;      /**< duration of the connect(2) that succeeded */
    uint64_t tls_ns;      /**< duration of the TLS handshake */
    uint16_t tls_version; /**< as on the wire; 0 in clear text */
    uint8_t resumed;      /**< 1: an abbreviated handshake */
    uint8_t reserved;
    int32_t fd;    /**< the descriptor, for the flight record; -1 if not known */
    char alpn[16]; /**< the protocol selected, ended by a zero byte */
};

struct eighth_header {
    const char *name; /**< lower case */
    const char *value;
};

struct eighth_request {
    size_t size;
    const char *method; /**< "GET" */
    const char *path;   /**< ":path", beginning with "/" */
    const struct eighth_header *headers;
    size_t header_count;
    const void *body; /**< NULL if body_length is 0 */
    size_t body_length;
};

/** A response header that eighth wants to see. */
struct eighth_header_slot {
    const char *name; /**< lower case; set by eighth */
    char *value;      /**< buffer of eighth's; the client writes the value, ended by a zero byte */
    size_t capacity;  /**< of value, the zero byte included; a longer value is cut */
    uint8_t present;  /**< set to 1 by the client if the header came */
};

/** What became of a request. eighth sets size and the buffers; the client fills the rest. */
struct eighth_response {
    size_t size;
    int32_t status; /**< HTTP status */
    int32_t reserved;
    uint64_t first_byte_ns; /**< from the call to the first byte of the final header section; 0:
                               unknown */
    void *body;             /**< buffer of eighth's */
    size_t body_capacity;   /**< what body can hold; more is received, counted and thrown away */
    size_t body_length;     /**< all bytes of the body, also those thrown away */
    struct eighth_header_slot *headers;
    size_t header_count;
};

/** Memory functions for a client that lets its allocator be replaced. Semantics of malloc(3). */
struct eighth_allocator {
    size_t size;
    void *(*allocate)(size_t bytes);
    void *(*resize)(void *memory, size_t bytes);
    void (*release)(void *memory);
};

/** Receives one figure of stats(). name is valid during the call only. */
typedef void (*eighth_stat_fn)(void *context, const char *name, double value);

typedef struct eighth_process
    eighth_process; /**< what init makes: the client's process-wide state */
typedef struct eighth_instance eighth_instance; /**< what create makes: one client object */

/** The table. Timeouts are durations in nanoseconds, counted from the call; 0 means none. */
struct eighth_client {
    uint32_t abi;          /**< EIGHTH_CLIENT_ABI */
    uint32_t size;         /**< sizeof(struct eighth_client) as the library was built */
    const char *name;      /**< "h2" */
    const char *version;   /**< "1.0.0" */
    uint64_t capabilities; /**< enum eighth_capability, or-ed */

    /** Once, before all else. NULL if there is nothing to do. options is the scenario's
     * client.options as JSON text, as its author wrote it ("{}" if it has none): an unknown or
     * invalid option is a failure.
     * *process may be NULL. */
    int (*init)(const char *options, eighth_process **process, struct eighth_error *error);
    /** Once, after the last instance was freed. Afterwards nothing of the client may be left. NULL
     * if there is nothing to do. */
    void (*cleanup)(eighth_process *process);

    int (*create)(eighth_process *process, const struct eighth_endpoint *endpoint,
                  eighth_instance **instance, struct eighth_error *error);
    int (*open)(eighth_instance *instance, uint64_t timeout_ns,
                struct eighth_connection *connection, struct eighth_error *error);
    /** NULL if the client only connects: a request step then fails as EIGHTH_UNSUPPORTED. */
    int (*request)(eighth_instance *instance, const struct eighth_request *request,
                   struct eighth_response *response, uint64_t timeout_ns,
                   struct eighth_error *error);
    int (*close)(eighth_instance *instance, int mode, uint64_t timeout_ns,
                 struct eighth_error *error);
    void (*free)(eighth_instance *instance);

    /* The rest is optional: NULL if the client has it not. */

    /** HTTP/2 PING or the like: returns when the answer came. */
    int (*ping)(eighth_instance *instance, uint64_t timeout_ns, struct eighth_error *error);
    /** Writes the newest resumable session, *length bytes. Without one: success, *length 0. If it
     * is longer than capacity: EIGHTH_INTERNAL, and *length says how long. Allowed until free. */
    int (*export_session)(eighth_instance *instance, void *buffer, size_t capacity, size_t *length,
                          struct eighth_error *error);
    /** Gives a session that export_session wrote to the next open of the instance. */
    int (*import_session)(eighth_instance *instance, const void *session, size_t length,
                          struct eighth_error *error);
    /** Tells figures of its own: cache hits, buffers in use. Any time between init and cleanup. Two
     * kinds are checked when no instance is left: "requests" must be the number of requests that
     * returned a response, and a name that ends in ".in_use" must have come back to 0. */
    void (*stats)(eighth_process *process, eighth_stat_fn figure, void *context);
    /** Before init, at most once, where the scenario says client.count_allocations: from then on
     * all memory of the client comes from these functions, and none may be left after cleanup. */
    void (*set_allocator)(const struct eighth_allocator *allocator);
};

/** The one exported symbol. Never NULL; the same table each time; safe before init. */
EIGHTH_EXPORT const struct eighth_client *eighth_client(void);

#ifdef __cplusplus
}
#endif

#endif
