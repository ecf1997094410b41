/* SPDX-License-Identifier: MIT
 *
 * One finding for each kind of misuse at each place. A misuse comes long before anything breaks:
 * its evidence are the moments in the life of the descriptor's number, not the end of the worker.
 */
#include "harness/judge/misuse.h"

#include "harness/judge/signature_key.h"
#include "harness/judge/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Places of openers in one finding. */
#define OPENERS 8U

static void add_site(const struct stack *stack, const char *module, struct buffer *text)
{
    struct site site;
    if (stack->count == 0) {
        return;
    }
    site_find(stack, module, &site);
    buffer_puts(text, " in ");
    site_tell(&site, text);
}

/* "close by thread 12 in close of instance 3 (connection 4)" */
static void tell_moment(const struct descriptor_moment *moment, struct buffer *text)
{
    buffer_printf(text, "%s by thread %d", descriptor_call_name(moment->call), moment->tid);
    if (moment->instance == DESCRIPTOR_NOBODY) {
        buffer_puts(text, ", outside any operation");
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
    add_site(closer_is_now ? &item->now : &item->closed, module, text);
    if (closer_is_now && seen(&misuse->closed)) {
        buffer_puts(text, ", which had closed that number before");
        add_site(&item->closed, module, text);
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
    add_site(&item->now, module, text);
    if (misuse->now.operation != 0) {
        buffer_printf(text, " during %s", flight_operation_name(misuse->now.operation));
    }
    if (seen(&misuse->closed)) {
        buffer_puts(text, "; closed before");
        add_site(&item->closed, module, text);
    }
}

static void add_moment(const char *what, const struct descriptor_moment *moment,
                       const struct stack *stack, struct finding *finding)
{
    struct buffer title = BUFFER_INIT;
    if (!seen(moment)) {
        return;
    }
    buffer_printf(&title, "%s: ", what);
    tell_moment(moment, &title);
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

static bool same_place(const struct stack *one, const struct stack *other)
{
    bool same = one->count == other->count;
    for (uint32_t i = 0; same && i < one->count; i++) {
        same = one->frames[i].pc == other->frames[i].pc;
    }
    return same;
}

/* Of those that were opened at the place of the i-th: how many come before it, and in all. */
static uint32_t count_before(const struct descriptor_evidence *descriptors, uint32_t i,
                             uint32_t *all)
{
    uint32_t before = 0;
    *all = 0;
    for (uint32_t j = 0; j < descriptors->left_count; j++) {
        bool same = same_place(&descriptors->left[i].stack, &descriptors->left[j].stack);
        before += same && j < i;
        *all += same;
    }
    return before;
}

static void add_openers(const struct trial_record *record, struct finding *finding)
{
    struct buffer title = BUFFER_INIT;
    (void)snprintf(finding->module, sizeof finding->module, "%s", record->module);
    for (uint32_t i = 0; i < record->descriptors.left_count && finding->stack_count < OPENERS;
         i++) {
        const struct descriptor_left *left = &record->descriptors.left[i];
        uint32_t all;
        if (count_before(&record->descriptors, i, &all) > 0) {
            continue;
        }
        buffer_clear(&title);
        buffer_printf(&title, "descriptor %d", left->fd);
        if (all > 1) {
            buffer_printf(&title, " and %u more at the same place", all - 1);
        }
        buffer_puts(&title, ", opened: ");
        tell_moment(&left->opened, &title);
        finding_add_stack(finding, buffer_text(&title), WEIGHT_MATTERS, &left->stack);
    }
    buffer_clear(&title);
    buffer_printf(&title, "%s, opened", finding->title);
    add_site(&record->descriptors.left[0].stack, record->module, &title);
    char *longer = strdup(buffer_text(&title));
    if (longer != NULL && record->descriptors.left[0].stack.count > 0) {
        free(finding->title);
        finding->title = longer;
        longer = NULL;
    }
    free(longer);
    buffer_clear(&title);
}

void misuse_add_openers(const struct trial_record *record, struct finding_list *findings)
{
    for (size_t i = 0; i < findings->count && record->descriptors.left_count > 0; i++) {
        struct finding *finding = findings->items[i];
        const char *key = finding->signature.key;
        if (finding->kind == FINDING_LEAK && finding->stack_count == 0 &&
            (strcmp(key, "leak/sockets") == 0 || strcmp(key, "leak/fds") == 0)) {
            add_openers(record, finding);
        }
    }
}
