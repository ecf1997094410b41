/* SPDX-License-Identifier: MIT
 *
 * Says who did something, and where.
 */
#include "harness/judge/moment.h"

#include "harness/base/flight.h"
#include "harness/judge/site.h"

void moment_add_site(const struct stack *stack, const char *module, struct buffer *text)
{
    struct site site;
    if (stack->count == 0) {
        return;
    }
    site_find(stack, module, &site);
    buffer_puts(text, " in ");
    site_tell(&site, text);
}

void moment_tell_actor(const struct descriptor_moment *moment, struct buffer *text)
{
    buffer_printf(text, "by thread %d", moment->tid);
    if (moment->instance == DESCRIPTOR_NOBODY) {
        buffer_printf(text, "%s", moment->operation != 0 ? " in " : ", outside any operation");
        buffer_puts(text, moment->operation != 0 ? flight_operation_name(moment->operation) : "");
        return;
    }
    buffer_printf(text, " in %s of instance %u",
                  moment->operation != 0 ? flight_operation_name(moment->operation)
                                         : "a thread of the client's own",
                  moment->instance);
    if (moment->connection != 0) {
        buffer_printf(text, " (connection %u)", moment->connection);
    }
}
