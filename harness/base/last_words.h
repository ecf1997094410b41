/* SPDX-License-Identifier: MIT
 *
 * What a dying worker writes about itself where it may not be traced: which signal, where its
 * faulting thread stood, and what was mapped. It lies in shared memory that the controller made,
 * zeroed; the worker writes it once, in a signal handler.
 *
 * The worker is untrusted: readers must check each number and end each text themselves.
 */
#ifndef BASE_LAST_WORDS_H
#define BASE_LAST_WORDS_H

#include <stdatomic.h>
#include <stdint.h>

#define LAST_WORDS_FRAMES 64U
#define LAST_WORDS_MAPS (256U * 1024U)

enum last_words_state {
    LAST_WORDS_NONE = 0,
    LAST_WORDS_BEGUN, /**< the signal is there; the rest as far as it came before a second fault */
    LAST_WORDS_COMPLETE
};

struct last_words {
    _Atomic uint32_t state; /**< enum last_words_state */
    int32_t signal;
    int32_t code;        /**< si_code */
    int32_t sender;      /**< si_pid, where code <= 0 */
    uint64_t address;    /**< si_addr, where code > 0 */
    uint64_t time;       /**< ns, monotonic */
    int32_t tid;         /**< of the faulting thread */
    char name[16];       /**< its comm */
    uint32_t maps_bytes; /**< of maps used */
    uint32_t truncated;  /**< 1: there were more frames */
    _Atomic uint32_t frame_count;
    uint64_t frames[LAST_WORDS_FRAMES]; /**< innermost first: the faulting pc, then returns */
    char maps[LAST_WORDS_MAPS];         /**< /proc/self/maps, as much as has room */
};

#endif
