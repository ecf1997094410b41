/* SPDX-License-Identifier: MIT
 *
 * Says to the functions that stand before libc's for whom a thread works.
 */
#include "harness/worker/descriptors.h"

#include "harness/worker/descriptor_calls.h"

#include <errno.h>
#include <string.h>

static bool ignored; /* set before the client is loaded */

void descriptors_ignore(void)
{
    ignored = true;
}

int descriptors_watch(struct descriptor_log *log, uint32_t instances, struct failure *failure)
{
    if (descriptor_table_init(log, instances) != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot make the table of descriptors");
    }
    descriptor_calls_noted = true;
    return 0;
}

void descriptors_enter(const struct descriptor_actor *actor)
{
    struct descriptor_watch *watch = &descriptor_watch;
    if (ignored) {
        return; /* outside of operations calls are passed on */
    }
    watch->caller.owner =
        actor->instance == DESCRIPTOR_NOBODY ? 0 : descriptor_owner(actor->instance, actor->cycle);
    watch->caller.connection = actor->connection;
    watch->caller.step = actor->step;
    watch->connect = actor->connect;
    watch->caller.operation = actor->operation;
}

void descriptors_leave(void)
{
    memset(&descriptor_watch, 0, sizeof descriptor_watch);
}

void descriptors_hold(uint32_t instance, uint32_t cycle)
{
    descriptor_table_hold(descriptor_owner(instance, cycle));
}

void descriptors_let_go(uint32_t instance, uint32_t cycle)
{
    descriptor_table_let_go(descriptor_owner(instance, cycle));
}

void descriptors_surplus(int fd)
{
    descriptor_table_surplus(fd);
}
