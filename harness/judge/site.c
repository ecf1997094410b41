/* SPDX-License-Identifier: MIT
 *
 * Walks a stack outwards until the first function of the client, by the lists of the signatures.
 */
#include "harness/judge/site.h"

#include "harness/judge/signature_class.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool site_is_client(const struct stack_frame *frame, const char *module)
{
    return module[0] != '\0' && frame->module != NULL &&
           strcmp(signature_file_name(frame->module), module) == 0;
}

/* Who called the client's frame before `from`: its own function, or else the outermost call into a
 * library whose name is known; "" if that frame is the outermost of the client's, or alone. */
static void find_caller(const struct stack *stack, const char *module, uint32_t from,
                        struct site *site)
{
    const char *modules[] = {module};
    for (uint32_t i = from; i < stack->count; i++) {
        char name[SIGNATURE_NAME];
        enum signature_class class = signature_classify(
            &stack->frames[i], modules, module[0] != '\0' ? 1 : 0, name, sizeof name);
        if (class == SIGNATURE_SENTINEL || class == SIGNATURE_MAIN) {
            return;
        }
        if (class == SIGNATURE_LIBRARY || class == SIGNATURE_CLIENT) {
            (void)snprintf(site->caller, sizeof site->caller, "%s", name);
        }
        if (class == SIGNATURE_CLIENT) {
            return;
        }
    }
}

void site_find(const struct stack *stack, const char *module, struct site *site)
{
    const char *modules[] = {module};
    char first[SIGNATURE_NAME] = "";
    const char *nameless = NULL; /* module of a library's function whose name is not known */
    const char *beneath = NULL;  /* the same, of the innermost one */
    memset(site, 0, sizeof *site);
    for (uint32_t i = 0; i < stack->count; i++) {
        char name[SIGNATURE_NAME];
        enum signature_class class = signature_classify(
            &stack->frames[i], modules, module[0] != '\0' ? 1 : 0, name, sizeof name);
        if (class == SIGNATURE_SENTINEL || class == SIGNATURE_MAIN) {
            break;
        }
        if (class == SIGNATURE_CLIENT) {
            (void)snprintf(site->client, sizeof site->client, "%s", name);
            site->frame = &stack->frames[i];
            if (signature_is_allocator(site->call)) {
                find_caller(stack, module, i + 1, site);
            }
            if (site->call[0] == '\0' && nameless != NULL) {
                (void)snprintf(site->call, sizeof site->call, "%s", nameless);
            }
            return;
        }
        if (name[0] == '\0' && stack->frames[i].module != NULL) {
            nameless = signature_file_name(stack->frames[i].module);
            beneath = beneath != NULL ? beneath : nameless;
        }
        if (class == SIGNATURE_LIBRARY || class == SIGNATURE_BUILTIN) {
            (void)snprintf(site->call, sizeof site->call, "%s", name);
            if (first[0] == '\0' || (beneath == NULL && signature_is_allocator(first))) {
                (void)snprintf(first, sizeof first, "%s", name);
            }
        }
    }
    /* No client in it: the innermost name tells more than the outermost, but the allocator's. */
    bool tells = beneath == NULL || (first[0] != '\0' && !signature_is_allocator(first));
    (void)snprintf(site->call, sizeof site->call, "%s", tells ? first : beneath);
}

void site_tell(const struct site *site, struct buffer *text)
{
    if (site->call[0] != '\0' && site->client[0] != '\0') {
        buffer_printf(text, "%s (client frame %s%s%s)", site->call, site->client,
                      site->caller[0] != '\0' ? ", called by " : "", site->caller);
    } else if (site->client[0] != '\0') {
        buffer_puts(text, site->client);
    } else {
        buffer_puts(text, site->call[0] != '\0' ? site->call : "an unknown place");
    }
}

void site_tell_line(const struct site *site, struct buffer *text)
{
    if (site->frame != NULL && site->call[0] == '\0' && site->frame->file != NULL) {
        buffer_printf(text, " (%s:%" PRIu32 ")", signature_file_name(site->frame->file),
                      site->frame->line);
    }
}

enum flight_operation site_operation(const struct stack *stack)
{
    static const struct {
        const char *function;
        enum flight_operation operation;
    } drivers[] = {
        {"open_run", FLIGHT_OPEN},   {"request_run", FLIGHT_REQUEST}, {"ping_run", FLIGHT_PING},
        {"close_run", FLIGHT_CLOSE}, {"operation_free", FLIGHT_FREE},
    };
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        if (frame->function == NULL || !site_is_client(frame, "eighth-worker")) {
            continue;
        }
        for (size_t j = 0; j < sizeof drivers / sizeof drivers[0]; j++) {
            if (strcmp(frame->function, drivers[j].function) == 0) {
                return drivers[j].operation;
            }
        }
    }
    return FLIGHT_NONE;
}
