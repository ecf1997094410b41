/* SPDX-License-Identifier: MIT
 *
 * Tables that no worker can use; EIGHTH_TEST_TABLE says which: "abi", "small", "null", "no-open".
 */
#define BASE_TABLE wrong_table()

#include "client/eighth_client.h"

static const struct eighth_client *wrong(void);
#define wrong_table() *wrong()

#include "tests/run/clients/base.h"

static void misbehave(enum base_operation operation, unsigned count)
{
    (void)operation;
    (void)count;
}

static const struct eighth_client *wrong(void)
{
    static struct eighth_client table;
    const char *what = getenv("EIGHTH_TEST_TABLE");
    table = base_client;
    if (what != NULL && strcmp(what, "null") == 0) {
        return NULL;
    }
    if (what != NULL && strcmp(what, "abi") == 0) {
        table.abi = EIGHTH_CLIENT_ABI + 1;
    }
    if (what != NULL && strcmp(what, "small") == 0) {
        table.size = 16;
    }
    if (what != NULL && strcmp(what, "no-open") == 0) {
        table.open = NULL;
    }
    return &table;
}
