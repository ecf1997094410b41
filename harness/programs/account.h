/* SPDX-License-Identifier: MIT
 *
 * Whose connection is which, by the target's ledger: each process that runs has a port of the
 * target to itself, and the next process at that port begins only when the target has accepted all
 * that the one before it had made.
 */
#ifndef PROGRAMS_ACCOUNT_H
#define PROGRAMS_ACCOUNT_H

#include "harness/base/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct account {
    struct ledger *ledger; /**< NULL: the target is not ours, nothing is known */
    uint64_t read;         /**< ordinal of the last entry that was read */
    uint32_t seen[65536];  /**< by port: connections since account_open */
};

/** Reads on from the beginning of the trial. */
void account_begin(struct account *account, struct ledger *ledger);

/** A process starts at the port: its connections are counted from 0. */
void account_open(struct account *account, uint16_t port);

/** Takes in what the target wrote. */
void account_read(struct account *account);

/** True when all that was ever made at the port is in the ledger, as far as can be told. */
bool account_is_whole(struct account *account, uint16_t port);

#endif
