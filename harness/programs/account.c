/* SPDX-License-Identifier: MIT
 *
 * Counts connections by the port they came to.
 */
#include "harness/programs/account.h"

#include "harness/programs/proc_files.h"

#include <string.h>

void account_begin(struct account *account, struct ledger *ledger)
{
    memset(account, 0, sizeof *account);
    account->ledger = ledger;
    account->read = ledger != NULL ? ledger->trial_base : 0;
}

void account_open(struct account *account, uint16_t port)
{
    account_read(account);
    account->seen[port] = 0;
}

void account_read(struct account *account)
{
    struct ledger *ledger = account->ledger;
    struct ledger_entry entry;
    if (ledger == NULL) {
        return;
    }
    uint64_t next = atomic_load_explicit(&ledger->next, memory_order_acquire);
    /* An entry that is not there yet will be; those that the ring has lost are lost. */
    if (next > account->read + LEDGER_ENTRIES) {
        account->read = next - LEDGER_ENTRIES;
    }
    while (account->read < next && ledger_entry_at(ledger, account->read + 1, &entry) == 0) {
        account->read++;
        account->seen[entry.target_port]++;
    }
}

bool account_is_whole(struct account *account, uint16_t port)
{
    if (account->ledger == NULL) {
        return true;
    }
    int waiting = proc_backlog(port);
    account_read(account);
    return waiting <= 0 &&
           account->read == atomic_load_explicit(&account->ledger->next, memory_order_acquire);
}
