/* SPDX-License-Identifier: MIT
 *
 * Measures the signatures against the corpus: of all pairs of reports, which ones get the same key,
 * and which ones are the same bug?
 *
 *     signatures REPORTS [--list]
 *
 * precision  of the pairs with the same key, the share that is the same bug: >= 0.99
 * recall     of the pairs that are the same bug, the share with the same key: >= 0.95. Pairs with a
 *            report of low quality, which never merge, count as missed
 *
 * REPORTS/DETECTOR/LABEL/BUILD.txt: the same bug is the same detector and label. Pairs of one label
 * under two detectors are never the same finding; how many of them are linked is printed too.
 * Exits 1 if a bound is missed or if there are fewer than 150 reports.
 */
#include "harness/judge/signature_key.h"
#include "harness/watch/abort_text.h"
#include "harness/watch/sanitizer_frame.h"
#include "harness/watch/sanitizer_line.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_REPORTS 4096

struct entry {
    char detector[32];
    char label[64];
    char build[64];
    struct signature_key key;
};

static struct entry *entries;
static size_t entry_count;

static char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *text = malloc(1 << 20);
    *length = text != NULL ? fread(text, 1, 1 << 20, file) : 0;
    (void)fclose(file);
    return text;
}

/* A plain binary's stack in the form of sanitizers, and the C library's words before it. */
static void key_of_plain(const char *text, size_t length, struct signature_key *key,
                         const char *unique)
{
    struct abort_text abort_text;
    (void)abort_text_find(text, length, ABORT_BY_UNKNOWN, &abort_text);
    struct stack stack = STACK_INIT;
    char signal[32] = "";
    struct sanitizer_line line;
    sanitizer_line_init(&line, text, length);
    while (sanitizer_line_next(&line)) {
        struct stack_frame frame;
        uint32_t number;
        const char *name = sanitizer_after(line.text, "signal: ");
        if (name != NULL) {
            sanitizer_copy(signal, sizeof(signal), name, NULL);
        } else if (sanitizer_frame_is(line.text) &&
                   sanitizer_frame_parse(line.text, &number, &frame) == 0) {
            (void)stack_add(&stack, &frame);
        }
    }
    stack_judge(&stack);
    bool heap = abort_text.kind == ABORT_HEAP_CORRUPTION;
    bool spoke = abort_text.kind != ABORT_NONE;
    struct signature_stack stacks[] = {{"access", &stack}};
    struct signature_input input = {
        .kind = heap ? "heap-corruption" : "crash",
        .what = spoke ? abort_kind_name(abort_text.kind) : signal,
        .stacks = stacks,
        .count = 1,
        .unique = unique,
    };
    signature_make(&input, key);
    stack_release(&stack);
}

static int key_of_report(const char *text, size_t length, struct signature_key *key,
                         const char *unique)
{
    struct sanitizer_log log = SANITIZER_LOG_INIT;
    sanitizer_parse(text, length, &log);
    int result = log.count != 0 ? 0 : -1;
    if (result == 0) {
        signature_of_report(&log.reports[0], NULL, 0, unique, key);
        if (log.reports[0].quality == SANITIZER_DAMAGED) {
            (void)fprintf(stderr, "damaged: %s: %s\n", unique, log.reports[0].damage);
            result = -1;
        }
    }
    sanitizer_log_release(&log);
    return result;
}

static int add_report(const char *folder, const char *detector, const char *label, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s/%s/%s", folder, detector, label, name);
    size_t length = 0;
    char *text = read_whole(path, &length);
    if (text == NULL || entry_count == MOST_REPORTS) {
        free(text);
        return -1;
    }
    struct entry *entry = &entries[entry_count++];
    (void)snprintf(entry->detector, sizeof(entry->detector), "%s", detector);
    (void)snprintf(entry->label, sizeof(entry->label), "%s", label);
    (void)snprintf(entry->build, sizeof(entry->build), "%.*s", (int)strcspn(name, "."), name);
    int result = 0;
    if (strcmp(detector, "plain") == 0) {
        key_of_plain(text, length, &entry->key, path);
    } else {
        result = key_of_report(text, length, &entry->key, path);
    }
    free(text);
    if (result != 0) {
        (void)fprintf(stderr, "no whole report in %s\n", path);
    }
    return result;
}

/* Calls `visit` for each entry of the folder that is none of its own names, in alphabetical order.
 */
static int each(const char *path, int (*visit)(void *, const char *), void *context)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, alphasort);
    int result = count >= 0 ? 0 : -1;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && visit(context, names[i]->d_name) != 0) {
            result = -1;
        }
        free(names[i]);
    }
    free(names);
    return result;
}

