/* SPDX-License-Identifier: MIT
 *
 * One client object, and the rules by which threads share it.
 *
 * Every operation takes the lock, and holds it but while it waits: in poll(2) or on a
 * condition. Whatever runs in OpenSSL or nghttp2 runs with the lock, so there is one user of
 * the SSL object and of the HTTP/2 session at a time. What a waiting thread has on the instance is
 * a place among its users: the descriptor is closed, and memory freed, only when there are none.
 */
#ifndef H2_INSTANCE_H
#define H2_INSTANCE_H

#include "client/h2/names.h"
#include "client/h2/process.h"

#include <poll.h>

enum h2_state {
    H2_IDLE,    /**< not connected: new, closed, or open failed */
    H2_OPENING, /**< open runs */
    H2_OPEN,    /**< requests are welcome, though the connection may be dead */
    H2_CLOSING  /**< close runs */
};

struct h2_waiter;
struct h2_stream;
struct h2_ping;

/** Which waiting thread does the I/O for all: see loop.h. Guarded by the instance's lock. */
struct h2_loop {
    struct h2_waiter *waiters; /**< all that wait */
    struct h2_waiter *leader;  /**< who reads, or polls in order to read; NULL: nobody */
    struct h2_waiter *writer;  /**< who polls only in order to write; NULL: nobody */
    bool leader_writes;        /**< the leader polls in order to write, too */
    bool unread;               /**< input may lie in the TLS layer, where poll(2) cannot see it */
    bool blocked;              /**< output is left and the socket takes no more */
    unsigned char *output;     /**< a leased buffer with what is to be sent; NULL: none */
    size_t output_begin;
    size_t output_end;
    const uint8_t *frame; /**< the part of nghttp2's last frame that did not fit there */
    size_t frame_length;
};

struct eighth_instance {
    /* Set by create, constant. */
    eighth_process *process;
    const struct h2_seams *seams;
    const struct h2_transport_ops *transport;
    struct h2_endpoint endpoint;
    struct h2_caches caches;      /**< those of its own */
    struct h2_counters *counters; /**< its own, or the process' */

    pthread_mutex_t gate; /**< see h2_instance_lock */
    pthread_mutex_t lock; /**< guards all below */
    pthread_cond_t quiet; /**< users became 0, or the state changed */

    enum h2_state state;
    unsigned users;      /**< operations inside: open, request, ping */
    unsigned pollers;    /**< threads in poll(2) on the descriptor */
    uint64_t generation; /**< raised whenever the state becomes H2_IDLE */
    int waker;           /**< eventfd(2) that wakes open while it resolves a name; -1: none */
    bool cancelled;      /**< close was called during this open */

    struct h2_context *context; /**< from the first open until free */
    const struct h2_name *name; /**< likewise */
    SSL_SESSION *imported;      /**< for the next open */
    SSL_SESSION *newest;        /**< for export */

    /* The connection: empty in H2_IDLE. */
    struct h2_link link;
    nghttp2_session *session;
    struct h2_loop loop;
    struct h2_stream *streams; /**< all that nghttp2 knows, or will know */
    struct h2_ping *pings;     /**< all that wait for an answer */
    uint64_t pings_sent;
    bool goaway;               /**< the server sent GOAWAY */
    bool dead;                 /**< nothing can be sent or received any more */
    struct eighth_error death; /**< why */
};

/** The contract's create and free. */
int h2_instance_create(eighth_process *process, const struct eighth_endpoint *endpoint,
                       eighth_instance **instance, struct eighth_error *error);
void h2_instance_free(eighth_instance *instance);

/** The contract's open. */
int h2_open(eighth_instance *instance, uint64_t timeout_ns, struct eighth_connection *connection,
            struct eighth_error *error);

/** Takes the lock, in turn: a thread that gives it up and takes it again at once, as the one that
 *  reads does, does not overtake those that wait for it. */
void h2_instance_lock(eighth_instance *instance);
void h2_instance_unlock(eighth_instance *instance);

/** Begins a request or ping: takes the lock and a place among the users. Fails, without either,
 *  when the instance is not open (EIGHTH_CANCELLED) or the connection is dead. */
int h2_instance_enter(eighth_instance *instance, enum eighth_phase phase,
                      struct eighth_error *error);

/** Ends what h2_instance_enter began, and hands I/O duty on. */
void h2_instance_leave(eighth_instance *instance);

/** Polls the descriptor until the deadline, without the lock. Called and returns with it. The
 *  events, or 0 at the deadline. */
short h2_instance_poll(eighth_instance *instance, short events, uint64_t deadline);

/** poll(2) on any descriptors until the deadline, without the lock. Called and returns with it. How
 *  many are ready, 0 at the deadline, or -1 with errno set. */
int h2_instance_sleep(eighth_instance *instance, struct pollfd *entries, unsigned long count,
                      uint64_t deadline);

/** Wakes all threads in poll(2), for good: nothing is read any more. With the lock. */
void h2_instance_wake_pollers(eighth_instance *instance);

void h2_instance_count(eighth_instance *instance, enum h2_counter which, int64_t amount);

/** The caches in use, the instance's or the process's. With the lock. */
struct h2_cache_handle h2_instance_sessions(eighth_instance *instance);
struct h2_cache_handle h2_instance_names(eighth_instance *instance);
struct h2_cache_handle h2_instance_certificates(eighth_instance *instance);
struct h2_cache_handle h2_instance_strings(eighth_instance *instance);

/** An I/O buffer, or NULL. With the lock. */
void *h2_instance_lease(eighth_instance *instance);
void h2_instance_give_back(eighth_instance *instance, void *buffer);

#endif
