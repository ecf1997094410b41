/* SPDX-License-Identifier: MIT
 *
 * Decides which of a client's figures are wrong.
 */
#include "harness/judge/totals.h"

#include "harness/base/buffer.h"
#include "harness/judge/result.h"
#include "harness/judge/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool ends_in(const char *name, const char *tail)
{
    size_t length = strlen(name);
    size_t wanted = strlen(tail);
    return length >= wanted && strcmp(name + length - wanted, tail) == 0;
}

/* By how much the figure is off; no difference of whole numbers is smaller than this. */
static bool is_off(double value, double expected)
{
    double difference = value > expected ? value - expected : expected - value;
    return !(difference < 0.5); /* also NaN */
}

static void add(struct trial_record *record, const char *name, const char *title,
                struct finding_list *findings)
{
    struct buffer key = BUFFER_INIT;
    buffer_puts(&key, "wrong-total/");
    words_clean(&key, name, sizeof((struct client_figure *)0)->name);
    (void)finding_list_add(findings, finding_new(FINDING_WRONG_TOTAL, buffer_text(&key), title),
                           record->index, record->seed);
    buffer_clear(&key);
}

static void judge_requests(struct trial_record *record, double value, struct finding_list *findings)
{
    struct logbook_counters driver;
    char title[256];
    result_sum_lanes(record, &driver);
    double missing = (double)driver.requests_answered - value;
    if (!is_off(value, (double)driver.requests_answered)) {
        return;
    }
    (void)snprintf(title, sizeof title,
                   "the client counted %.0f requests, the driver %" PRIu64 " responses: %.0f %s",
                   value, driver.requests_answered, missing < 0 ? -missing : missing,
                   missing < 0 ? "too many" : "lost");
    add(record, "requests", title, findings);
}

static void judge_in_use(struct trial_record *record, const struct client_figure *figure,
                         struct finding_list *findings)
{
    char title[256];
    if (!is_off(figure->value, 0)) {
        return;
    }
    struct buffer name = BUFFER_INIT;
    words_clean(&name, figure->name, sizeof figure->name);
    (void)snprintf(title, sizeof title,
                   "the client says %s is %.0f when no instance is left: it must be 0",
                   buffer_text(&name), figure->value);
    buffer_clear(&name);
    add(record, figure->name, title, findings);
}

void totals_judge(struct trial_record *record, struct finding_list *findings)
{
    const struct logbook *logbook = record->logbook;
    for (uint32_t i = 0; i < logbook->figure_count && i < LOGBOOK_FIGURES; i++) {
        struct client_figure figure = logbook->figures[i]; /* a dying client scribbles */
        figure.name[sizeof figure.name - 1] = '\0';
        if (strcmp(figure.name, "requests") == 0) {
            judge_requests(record, figure.value, findings);
        } else if (ends_in(figure.name, ".in_use")) {
            judge_in_use(record, &figure, findings);
        }
    }
}
