/* SPDX-License-Identifier: MIT
 *
 * Decides whether a stack is whole, and whether an error of another trial is the same one.
 */
#include "harness/judge/whole_stacks.h"

#include "harness/base/buffer.h"
#include "harness/judge/signature_class.h"
#include "harness/judge/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE "a repetition with slow unwinding"
/* What begins operations and threads, beside the C library. */
#define WORKER "eighth-worker"
#define RUNTIME "libasan."

static const char *const roles[] = {"free", "alloc"};
#define ROLES (sizeof roles / sizeof roles[0])

/* A client may begin threads of its own, all of them through the C library. */
bool whole_stacks_is_cut(const struct stack *stack)
{
    if (stack->count == 0 || stack->count >= STACK_FRAMES) {
        return false;
    }
    const char *module = stack->frames[stack->count - 1].module;
    return module == NULL || (!signature_is_libc(module) &&
                              !site_is_client(&stack->frames[stack->count - 1], WORKER) &&
                              strncmp(signature_file_name(module), RUNTIME, strlen(RUNTIME)) != 0);
}

/* The stack whose title begins with its role: "free, T2". */
static struct finding_stack *find(const struct finding *finding, const char *role)
{
    size_t length = strlen(role);
    for (size_t i = 0; i < finding->stack_count; i++) {
        const char *title = finding->stacks[i].title;
        if (strncmp(title, role, length) == 0 && strchr(",:", title[length]) != NULL) {
            return &finding->stacks[i];
        }
    }
    return NULL;
}

bool whole_stacks_wanted(const struct finding *finding)
{
    bool cut = false;
    for (size_t i = 0; i < ROLES; i++) {
        const struct finding_stack *stack = find(finding, roles[i]);
        cut = cut || (stack != NULL && whole_stacks_is_cut(&stack->stack));
    }
    return cut && finding->kind == FINDING_ASAN && find(finding, "access") != NULL;
}

