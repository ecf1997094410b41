/* SPDX-License-Identifier: MIT
 *
 * Decides that findings with equal kind and key are one.
 */
#include "harness/judge/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FINDING_KINDS] = {
    [FINDING_CRASH] = "crash",
    [FINDING_HEAP_CORRUPTION] = "heap-corruption",
    [FINDING_ASAN] = "asan",
    [FINDING_UBSAN] = "ubsan",
    [FINDING_LSAN] = "lsan",
    [FINDING_TSAN] = "tsan",
    [FINDING_MSAN] = "msan",
    [FINDING_FD_MISUSE] = "fd-misuse",
    [FINDING_HANG] = "hang",
    [FINDING_LEAK] = "leak",
    [FINDING_CROSS_TALK] = "cross-talk",
    [FINDING_WRONG_RESPONSE] = "wrong-response",
    [FINDING_WRONG_TOTAL] = "wrong-total",
    [FINDING_ERROR] = "error",
    [FINDING_THRESHOLD] = "threshold",
    [FINDING_INFRA] = "infra",
};

const char *finding_kind_name(enum finding_kind kind)
{
    return (unsigned)kind < FINDING_KINDS ? names[kind] : "?";
}

enum finding_kind finding_kind_named(const char *name)
{
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++) {
        if (strcmp(names[kind], name) == 0) {
            return (enum finding_kind)kind;
        }
    }
    return FINDING_KINDS;
}

bool finding_kind_is_leak(enum finding_kind kind)
{
    return kind == FINDING_LEAK || kind == FINDING_LSAN;
}

struct finding *finding_new(enum finding_kind kind, const char *key, const char *title)
{
    struct finding *finding = calloc(1, sizeof *finding);
    if (finding == NULL) {
        return NULL;
    }
    finding->kind = kind;
    finding->title = strdup(title);
    finding->signature.version = SIGNATURE_VERSION;
    finding->signature.key = strdup(key);
    if (finding->title == NULL || finding->signature.key == NULL) {
        finding_free(finding);
        return NULL;
    }
    return finding;
}

/* Room for one more element of size bytes; NULL without memory. */
static void *grow(void *items, size_t count, size_t size)
{
    return realloc(items, (count + 1) * size);
}

void finding_add_doing(struct finding *finding, const char *sentence)
{
    char *copy = strdup(sentence);
    char **more = grow(finding->doing, finding->doing_count, sizeof *more);
    if (more != NULL) {
        finding->doing = more;
    }
    if (more == NULL || copy == NULL) {
        free(copy);
        return;
    }
    finding->doing[finding->doing_count++] = copy;
}

void finding_add_evidence(struct finding *finding, const char *name, const char *text)
{
    struct evidence piece = {strdup(name), strdup(text)};
    struct evidence *more = grow(finding->evidence, finding->evidence_count, sizeof *more);
    if (more != NULL) {
        finding->evidence = more;
    }
    if (more == NULL || piece.name == NULL || piece.text == NULL) {
        free(piece.name);
        free(piece.text);
        return;
    }
    finding->evidence[finding->evidence_count++] = piece;
}

void finding_add_stack(struct finding *finding, const char *title, enum finding_weight weight,
                       const struct stack *stack)
{
    struct finding_stack piece = {.title = strdup(title), .weight = weight};
    stack_init(&piece.stack);
    struct finding_stack *more = grow(finding->stacks, finding->stack_count, sizeof *more);
    if (more != NULL) {
        finding->stacks = more;
    }
    if (more == NULL || piece.title == NULL || stack_copy(&piece.stack, stack) != 0) {
        free(piece.title);
        return;
    }
    finding->stacks[finding->stack_count++] = piece;
}

