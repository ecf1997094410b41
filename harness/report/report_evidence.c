/* SPDX-License-Identifier: MIT
 *
 * The evidence of a finding in the report: signal, stacks, what each thread did, signature, and
 * which other findings may be the same story.
 */
#include "harness/report/report.h"

#include "harness/judge/signal_words.h"
#include "harness/judge/site.h"
#include "harness/report/json.h"
#include "harness/watch/child.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Links of one finding to others. */
#define MOST_RELATED 16

static void add_hex(cJSON *object, const char *key, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "0x%" PRIx64, value);
    json_text(object, key, text);
}

static void add_frames(cJSON *array, const struct stack *stack, const char *module)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        cJSON *entry = json_item(array);
        add_hex(entry, "pc", frame->pc);
        if (frame->function != NULL) {
            json_text(entry, "function", frame->function);
        }
        if (frame->file != NULL) {
            json_text(entry, "file", frame->file);
            json_count(entry, "line", frame->line);
        }
        if (frame->column != 0) {
            json_count(entry, "column", frame->column);
        }
        if (frame->module != NULL) {
            json_text(entry, "module", frame->module);
            add_hex(entry, "module_address", frame->module_address);
        }
        if (frame->build_id[0] != '\0') {
            json_text(entry, "build_id", frame->build_id);
        }
        json_bool(entry, "inlined", frame->inlined);
        json_bool(entry, "client", site_is_client(frame, module));
    }
}

static void add_stacks(cJSON *item, const struct finding *finding)
{
    cJSON *stacks = json_array(item, "stacks");
    for (size_t i = 0; i < finding->stack_count; i++) {
        const struct finding_stack *from = &finding->stacks[i];
        struct site site;
        cJSON *stack = json_item(stacks);
        json_text(stack, "title", from->title);
        json_text(stack, "weight", finding_weight_name(from->weight));
        if (from->stack.tid != 0) {
            json_number(stack, "tid", from->stack.tid);
        }
        json_text(stack, "thread", from->stack.name);
        json_text(stack, "quality", stack_quality_name(from->stack.quality));
        json_bool(stack, "truncated", from->stack.truncated);
        site_find(&from->stack, finding->module, &site);
        struct buffer where = BUFFER_INIT;
        site_tell(&site, &where);
        json_text(stack, "site", buffer_text(&where));
        buffer_clear(&where);
        add_frames(json_array(stack, "frames"), &from->stack, finding->module);
    }
    json_text(item, "stacks_note", finding->stacks_note);
    json_bool(item, "stacks_of_threads", finding->stacks_of_threads);
}

static void add_signal(cJSON *item, const struct finding *finding)
{
    const struct stack_signal *signal = &finding->signal;
    char name[32];
    struct buffer cause = BUFFER_INIT;
    if (signal->number == 0) {
        (void)cJSON_AddNullToObject(item, "signal");
        return;
    }
    cJSON *object = json_object(item, "signal");
    json_number(object, "number", signal->number);
    json_text(object, "name", child_signal_name(signal->number, name, sizeof name));
    if (finding->register_count > 0 || signal->tid != 0) {
        json_number(object, "code", signal->code);
        json_text(object, "code_name", signal_words_code(signal->number, signal->code));
        signal_words_cause(signal, finding->pid, &cause);
    }
    json_text(object, "cause", buffer_text(&cause));
    buffer_clear(&cause);
    if (signal->has_address) {
        add_hex(object, "address", signal->address);
    }
    if (signal->sender != 0) {
        json_bool(object, "from_outside", signal->sender != finding->pid);
    }
    cJSON *registers = json_object(item, "registers");
    for (uint32_t i = 0; i < finding->register_count; i++) {
        add_hex(registers, finding->registers[i].name, finding->registers[i].value);
    }
}

static void add_doing(cJSON *item, const struct finding *finding)
{
    cJSON *doing = json_array(item, "doing");
    for (size_t i = 0; i < finding->doing_count; i++) {
        json_append_text(doing, finding->doing[i]);
    }
    json_count(item, "doing_busy", finding->doing_busy);
    json_text(item, "phase", finding->phase);
    if (finding->has_instance) {
        json_count(item, "instance", finding->instance);
    } else {
        (void)cJSON_AddNullToObject(item, "instance");
    }
}

static void add_pieces(cJSON *item, const struct finding *finding)
{
    cJSON *evidence = json_array(item, "evidence");
    for (size_t i = 0; i < finding->evidence_count; i++) {
        cJSON *piece = json_item(evidence);
        json_text(piece, "name", finding->evidence[i].name);
        json_text(piece, "text", finding->evidence[i].text);
    }
    json_text(item, "evidence_folder", finding->folder);
}

static void add_relation(cJSON *related, const struct scenario_result *result,
                         const struct finding *other)
{
    cJSON *link = json_item(related);
    json_text(link, "scenario", result->scenario->name);
    json_text(link, "flavor", result->flavor);
    json_text(link, "kind", finding_kind_name(other->kind));
    json_text(link, "hash", other->signature.stacks->hash);
}

/* Findings of the same scenario, in any flavor and combination, that share a site or an object; the
 * same words in another flavor are the same bug seen twice. */
static void add_related(cJSON *item, const struct report_run *run,
                        const struct scenario_result *own, const struct finding *finding)
{
    cJSON *related = json_array(item, "related");
    const struct signature_key *key = finding->signature.stacks;
    int count = 0;
    for (size_t i = 0; key != NULL && i < run->result_count; i++) {
        const struct scenario_result *result = run->results[i];
        if (strcmp(result->scenario->name, own->scenario->name) != 0) {
            continue;
        }
        for (size_t j = 0; j < result->findings.count && count < MOST_RELATED; j++) {
            const struct finding *other = result->findings.items[j];
            const struct signature_key *others = other->signature.stacks;
            if (others != NULL && other != finding &&
                (signature_related(key, others) ||
                 (result != own && signature_equal(key, others)))) {
                add_relation(related, result, other);
                count++;
            }
        }
    }
}

void report_add_signature(cJSON *item, const struct report_run *run,
                          const struct scenario_result *result, const struct finding *finding)
{
    const struct signature_key *key = finding->signature.stacks;
    cJSON *signature = json_object(item, "signature");
    json_number(signature, "version", finding->signature.version);
    json_text(signature, "key", finding->signature.key);
    if (key != NULL) {
        json_text(signature, "hash", key->hash);
    }
    json_text(signature, "quality",
              signature_quality_name(key != NULL ? key->quality : SIGNATURE_GOOD));
    cJSON *frames = json_array(signature, "frames");
    for (size_t i = 0; i < finding->signature.frame_count; i++) {
        json_append_text(frames, finding->signature.frames[i]);
    }
    cJSON *shares = json_array(signature, "shares");
    for (uint32_t i = 0; key != NULL && i < key->related_count; i++) {
        json_append_text(shares, key->related[i]);
    }
    add_related(item, run, result, finding);
}

void report_add_evidence(cJSON *item, const struct finding *finding)
{
    add_signal(item, finding);
    add_doing(item, finding);
    add_stacks(item, finding);
    add_pieces(item, finding);
}