static bool same_text(const char *one, const char *other)
{
    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

static bool same_frame(const struct stack_frame *one, const struct stack_frame *other)
{
    if (one->function != NULL || other->function != NULL) {
        return same_text(one->function, other->function);
    }
    return same_text(one->module, other->module) && one->module_address == other->module_address;
}

/* The walk by frame pointers may leave frames out, and its last one may be anything; but the one
 * that called the allocator it has from the return address. */
static bool goes_on(const struct stack *cut, const struct stack *whole)
{
    uint32_t certain = cut->count > 2 ? cut->count - 1 : cut->count;
    uint32_t found = 0;
    for (uint32_t i = 0; i < whole->count && found < certain; i++) {
        found += same_frame(&cut->frames[found], &whole->frames[i]);
    }
    return found > 0 && found == certain;
}

/* "v3:asan:heap-use-after-free:" of the key. */
static size_t error_length(const char *key)
{
    size_t colons = 0;
    size_t length = 0;
    while (key[length] != '\0' && colons < 3) {
        colons += key[length++] == ':';
    }
    return length;
}

static bool is_same_error(const struct finding *finding, const struct finding *repeated)
{
    const char *key = finding->signature.key;
    const struct finding_stack *one = find(finding, "access");
    const struct finding_stack *other = find(repeated, "access");
    struct site here;
    struct site there;
    if (repeated->kind != finding->kind || one == NULL || other == NULL ||
        strncmp(key, repeated->signature.key, error_length(key)) != 0) {
        return false;
    }
    site_find(&one->stack, finding->module, &here);
    site_find(&other->stack, finding->module, &there);
    return strcmp(here.client, there.client) == 0 && strcmp(here.call, there.call) == 0 &&
           one->stack.count > 0 && other->stack.count > 0 &&
           same_frame(&one->stack.frames[0], &other->stack.frames[0]);
}

/* All that the finding has of the two must go on in the repetition's. */
static bool are_fuller(const struct finding *finding, const struct finding *repeated)
{
    for (size_t i = 0; i < ROLES; i++) {
        const struct finding_stack *own = find(finding, roles[i]);
        const struct finding_stack *other = find(repeated, roles[i]);
        if (own != NULL && (other == NULL || whole_stacks_is_cut(&other->stack) ||
                            !goes_on(&own->stack, &other->stack))) {
            return false;
        }
    }
    return true;
}

static bool replace(struct finding_stack *own, const struct finding_stack *other)
{
    struct buffer title = BUFFER_INIT;
    struct stack copy = STACK_INIT;
    buffer_printf(&title, "%s (from " SOURCE ")", other->title);
    char *text = strdup(buffer_text(&title));
    buffer_clear(&title);
    if (text == NULL || stack_copy(&copy, &other->stack) != 0) {
        free(text);
        return false;
    }
    free(own->title);
    stack_release(&own->stack);
    own->title = text;
    own->stack = copy;
    return true;
}

/* What the headline could not say of the free or the allocation: "freed in SSL_free (client frame
 * h2_close) during close". Where it had the place, only the operation is new. */
static void tell(const struct finding *finding, size_t role, const struct stack *whole,
                 struct buffer *text)
{
    static const char *const verbs[ROLES] = {"freed", "allocated"};
    struct buffer place = BUFFER_INIT;
    struct site site;
    enum flight_operation operation = site_operation(whole);
    site_find(whole, finding->module, &site);
    buffer_printf(&place, "%s in ", verbs[role]);
    site_tell(&site, &place);
    bool known = strstr(finding->title, buffer_text(&place)) != NULL;
    if (!known || operation != FLIGHT_NONE) {
        buffer_puts(text, text->length == 0 ? "; " : ", ");
        buffer_puts(text, known ? verbs[role] : buffer_text(&place));
        buffer_puts(text, operation != FLIGHT_NONE ? " during " : "");
        buffer_puts(text, operation != FLIGHT_NONE ? flight_operation_name(operation) : "");
    }
    buffer_clear(&place);
}

static void retitle(struct finding *finding, const struct buffer *more)
{
    struct buffer title = BUFFER_INIT;
    buffer_printf(&title, "%s%s, as " SOURCE " shows", finding->title, buffer_text(more));
    char *text = strdup(buffer_text(&title));
    if (text != NULL) {
        free(finding->title);
        finding->title = text;
    }
    buffer_clear(&title);
}

/* Each stack says where it is from: without memory for the second, the first may stay. */
static bool take_stacks(struct finding *finding, const struct finding *repeated)
{
    struct buffer more = BUFFER_INIT;
    bool all = true;
    for (size_t i = 0; i < ROLES; i++) {
        struct finding_stack *own = find(finding, roles[i]);
        const struct finding_stack *other = find(repeated, roles[i]);
        if (own != NULL && all) {
            tell(finding, i, &other->stack, &more);
            all = replace(own, other);
        }
    }
    if (all && more.length > 0) {
        retitle(finding, &more);
    }
    buffer_clear(&more);
    return all;
}

bool whole_stacks_take(struct finding *finding, const struct finding *repeated)
{
    if (!whole_stacks_wanted(finding) || !is_same_error(finding, repeated) ||
        !are_fuller(finding, repeated)) {
        return false;
    }
    if (!take_stacks(finding, repeated)) {
        return false;
    }
    (void)snprintf(finding->stacks_note, sizeof finding->stacks_note,
                   "the stacks of the free and of the allocation are from " SOURCE
                   ", in which the same error came back: in the trial itself they break off in "
                   "code that is built without frame pointers");
    for (size_t i = 0; i < repeated->evidence_count; i++) {
        if (strcmp(repeated->evidence[i].name, "report") == 0) {
            finding_add_evidence(finding, "report of " SOURCE, repeated->evidence[i].text);
        }
    }
    return true;
}
