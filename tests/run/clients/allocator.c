/* SPDX-License-Identifier: MIT
 *
 * Has an allocator that can be replaced. It allocates in each open what it releases in the close,
 * growing it in between; of every EIGHTH_TEST_KEEP-th open it keeps the block.
 */
#include "client/eighth_client.h"

static struct eighth_client allocator_client;
#define BASE_TABLE allocator_client
#include "tests/run/clients/base.h"

static struct eighth_allocator memory = {sizeof memory, malloc, realloc, free};
static _Thread_local void *block; /* one instance for each thread */
static void *volatile kept;       /* the last of them: the others are lost */

static void misbehave(enum base_operation operation, unsigned count)
{
    const char *every = getenv("EIGHTH_TEST_KEEP");
    if (operation == AT_OPEN) {
        block = memory.allocate(24);
    } else if (operation == AT_REQUEST) {
        block = memory.resize(memory.resize(block, 5000), 7);
    } else if (operation == AT_CLOSE && every != NULL && (count + 1) % (unsigned)atoi(every) == 0) {
        kept = block;
    } else if (operation == AT_CLOSE) {
        memory.release(memory.resize(block, 0)); /* the second does nothing */
        memory.release(memory.resize(NULL, 100));
    }
}

static void choose(const struct eighth_allocator *allocator)
{
    memory = *allocator;
}

__attribute__((constructor)) static void make_table(void)
{
    allocator_client = base_client;
    allocator_client.set_allocator = choose;
}
