/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of leak.h.
 */
#include "harness/judge/leak.h"

#include "harness/judge/count_growth.h"
#include "harness/judge/leak_heap.h"
#include "harness/judge/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One kind of thing that is counted. */
struct resource {
    const char *key;
    const char *one;
    const char *many;
    int64_t before; /* before the client was loaded */
    int64_t after;  /* after its cleanup */
    int64_t first;  /* at the first round's end */
    int64_t last;   /* at the last round's end; equal to first with fewer than two rounds */
    enum count_growth growth; /* from round to round */
};

/* The counts of one sample. */
struct counts {
    int64_t sockets, files, threads;
};

struct leak_case {
    const struct logbook *logbook;
    const struct descriptor_evidence *descriptors; /* NULL: nobody watched */
    uint32_t samples;
    uint32_t trial;
    uint64_t seed;
    struct finding_list *findings;
    struct buffer *notes;
};

static void add_surplus(const struct logbook *logbook, struct buffer *text)
{
    uint32_t count =
        logbook->surplus_count < LOGBOOK_SURPLUS ? logbook->surplus_count : LOGBOOK_SURPLUS;
    for (uint32_t i = 0; i < count; i++) {
        words_clean(text, logbook->surplus[i], sizeof logbook->surplus[i]);
        buffer_puts(text, "\n");
    }
}

static const char *name_of(const struct resource *resource, int64_t amount)
{
    return amount == 1 ? resource->one : resource->many;
}

static void add_finding(const struct leak_case *leak, const struct resource *resource,
                        int64_t amount, const char *when)
{
    char key[64];
    char title[256];
    char counts[256];
    (void)snprintf(key, sizeof key, "leak/%s", resource->key);
    (void)snprintf(title, sizeof title, "%" PRId64 " %s left %s", amount, name_of(resource, amount),
                   when);
    (void)snprintf(counts, sizeof counts,
                   "before the client was loaded: %" PRId64 "\nafter the first round: %" PRId64
                   "\nafter the last round: %" PRId64 "\nafter the client's cleanup: %" PRId64
                   "\ncycles: %" PRIu64 "\n",
                   resource->before, resource->first, resource->last, resource->after,
                   leak->logbook->after_cleanup.cycles);
    struct finding *finding = finding_new(FINDING_LEAK, key, title);
    if (finding == NULL) {
        return;
    }
    finding_add_evidence(finding, "counts", counts);
    if (leak->logbook->surplus_count > 0 && (resource->key[0] == 's' || resource->key[0] == 'f')) {
        struct buffer surplus = BUFFER_INIT;
        add_surplus(leak->logbook, &surplus);
        finding_add_evidence(finding, "descriptors left", buffer_text(&surplus));
        buffer_clear(&surplus);
    }
    (void)finding_list_add(leak->findings, finding, leak->trial, leak->seed);
}

static void set_counts(struct resource *resource, int64_t before, int64_t after, int64_t first,
                       int64_t last)
{
    resource->before = before;
    resource->after = after;
    resource->first = first;
    resource->last = last;
}

static struct counts counts_of(const struct resource_sample *sample)
{
    return (struct counts){sample->sockets, (int64_t)sample->fds - sample->sockets,
                           sample->threads};
}

static void judge_growth(const struct logbook *logbook, uint32_t count, struct resource *sockets,
                         struct resource *files, struct resource *threads)
{
    int64_t values[3][LOGBOOK_SAMPLES];
    uint64_t cycles[LOGBOOK_SAMPLES];
    for (uint32_t i = 0; i < count; i++) {
        struct counts now = counts_of(&logbook->samples[i]);
        values[0][i] = now.sockets;
        values[1][i] = now.files;
        values[2][i] = now.threads;
        cycles[i] = logbook->samples[i].cycles;
    }
    sockets->growth = count_growth_judge(values[0], cycles, count);
    files->growth = count_growth_judge(values[1], cycles, count);
    threads->growth = count_growth_judge(values[2], cycles, count);
}

