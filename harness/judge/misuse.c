/* SPDX-License-Identifier: MIT
 *
 * One finding for each kind of misuse at each place. A misuse comes long before anything breaks:
 * its evidence are the moments in the life of the descriptor's number, not the end of the worker.
 */
#include "harness/judge/misuse.h"

#include "harness/judge/moment.h"
#include "harness/judge/signature_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_instance(const struct descriptor_moment *moment, struct buffer *text)
{
    if (moment->instance == DESCRIPTOR_NOBODY) {
        buffer_puts(text, "no instance");
    } else {
        buffer_printf(text, "instance %u", moment->instance);
    }
}

static bool seen(const struct descriptor_moment *moment)
{
    return moment->call != DESCRIPTOR_CALL_NONE;
}

/* Cycles of one client have one number: two of them look like one and the same instance. */
static void add_cycle(const struct descriptor_moment *owner, const struct descriptor_moment *closer,
                      struct buffer *text)
{
    if (owner->instance == closer->instance && owner->instance != DESCRIPTOR_NOBODY &&
        owner->cycle != closer->cycle) {
        buffer_puts(text,
                    closer->cycle < owner->cycle ? " of an earlier cycle" : " of a later cycle");
    }
}

static void tell_foreign_close(const struct descriptor_misuse_stacks *item, const char *module,
                               struct buffer *text)
{
    const struct descriptor_misuse *misuse = &item->misuse;
    bool closer_is_now = misuse->now.call == DESCRIPTOR_CALL_CLOSE;
    const struct descriptor_moment *closer = closer_is_now ? &misuse->now : &misuse->closed;
    const struct descriptor_moment *owner = closer_is_now ? &misuse->reopened : &misuse->opened;
    buffer_printf(text, "descriptor %d of ", misuse->fd);
    add_instance(owner, text);
    buffer_puts(text, " closed by ");
    add_instance(closer, text);
    add_cycle(owner, closer, text);
    moment_add_site(closer_is_now ? &item->now : &item->closed, module, text);
    if (closer_is_now && seen(&misuse->closed)) {
        buffer_puts(text, ", which had closed that number before");
        moment_add_site(&item->closed, module, text);
    }
}

static void headline(const struct descriptor_misuse_stacks *item, const char *module,
                     struct buffer *text)
{
    const struct descriptor_misuse *misuse = &item->misuse;
    const char *call = descriptor_call_name(misuse->now.call);
    switch (misuse->kind) {
    case DESCRIPTOR_FOREIGN_CLOSE:
        tell_foreign_close(item, module, text);
        return;
    case DESCRIPTOR_CLOSE_BAD:
        buffer_printf(text, "close of descriptor %d, which was not open,", misuse->fd);
        break;
    case DESCRIPTOR_USE_REUSED:
        buffer_printf(text, "%s on descriptor %d, which was ", call, misuse->fd);
        add_instance(&misuse->reopened, text);
        buffer_puts(text, "'s by then,");
        break;
    default:
        buffer_printf(text, "%s on closed descriptor %d", call, misuse->fd);
        break;
    }
    moment_add_site(&item->now, module, text);
    if (misuse->now.operation != 0) {
        buffer_printf(text, " during %s", flight_operation_name(misuse->now.operation));
    }
    if (seen(&misuse->closed)) {
        buffer_puts(text, "; closed before");
        moment_add_site(&item->closed, module, text);
    }
}

static void add_moment(const char *what, const struct descriptor_moment *moment,
                       const struct stack *stack, struct finding *finding)
{
    struct buffer title = BUFFER_INIT;
    if (!seen(moment)) {
        return;
    }
    buffer_printf(&title, "%s: %s ", what, descriptor_call_name(moment->call));
    moment_tell_actor(moment, &title);
    finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, stack);
    buffer_clear(&title);
}

static void sign(const struct trial_record *record, const struct descriptor_misuse_stacks *item,
                 uint32_t nth, struct finding *finding)
{
    const char *modules[] = {record->module};
    struct signature_key *key = calloc(1, sizeof *key);
    struct signature_stack stacks[] = {
        {"access", &item->now}, {"free", &item->closed}, {"alloc", &item->opened}};
    char unique[48];
    /* What the worker did not see is no stack. */
    size_t count = item->closed.count == 0 ? 1 : item->opened.count == 0 ? 2 : 3;
    (void)snprintf(unique, sizeof unique, "trial %u misuse %u", record->index, nth);
    struct signature_input input = {
        .kind = finding_kind_name(FINDING_FD_MISUSE),
        .what = descriptor_misuse_name(item->misuse.kind),
        .stacks = stacks,
        .count = count,
        .client_modules = modules,
        .client_module_count = record->module[0] != '\0' ? 1 : 0,
        .unique = unique,
    };
    if (key != NULL && item->now.count > 0) {
        signature_make(&input, key);
        finding_sign(finding, key);
    }
    free(key);
}

static struct finding *finding_of(const struct trial_record *record,
                                  const struct descriptor_misuse_stacks *item, uint32_t nth)
{
    const struct descriptor_misuse *misuse = &item->misuse;
    struct buffer title = BUFFER_INIT;
    char key[64];
    (void)snprintf(key, sizeof key, "fd-misuse/%s", descriptor_misuse_name(misuse->kind));
    headline(item, record->module, &title);
    struct finding *finding = finding_new(FINDING_FD_MISUSE, key, buffer_text(&title));
    buffer_clear(&title);
    if (finding == NULL) {
        return NULL;
    }
    (void)snprintf(finding->module, sizeof finding->module, "%s", record->module);
    (void)snprintf(finding->phase, sizeof finding->phase, "%s",
                   misuse->now.operation != 0 ? flight_operation_name(misuse->now.operation) : "");
    finding->has_instance = misuse->now.instance != DESCRIPTOR_NOBODY;
    finding->instance = finding->has_instance ? misuse->now.instance : 0;
    finding->first_connection = misuse->now.connection;
    finding->occurrences = misuse->count;
    sign(record, item, nth, finding);
    add_moment("the wrong call", &misuse->now, &item->now, finding);
    add_moment("closed before", &misuse->closed, &item->closed, finding);
    add_moment("opened", &misuse->opened, &item->opened, finding);
    add_moment("the number's new owner", &misuse->reopened, &item->reopened, finding);
    return finding;
}

void misuse_judge(const struct trial_record *record, struct finding_list *findings)
{
    for (uint32_t i = 0; i < record->descriptors.misuse_count; i++) {
        (void)finding_list_add(findings, finding_of(record, &record->descriptors.misuses[i], i),
                               record->index, record->seed);
    }
}
