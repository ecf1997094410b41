/* SPDX-License-Identifier: MIT
 *
 * What the fake client and the worker's tests share: a board in memory that both see (the worker
 * under test is a fork of the test), and the options by which the fake misbehaves.
 *
 * Options, all numbers in the JSON text given to init; 0 or absent means no:
 *
 *     board              address of the struct board
 *     work_ns            how long open and request take (busy)
 *     fail_init          init fails
 *     fail_create        each n-th create fails
 *     fail_open          each n-th open fails: tls, reset
 *     fail_request       each n-th request fails: request, timeout
 *     fail_close         each n-th close fails
 *     wrong_status       each n-th response has status 503
 *     wrong_body         each n-th response body has one wrong byte
 *     short_body         each n-th response body lacks its last byte
 *     swap_nonce         each n-th response carries another nonce
 *     lose_nonce         each n-th response carries none
 *     leak_fd            each n-th open leaks a descriptor
 *     leak_thread        each n-th open leaves a thread behind
 *     resume             each n-th open says that it resumed
 *     connect_port       open really connects to this port on 127.0.0.1
 *     datagram           connect_port: and a datagram socket then, as a look-up would
 *     crash, exit        at the n-th request: SIGSEGV, exit(7)
 *     late_ms            request returns this late
 *     meet               a request ends when so many are under way at once; it fails after 20 s
 *     sessions           export gives a session, import checks that it came from the same slot
 */
#ifndef TESTS_WORKER_FAKE_H
#define TESTS_WORKER_FAKE_H

#include <stdatomic.h>
#include <stdint.h>

struct board {
    _Atomic uint64_t inits;
    _Atomic uint64_t cleanups;
    _Atomic uint64_t created;
    _Atomic uint64_t freed;
    _Atomic uint64_t opens;
    _Atomic uint64_t opened;
    _Atomic uint64_t requests;
    _Atomic uint64_t pings;
    _Atomic uint64_t closes;
    _Atomic uint64_t graceful;
    _Atomic uint64_t live; /**< created and not freed */
    _Atomic uint64_t most_live;
    _Atomic uint64_t overlaps;     /**< calls that found another call on the same instance */
    _Atomic uint64_t moved;        /**< calls on another thread than the one before */
    _Atomic uint64_t foreign;      /**< calls on another thread than the one that created */
    _Atomic uint64_t misused;      /**< calls that the contract forbids */
    _Atomic uint64_t nonces;       /**< sum of all nonces: the same set gives the same sum */
    _Atomic uint64_t refused_port; /**< creates for another port than the first one */
    _Atomic uint64_t first_port;
    _Atomic uint64_t imports;
    _Atomic uint64_t exports;
    _Atomic uint64_t reopened;
};

#endif
