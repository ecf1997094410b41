/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of leak.h.
 */
#include "harness/judge/leak.h"

#include "harness/judge/slope.h"
#include "harness/judge/words.h"

#include <inttypes.h>
#include <stdio.h>

/* From so many samples on growth must show itself in so many new maxima. */
#define SAMPLES_FOR_MAXIMA 4U
#define MAXIMA 3U
/* Fewer samples than this would not be judged by their slope anyway. */
#define SAMPLES_FOR_SLOPE 25U

/* One kind of thing that is counted. */
struct resource {
    const char *key;
    const char *one;
    const char *many;
    int64_t before; /* before the client was loaded */
    int64_t after;  /* after its cleanup */
    int64_t first;  /* at the first round's end */
    int64_t last;   /* at the last round's end; equal to first with fewer than two rounds */
    bool grows;     /* from round to round */
};

/* The counts of one sample. */
struct counts {
    int64_t sockets, files, threads;
};

struct leak_case {
    const struct logbook *logbook;
    uint32_t trial;
    uint64_t seed;
    struct finding_list *findings;
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

static void add_finding(const struct leak_case *leak, const struct resource *resource,
                        int64_t amount, const char *when)
{
    char key[64];
    char title[256];
    char counts[256];
    (void)snprintf(key, sizeof key, "leak/%s", resource->key);
    (void)snprintf(title, sizeof title, "%" PRId64 " %s left %s", amount,
                   amount == 1 ? resource->one : resource->many, when);
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

/* Notes a new maximum. */
static void follow(int64_t value, int64_t *most, uint32_t *maxima)
{
    if (value > *most) {
        *most = value;
        ++*maxima;
    }
}

/* With few samples every growth counts; with more it must come again and again. */
static bool is_growth(uint32_t maxima, uint32_t samples, int64_t first, int64_t last)
{
    return samples < SAMPLES_FOR_MAXIMA ? last > first : maxima >= MAXIMA && last > first;
}

static void judge_growth(const struct logbook *logbook, uint32_t count, struct resource *sockets,
                         struct resource *files, struct resource *threads)
{
    struct counts most = counts_of(&logbook->samples[0]);
    struct {
        uint32_t sockets, files, threads;
    } maxima = {0, 0, 0};
    for (uint32_t i = 1; i < count; i++) {
        struct counts now = counts_of(&logbook->samples[i]);
        follow(now.sockets, &most.sockets, &maxima.sockets);
        follow(now.files, &most.files, &maxima.files);
        follow(now.threads, &most.threads, &maxima.threads);
    }
    sockets->grows = is_growth(maxima.sockets, count, sockets->first, sockets->last);
    files->grows = is_growth(maxima.files, count, files->first, files->last);
    threads->grows = is_growth(maxima.threads, count, threads->first, threads->last);
}

/* For things that must be back at the baseline and must not grow. */
static void judge_exact(const struct leak_case *leak, const struct resource *resource, bool growth)
{
    if (resource->after > resource->before) {
        add_finding(leak, resource, resource->after - resource->before,
                    "after the client's cleanup");
    } else if (growth && resource->grows) {
        add_finding(leak, resource, resource->last - resource->first,
                    "over between the first and the last round, all instances freed");
    }
}

static void judge_descriptors(const struct leak_case *leak, const struct resource *sockets,
                              const struct resource *files, struct buffer *notes)
{
    judge_exact(leak, sockets, true);
    uint64_t cycles = leak->logbook->after_cleanup.cycles;
    if (files->after > files->before && cycles > 1 &&
        (uint64_t)(files->after - files->before) >= cycles) {
        /* Evidence enough also when there was one round only. */
        add_finding(leak, files, files->after - files->before,
                    "after the client's cleanup, at least one for each cycle");
    } else if (files->grows) {
        int64_t left = files->after - files->before;
        add_finding(leak, files, left > 0 ? left : files->last - files->first,
                    left > 0 ? "after the client's cleanup, and growing from round to round"
                             : "over between the first and the last round, all instances freed");
    } else if (files->after > files->before) {
        buffer_printf(notes,
                      "%" PRId64 " one-time descriptors stay open after the client's cleanup; they "
                      "do not grow, so they are not called a leak: ",
                      files->after - files->before);
        struct buffer surplus = BUFFER_INIT;
        add_surplus(leak->logbook, &surplus);
        for (size_t i = 0; i + 1 < surplus.length; i++) {
            buffer_add(notes, surplus.text[i] == '\n' ? ", " : &surplus.text[i],
                       surplus.text[i] == '\n' ? 2 : 1);
        }
        buffer_puts(notes, "\n");
        buffer_clear(&surplus);
    }
}

static void add_heap_finding(const struct leak_case *leak, const struct slope *slope,
                             uint32_t count)
{
    const struct logbook *logbook = leak->logbook;
    const struct resource_sample *first = &logbook->samples[0];
    const struct resource_sample *last = &logbook->samples[count - 1];
    struct buffer text = BUFFER_INIT;
    buffer_printf(&text, "the heap grows by %.1f bytes per cycle (95 %%: %.1f to %.1f)",
                  slope->bytes_per_cycle, slope->interval.low, slope->interval.high);
    struct finding *finding = finding_new(FINDING_LEAK, "leak/heap", buffer_text(&text));
    buffer_clear(&text);
    if (finding == NULL) {
        return;
    }
    buffer_puts(&text, "in use before the client was loaded: ");
    words_size(&text, logbook->before_init.heap);
    buffer_printf(&text, "\nafter the first round (%" PRIu64 " cycles): ", first->cycles);
    words_size(&text, first->heap);
    buffer_printf(&text, "\nafter the last round (%" PRIu64 " cycles): ", last->cycles);
    words_size(&text, last->heap);
    buffer_puts(&text, "\nafter the client's cleanup: ");
    words_size(&text, logbook->after_cleanup.heap);
    buffer_printf(&text,
                  "\nslope from %u samples behind the warm-up; Mann-Kendall p = %.2g; it does not "
                  "level off\n",
                  slope->points, slope->p_rising);
    finding_add_evidence(finding, "heap", buffer_text(&text));
    buffer_clear(&text);
    (void)finding_list_add(leak->findings, finding, leak->trial, leak->seed);
}

static void judge_heap(const struct leak_case *leak, uint32_t count, struct buffer *notes)
{
    struct slope slope;
    slope_judge(leak->logbook->samples, count, &slope);
    if (slope.leaks) {
        add_heap_finding(leak, &slope, count);
    } else if (count >= SAMPLES_FOR_SLOPE && !slope.told) {
        buffer_puts(notes, "heap growth is not judged: the worker's malloc does not tell how much "
                           "is in use (a sanitizer's own does not)\n");
    }
}

void leak_judge(const struct logbook *logbook, uint32_t trial, uint64_t seed,
                struct finding_list *findings, struct buffer *notes)
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
    struct leak_case leak = {logbook, trial, seed, findings};

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
    judge_heap(&leak, count, notes);
    judge_descriptors(&leak, &sockets, &files, notes);
    judge_exact(&leak, &threads, true);
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
    judge_exact(&leak, &ssl, false);
    judge_exact(&leak, &ctx, false);
    judge_exact(&leak, &session, false);
}