struct place {
    const char *folder;
    const char *detector;
    const char *label;
};

static int visit_report(void *context, const char *name)
{
    const struct place *place = context;
    return add_report(place->folder, place->detector, place->label, name);
}

static int visit_label(void *context, const char *name)
{
    struct place *place = context;
    place->label = name;
    char path[768];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", place->folder, place->detector, name);
    return each(path, visit_report, place);
}

static int visit_detector(void *context, const char *name)
{
    struct place *place = context;
    place->detector = name;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", place->folder, name);
    return each(path, visit_label, place);
}

struct counts {
    size_t same_key; /* pairs with the same key */
    size_t same_bug; /* pairs that are the same bug */
    size_t low;      /* of those, the ones with a report of low quality */
    size_t both;     /* pairs that are both */
    size_t across;   /* pairs of one label under two detectors */
    size_t linked;   /* of those, the ones that are related */
    size_t unmerged; /* pairs of the same bug with different keys */
    size_t unmerged_linked;
};

static void count_pair(const struct entry *one, const struct entry *other, struct counts *counts)
{
    bool key = signature_equal(&one->key, &other->key);
    bool label = strcmp(one->label, other->label) == 0;
    bool detector = strcmp(one->detector, other->detector) == 0;
    bool good = one->key.quality == SIGNATURE_GOOD && other->key.quality == SIGNATURE_GOOD;
    counts->same_key += key;
    counts->same_bug += label && detector;
    counts->low += label && detector && !good;
    counts->both += key && label && detector;
    counts->across += label && !detector;
    counts->linked += label && !detector && signature_related(&one->key, &other->key);
    counts->unmerged += label && detector && !key;
    counts->unmerged_linked +=
        label && detector && !key && signature_related(&one->key, &other->key);
    if (key && !(label && detector)) {
        (void)printf("  merged wrongly: %s/%s/%s and %s/%s/%s: %s\n", one->detector, one->label,
                     one->build, other->detector, other->label, other->build, one->key.key);
    }
}

static double share(size_t part, size_t whole)
{
    return whole != 0 ? (double)part / (double)whole : 1.0;
}

static int print_result(const struct counts *counts)
{
    size_t low = 0;
    size_t labels = 0;
    for (size_t i = 0; i < entry_count; i++) {
        low += entries[i].key.quality == SIGNATURE_LOW;
        labels += i == 0 || strcmp(entries[i].label, entries[i - 1].label) != 0 ||
                  strcmp(entries[i].detector, entries[i - 1].detector) != 0;
    }
    double precision = share(counts->both, counts->same_key);
    double recall = share(counts->both, counts->same_bug);
    (void)printf("reports   %zu of %zu bugs; %zu of low quality\n", entry_count, labels, low);
    (void)printf("precision %.4f (%zu of %zu pairs with the same key)\n", precision, counts->both,
                 counts->same_key);
    (void)printf("recall    %.4f (%zu of %zu pairs of the same bug)\n", recall, counts->both,
                 counts->same_bug);
    (void)printf("          %.4f without the pairs of low quality, which never merge (%zu)\n",
                 share(counts->both, counts->same_bug - counts->low), counts->low);
    (void)printf("related   %.4f of the pairs that were not merged (%zu of %zu)\n",
                 share(counts->unmerged_linked, counts->unmerged), counts->unmerged_linked,
                 counts->unmerged);
    (void)printf("related   %.4f of the pairs across detectors (%zu of %zu)\n",
                 share(counts->linked, counts->across), counts->linked, counts->across);
    return entry_count >= 150 && precision >= 0.99 && recall >= 0.95 ? 0 : 1;
}

int main(int count, char **values)
{
    if (count < 2) {
        (void)fprintf(stderr, "usage: signatures REPORTS [--list]\n");
        return 2;
    }
    entries = calloc(MOST_REPORTS, sizeof(*entries));
    struct place place = {.folder = values[1]};
    if (entries == NULL || each(values[1], visit_detector, &place) != 0) {
        (void)fprintf(stderr, "the corpus cannot be read whole\n");
        free(entries);
        return 1;
    }
    struct counts counts = {0};
    for (size_t i = 0; i < entry_count; i++) {
        if (count > 2 && strcmp(values[2], "--list") == 0) {
            (void)printf("%s/%s/%s %s %s\n", entries[i].detector, entries[i].label,
                         entries[i].build, signature_quality_name(entries[i].key.quality),
                         entries[i].key.key);
        }
        for (size_t j = i + 1; j < entry_count; j++) {
            count_pair(&entries[i], &entries[j], &counts);
        }
    }
    int result = print_result(&counts);
    free(entries);
    return result;
}