/* It grew and is gone again after the cleanup: a pool that fills, or a leak. */
static void note_unsure(const struct leak_case *leak, const struct resource *resource)
{
    int64_t more = resource->last - resource->first;
    buffer_printf(leak->notes,
                  "%" PRId64 " %s more after the last round than after the first, none left after "
                  "the client's cleanup: not called a leak, since %u rounds cannot tell one from a "
                  "pool that fills; %u can (load.cycles, load.sample_every)\n",
                  more, name_of(resource, more), leak->samples, COUNT_GROWTH_LEAST);
}

/* For things that must be back at the baseline after the cleanup. */
static void judge_exact(const struct leak_case *leak, const struct resource *resource)
{
    if (resource->after > resource->before) {
        add_finding(leak, resource, resource->after - resource->before,
                    "after the client's cleanup");
    } else if (resource->growth == COUNT_GROWS) {
        add_finding(leak, resource, resource->last - resource->first,
                    "over between the first and the last round, all instances freed");
    } else if (resource->growth == COUNT_UNSURE) {
        note_unsure(leak, resource);
    }
}

static bool is_socket(const struct logbook *logbook, int fd)
{
    char start[32];
    int length = snprintf(start, sizeof start, "fd %d: socket:", fd);
    for (uint32_t i = 0; i < logbook->surplus_count && i < LOGBOOK_SURPLUS; i++) {
        if (strncmp(logbook->surplus[i], start, (size_t)length) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether two descriptors were opened by one thread at one place in two cycles: so neither is
 * one-time, nor one for each thread. */
static bool is_repeated(const struct descriptor_moment *one, const struct descriptor_moment *other)
{
    return one->stack != 0 && one->stack == other->stack && one->tid == other->tid &&
           one->operation != 0 && other->operation != 0 && one->instance != DESCRIPTOR_NOBODY &&
           other->instance != DESCRIPTOR_NOBODY &&
           (one->instance != other->instance || one->cycle != other->cycle);
}

static bool is_place_repeated(const struct descriptor_evidence *from, uint32_t stack)
{
    for (uint32_t i = 0; i < from->left_count; i++) {
        for (uint32_t j = 0; j < i && from->left[i].opened.stack == stack; j++) {
            if (is_repeated(&from->left[i].opened, &from->left[j].opened)) {
                return true;
            }
        }
    }
    return false;
}

/* How many of the descriptors that are left were opened where that is done again and again. */
static uint32_t count_repeated(const struct leak_case *leak)
{
    const struct descriptor_evidence *from = leak->descriptors;
    uint32_t repeated = 0;
    for (uint32_t i = 0; from != NULL && i < from->left_count; i++) {
        repeated += is_place_repeated(from, from->left[i].opened.stack) &&
                    !is_socket(leak->logbook, from->left[i].fd);
    }
    return repeated;
}

static void add_repeated(const struct leak_case *leak, const struct resource *files, int64_t left,
                         uint32_t repeated)
{
    char when[128];
    bool all = leak->descriptors->left_count < DESCRIPTOR_SURPLUS;
    (void)snprintf(
        when, sizeof when,
        "after the client's cleanup, %s%u of them opened where another cycle opened one, "
        "too",
        all ? "" : "at least ", repeated);
    add_finding(leak, files, left, when);
}

static void note_left(const struct leak_case *leak, int64_t left)
{
    struct buffer *notes = leak->notes;
    struct buffer surplus = BUFFER_INIT;
    buffer_printf(notes, "%" PRId64 " %s open after the client's cleanup; ", left,
                  left == 1 ? "descriptor stays" : "descriptors stay");
    if (leak->samples < COUNT_GROWTH_LEAST) {
        buffer_printf(
            notes,
            "whether %s one-time or come again, %u %s cannot show, so they are not called "
            "a leak; %u rounds can (load.cycles, load.sample_every): ",
            left == 1 ? "it is" : "they are", leak->samples,
            leak->samples == 1 ? "round" : "rounds", COUNT_GROWTH_LEAST);
    } else {
        buffer_puts(notes, "from round to round they do not go on growing: one-time descriptors, "
                           "not called a leak: ");
    }
    add_surplus(leak->logbook, &surplus);
    for (size_t i = 0; i + 1 < surplus.length; i++) {
        buffer_add(notes, surplus.text[i] == '\n' ? ", " : &surplus.text[i],
                   surplus.text[i] == '\n' ? 2 : 1);
    }
    buffer_puts(notes, "\n");
    buffer_clear(&surplus);
}

/* Descriptors that are no sockets may stay if they are one-time. */
static void judge_files(const struct leak_case *leak, const struct resource *files)
{
    uint64_t cycles = leak->logbook->after_cleanup.cycles;
    int64_t left = files->after - files->before;
    uint32_t repeated = leak->samples < COUNT_GROWTH_LEAST ? count_repeated(leak) : 0;
    if (left <= 0) {
        judge_exact(leak, files);
    } else if (cycles > 1 && (uint64_t)left >= cycles) {
        /* Evidence enough also when there was one round only. */
        add_finding(leak, files, left, "after the client's cleanup, at least one for each cycle");
    } else if (files->growth == COUNT_GROWS) {
        add_finding(leak, files, left,
                    "after the client's cleanup, and growing from round to round");
    } else if (repeated > 0) {
        add_repeated(leak, files, left, repeated);
    } else {
        note_left(leak, left);
    }
}

void leak_judge(const struct logbook *logbook, const struct descriptor_evidence *descriptors,
                uint32_t trial, uint64_t seed, struct finding_list *findings, struct buffer *notes)
{
    const struct resource_sample *before = &logbook->before_init;
    const struct resource_sample *after = &logbook->after_cleanup;
    if (before->time == 0 || after->time == 0) {
        return;
    }
    uint32_t count = atomic_load_explicit(&logbook->sample_count, memory_order_acquire);
    count = count < LOGBOOK_SAMPLES ? count : LOGBOOK_SAMPLES;
    const struct resource_sample *first = count > 0 ? &logbook->samples[0] : before;
    const struct resource_sample *last = count > 0 ? &logbook->samples[count - 1] : before;
    struct leak_case leak = {logbook, descriptors, count, trial, seed, findings, notes};

    struct resource sockets = {.key = "sockets", .one = "socket", .many = "sockets"};
    struct resource files = {.key = "fds",
                             .one = "descriptor that is no socket",
                             .many = "descriptors that are no sockets"};
    struct resource threads = {.key = "threads", .one = "thread", .many = "threads"};
    const struct counts at[] = {counts_of(before), counts_of(after), counts_of(first),
                                counts_of(last)};
    set_counts(&sockets, at[0].sockets, at[1].sockets, at[2].sockets, at[3].sockets);
    set_counts(&files, at[0].files, at[1].files, at[2].files, at[3].files);
    set_counts(&threads, at[0].threads, at[1].threads, at[2].threads, at[3].threads);
    if (count > 0) {
        judge_growth(logbook, count, &sockets, &files, &threads);
    }
    leak_heap_judge(logbook, trial, seed, findings, notes);
    judge_exact(&leak, &sockets);
    judge_files(&leak, &files);
    judge_exact(&leak, &threads);
    if (logbook->allocations_counted == 1) {
        struct resource blocks = {.key = "allocations",
                                  .one = "allocation of the client's",
                                  .many = "allocations of the client's"};
        set_counts(&blocks, before->allocations, after->allocations, first->allocations,
                   last->allocations);
        judge_exact(&leak, &blocks);
    }
    if (logbook->tls_observed != 1) {
        return;
    }
    struct resource ssl = {.key = "SSL", .one = "SSL object", .many = "SSL objects"};
    struct resource ctx = {.key = "SSL_CTX", .one = "SSL_CTX object", .many = "SSL_CTX objects"};
    struct resource session = {
        .key = "SSL_SESSION", .one = "SSL_SESSION object", .many = "SSL_SESSION objects"};
    set_counts(&ssl, before->ssl, after->ssl, first->ssl, last->ssl);
    set_counts(&ctx, before->ssl_ctx, after->ssl_ctx, first->ssl_ctx, last->ssl_ctx);
    set_counts(&session, before->ssl_session, after->ssl_session, first->ssl_session,
               last->ssl_session);
    judge_exact(&leak, &ssl);
    judge_exact(&leak, &ctx);
    judge_exact(&leak, &session);
}