const char *finding_weight_name(enum finding_weight weight)
{
    static const char *const weights[] = {"matters", "same-instance", "busy", "idle", "context"};
    return (unsigned)weight < sizeof weights / sizeof weights[0] ? weights[weight] : "?";
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

/* Copies of the names; *count is how many there are. NULL without memory, or without any. */
static char **copy_frames(const struct signature_key *key, size_t *count)
{
    char **frames = key->frame_count > 0 ? calloc(key->frame_count, sizeof *frames) : NULL;
    *count = 0;
    for (uint32_t i = 0; frames != NULL && i < key->frame_count; i++) {
        frames[*count] = strdup(key->frames[i]);
        *count += frames[*count] != NULL;
    }
    return frames;
}

void finding_sign(struct finding *finding, const struct signature_key *key)
{
    struct signature *signature = &finding->signature;
    char *text = strdup(key->key);
    struct signature_key *copy = malloc(sizeof *copy);
    if (text == NULL || copy == NULL) {
        free(text);
        free(copy);
        return;
    }
    *copy = *key;
    free(signature->key);
    free(signature->stacks);
    free_texts(signature->frames, signature->frame_count);
    signature->key = text;
    signature->stacks = copy;
    signature->version = SIGNATURE_KEY_VERSION;
    signature->frames = copy_frames(key, &signature->frame_count);
}

bool finding_is_poor(const struct finding *finding)
{
    const struct signature_key *stacks = finding->signature.stacks;
    return stacks != NULL && stacks->quality == SIGNATURE_LOW;
}

static void drop_stacks(struct finding *finding)
{
    for (size_t i = 0; i < finding->stack_count; i++) {
        free(finding->stacks[i].title);
        stack_release(&finding->stacks[i].stack);
    }
    free(finding->stacks);
    finding->stacks = NULL;
    finding->stack_count = 0;
}

void finding_free(struct finding *finding)
{
    if (finding == NULL) {
        return;
    }
    free(finding->title);
    free(finding->signature.key);
    free_texts(finding->signature.frames, finding->signature.frame_count);
    free_texts(finding->doing, finding->doing_count);
    free(finding->signature.stacks);
    drop_stacks(finding);
    for (size_t i = 0; i < finding->evidence_count; i++) {
        free(finding->evidence[i].name);
        free(finding->evidence[i].text);
    }
    free(finding->evidence);
    free(finding->onsets);
    free(finding);
}

struct finding *finding_list_find(const struct finding_list *list, const char *key)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i]->signature.key, key) == 0) {
            return list->items[i];
        }
    }
    return NULL;
}

/* source showed itself in the trial; its counts become those of known. */
/* Among all connections of the trial. */
static uint32_t ordinal_of(const struct finding *finding)
{
    return finding->trial_connection != 0 ? finding->trial_connection : finding->first_connection;
}

static void merge(struct finding *known, const struct finding *source, uint32_t trial)
{
    known->occurrences += source->occurrences > 0 ? source->occurrences : 1;
    if (known->trials == 0 || known->last_trial != trial) {
        known->trials++;
        known->last_trial = trial;
        known->last_connection = 0;
    }
    if (known->last_connection == 0) {
        known->last_connection = ordinal_of(source);
    }
    if (source->first_connection != 0 &&
        (known->first_connection == 0 || source->first_connection < known->first_connection)) {
        known->first_connection = source->first_connection;
    }
}

/* Many findings that merge with nothing must not fill the memory; false if it has no room. */
static bool make_room(struct finding_list *list, struct finding *finding)
{
    size_t poor = 0;
    for (size_t i = 0; i < list->count; i++) {
        poor += finding_is_poor(list->items[i]);
    }
    if (poor >= (size_t)FINDINGS_POOR * 10) {
        list->dropped++;
        return false;
    }
    if (poor >= FINDINGS_POOR) {
        drop_stacks(finding);
    }
    return true;
}

struct finding *finding_list_add(struct finding_list *list, struct finding *finding, uint32_t trial,
                                 uint64_t seed)
{
    if (finding == NULL) {
        return NULL;
    }
    struct finding *known = finding_list_find(list, finding->signature.key);
    if (known != NULL) {
        merge(known, finding, trial);
        finding_free(finding);
        return known;
    }
    if (finding_is_poor(finding) && !make_room(list, finding)) {
        finding_free(finding);
        return NULL;
    }
    struct finding **more = grow(list->items, list->count, sizeof *more);
    if (more == NULL) {
        finding_free(finding);
        return NULL;
    }
    list->items = more;
    list->items[list->count++] = finding;
    finding->first_trial = trial;
    finding->last_trial = trial;
    finding->first_seed = seed;
    finding->last_connection = ordinal_of(finding);
    finding->trials = 1;
    finding->occurrences = finding->occurrences > 0 ? finding->occurrences : 1;
    return finding;
}

void finding_list_move(struct finding_list *list, struct finding_list *source, uint32_t trial,
                       uint64_t seed)
{
    for (size_t i = 0; i < source->count; i++) {
        (void)finding_list_add(list, source->items[i], trial, seed);
    }
    list->dropped += source->dropped;
    free(source->items);
    source->items = NULL;
    source->count = 0;
    source->dropped = 0;
}

void finding_list_locate(struct finding_list *list, uint32_t trial, const char *folder)
{
    for (size_t i = 0; i < list->count; i++) {
        struct finding *finding = list->items[i];
        if (finding->first_trial == trial && finding->kind != FINDING_THRESHOLD) {
            (void)snprintf(finding->folder, sizeof finding->folder, "%s", folder);
        }
    }
}

void finding_list_sort(struct finding_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        struct finding *held = list->items[i];
        size_t at = i;
        for (; at > 0 && list->items[at - 1]->kind > held->kind; at--) {
            list->items[at] = list->items[at - 1];
        }
        list->items[at] = held;
    }
}

void finding_list_clear(struct finding_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        finding_free(list->items[i]);
    }
    free(list->items);
    list->items = NULL;
    list->count = 0;
}
