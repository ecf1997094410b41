/* SPDX-License-Identifier: MIT
 *
 * One finding of the report, and the command that shows it again.
 */
#include "harness/report/report.h"

#include "harness/report/json.h"
#include "harness/report/settings.h"
#include "harness/scenario/matrix.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SURE 0.05 /* chance to miss the finding when it is reproduced */
#define MOST_TRIALS 1000

void report_quote(struct buffer *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=,+@%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        buffer_puts(text, word);
        return;
    }
    buffer_puts(text, "'");
    for (const char *at = word; *at != '\0'; at++) {
        if (*at == '\'') {
            buffer_puts(text, "'\\''");
        } else {
            buffer_add(text, at, 1);
        }
    }
    buffer_puts(text, "'");
}

/* So many that the finding is seen with 95 % at the lower bound of its rate, and the first trial
 * that showed it is among them. */
static uint64_t trials_to_reproduce(const struct scenario_result *result,
                                    const struct finding *finding)
{
    uint64_t least = (uint64_t)finding->first_trial + 1;
    double low = finding->rate.low;
    if (finding->kind == FINDING_THRESHOLD || finding->rate_n == 0) {
        return result->trials_planned > 0 ? result->trials_planned : result->trials_run;
    }
    if (!(low > 0)) {
        return least > MOST_TRIALS ? least : MOST_TRIALS;
    }
    double enough = low < 1 ? ceil(log(SURE) / log1p(-low)) : 1;
    uint64_t trials = enough < (double)MOST_TRIALS ? (uint64_t)enough : MOST_TRIALS;
    return trials > least ? trials : least;
}

/* Whether a run that ends with its first finding ends with this one. */
static bool is_alone(const struct scenario_result *result, const struct finding *finding)
{
    for (size_t i = 0; i < result->findings.count; i++) {
        const struct finding *other = result->findings.items[i];
        if (other != finding && other->kind != FINDING_INFRA && other->kind != FINDING_THRESHOLD) {
            return false;
        }
    }
    return finding->kind != FINDING_INFRA && finding->kind != FINDING_THRESHOLD;
}

/* The choice of a matrix, "a=1, b=x", as overrides: a key that is set is varied no more. */
static void add_combination(const char *combination, struct buffer *text)
{
    while (combination != NULL && *combination != '\0') {
        size_t length = matrix_part(combination);
        struct buffer word = BUFFER_INIT;
        buffer_add(&word, combination, length);
        buffer_puts(text, " --set ");
        report_quote(text, buffer_text(&word));
        buffer_clear(&word);
        combination += length;
        combination += *combination != '\0' ? 2 : 0;
    }
}

void report_reproduce(const struct report_run *run, const struct scenario_result *result,
                      const struct finding *finding, struct buffer *text)
{
    settings_prefix(text);
    report_quote(text, run->program);
    buffer_puts(text, " run ");
    report_quote(text, result->scenario->file != NULL ? result->scenario->file : "");
    buffer_printf(text, " --seed %" PRIu64, run->seed);
    if (strcmp(result->flavor, "plain") != 0) {
        buffer_printf(text, " --flavor %s", result->flavor);
    }
    for (size_t i = 0; i < run->run_option_count; i++) {
        buffer_puts(text, " ");
        report_quote(text, run->run_options[i]);
    }
    add_combination(result->scenario->combination, text);
    /* Behind the options of the run: of two numbers of trials the last one counts. */
    buffer_printf(text, " --trials %" PRIu64, trials_to_reproduce(result, finding));
    if (is_alone(result, finding)) {
        buffer_puts(text, " --until-finding");
    }
    if (result->jobs > 1) {
        buffer_printf(text, " --jobs %u", result->jobs);
    }
}

void report_add_finding(cJSON *item, const struct report_run *run,
                        const struct scenario_result *result, const struct finding *finding)
{
    struct buffer reproduce = BUFFER_INIT;
    json_text(item, "kind", finding_kind_name(finding->kind));
    json_text(item, "title", finding->title);
    json_bool(item, "expected", finding->expected);
    report_add_signature(item, run, result, finding);
    json_count(item, "trials", finding->trials);
    json_count(item, "occurrences", finding->occurrences);
    cJSON *rate = json_object(item, "rate");
    json_count(rate, "k", finding->trials);
    json_count(rate, "n", finding->rate_n);
    json_number(rate, "low", finding->rate.low);
    json_number(rate, "high", finding->rate.high);
    if (finding->story > 0) {
        json_count(item, "story", finding->story);
    } else {
        (void)cJSON_AddNullToObject(item, "story");
    }
    struct rates rates;
    rate_of_finding(result, finding, &rates);
    report_add_rates(item, &rates);
    if (finding->first_connection != 0) {
        json_count(item, "first_connection", finding->first_connection);
    } else {
        (void)cJSON_AddNullToObject(item, "first_connection");
    }
    if (finding->ledger_connections != 0) {
        json_count(item, "connections_at_target", finding->ledger_connections);
    } else {
        (void)cJSON_AddNullToObject(item, "connections_at_target");
    }
    json_count(item, "first_trial", finding->first_trial);
    json_wide(item, "first_trial_seed", finding->first_seed);
    report_add_evidence(item, finding);
    report_reproduce(run, result, finding, &reproduce);
    json_text(item, "reproduce", buffer_text(&reproduce));
    buffer_clear(&reproduce);
}
