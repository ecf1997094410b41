/* SPDX-License-Identifier: MIT
 *
 * Applies the rules of leak_heap.h.
 */
#include "harness/judge/leak_heap.h"

#include "harness/judge/slope.h"
#include "harness/judge/words.h"

#include <inttypes.h>

/* What a round must add, besides the caches of the threads, to be gross. */
#define GROSS_ROUND (1024.0 * 1024.0)
#define GROSS_LEAST 4U   /* samples */
#define GROSS_STEADY 0.5 /* of the mean: what each round must add for each of its cycles */
#define GROSS_LEFT 0.9   /* of the growth: what must still be in use after the cleanup */

/* What leads to the finding. */
struct heap_case {
    const struct logbook *logbook;
    uint32_t trial;
    uint64_t seed;
    uint32_t count; /* samples */
    struct finding_list *findings;
};

static void tell_figures(const struct heap_case *heap, struct buffer *text)
{
    const struct logbook *logbook = heap->logbook;
    const struct resource_sample *first = &logbook->samples[0];
    const struct resource_sample *last = &logbook->samples[heap->count - 1];
    buffer_puts(text, "in use before the client was loaded: ");
    words_size(text, logbook->before_init.heap);
    buffer_printf(text, "\nafter the first round (%" PRIu64 " cycles): ", first->cycles);
    words_size(text, first->heap);
    buffer_printf(text, "\nafter the last round (%" PRIu64 " cycles): ", last->cycles);
    words_size(text, last->heap);
    buffer_puts(text, "\nafter the client's cleanup: ");
    words_size(text, logbook->after_cleanup.heap);
}

static void add_finding(const struct heap_case *heap, const struct buffer *title,
                        const struct buffer *why)
{
    struct buffer text = BUFFER_INIT;
    struct finding *finding = finding_new(FINDING_LEAK, "leak/heap", buffer_text(title));
    if (finding == NULL) {
        return;
    }
    tell_figures(heap, &text);
    buffer_puts(&text, buffer_text(why));
    finding_add_evidence(finding, "heap", buffer_text(&text));
    buffer_clear(&text);
    (void)finding_list_add(heap->findings, finding, heap->trial, heap->seed);
}

static void add_slope(const struct heap_case *heap, const struct slope *slope)
{
    struct buffer title = BUFFER_INIT;
    struct buffer why = BUFFER_INIT;
    buffer_printf(&title, "the heap grows by %.1f bytes per cycle (95 %%: %.1f to %.1f)",
                  slope->bytes_per_cycle, slope->interval.low, slope->interval.high);
    buffer_printf(&why,
                  "\nslope from %u samples behind the warm-up; Mann-Kendall p = %.2g; it does not "
                  "level off\n",
                  slope->points, slope->p_rising);
    add_finding(heap, &title, &why);
    buffer_clear(&title);
    buffer_clear(&why);
}

/* Bytes per cycle behind the first round, if each round adds its share and nothing takes it back;
 * else 0. */
static double gross_growth(const struct heap_case *heap)
{
    const struct resource_sample *samples = heap->logbook->samples;
    const struct resource_sample *last = &samples[heap->count - 1];
    double growth = (double)last->heap - (double)samples[0].heap;
    if (heap->count < GROSS_LEAST || last->cycles <= samples[0].cycles) {
        return 0;
    }
    double mean = growth / (double)(last->cycles - samples[0].cycles);
    for (uint32_t i = 1; i < heap->count; i++) {
        double more = (double)samples[i].heap - (double)samples[i - 1].heap;
        double cycles = (double)samples[i].cycles - (double)samples[i - 1].cycles;
        if (more < GROSS_ROUND + SLOPE_CACHE * samples[i].threads ||
            more < GROSS_STEADY * mean * cycles) {
            return 0;
        }
    }
    double left =
        (double)heap->logbook->after_cleanup.heap - (double)heap->logbook->before_init.heap;
    return left < GROSS_LEFT * growth ? 0 : mean;
}

static void add_gross(const struct heap_case *heap, double each)
{
    struct buffer title = BUFFER_INIT;
    struct buffer why = BUFFER_INIT;
    buffer_printf(
        &title,
        "the heap grows by %.0f bytes per cycle in each of %u rounds, and stays after the "
        "client's cleanup",
        each, heap->count - 1);
    buffer_puts(&why,
                "\ntoo few rounds for a slope; but start-up memory and caches of malloc do not "
                "add that much in each of them, and a cache that fills is freed in the "
                "cleanup\n");
    add_finding(heap, &title, &why);
    buffer_clear(&title);
    buffer_clear(&why);
}

static void note_unjudged(const struct heap_case *heap, const struct slope *slope,
                          struct buffer *notes)
{
    if (!slope->told && heap->count >= SLOPE_ROUNDS) {
        buffer_puts(notes, "heap growth is not judged: the worker's malloc does not tell how much "
                           "is in use (a sanitizer's own does not)\n");
    } else if (slope->told && !slope->judged) {
        buffer_printf(notes,
                      "heap growth is not judged: %u %s, and a slope needs %u of about the same "
                      "length; set load.cycles to %u times load.sample_every or more\n",
                      heap->count, heap->count == 1 ? "round" : "rounds", SLOPE_ROUNDS,
                      SLOPE_ROUNDS);
    }
}

void leak_heap_judge(const struct logbook *logbook, uint32_t trial, uint64_t seed,
                     struct finding_list *findings, struct buffer *notes)
{
    uint32_t count = atomic_load_explicit(&logbook->sample_count, memory_order_acquire);
    struct slope slope;
    struct heap_case heap = {logbook, trial, seed,
                             count < LOGBOOK_SAMPLES ? count : LOGBOOK_SAMPLES, findings};
    if (heap.count == 0) {
        return;
    }
    slope_judge(logbook->samples, heap.count, &slope);
    double gross = slope.told && !slope.judged ? gross_growth(&heap) : 0;
    if (slope.leaks) {
        add_slope(&heap, &slope);
    } else if (gross > 0) {
        add_gross(&heap, gross);
    } else {
        note_unjudged(&heap, &slope, notes);
    }
}
