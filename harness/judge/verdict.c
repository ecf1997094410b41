/* SPDX-License-Identifier: MIT
 *
 * Decides pass, fail or inconclusive.
 */
#include "harness/judge/verdict.h"

#include "harness/judge/stat_binomial.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CONFIDENCE 0.95
/* Above this share of infrastructure failures the rest is not trusted either. */
#define MOST_INFRA 0.05

/* The expectation for the flavor: one that names it beats one for every flavor. */
static const struct expectation *expectation_for(const struct scenario *scenario,
                                                 const char *flavor)
{
    const struct expectation *any = NULL;
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        const struct expectation *expectation = &scenario->expectations[i];
        if (expectation->flavor == NULL) {
            any = expectation;
        } else if (strcmp(expectation->flavor, flavor) == 0) {
            return expectation;
        }
    }
    return any;
}

static bool is_expected(const struct expectation *expectation, enum finding_kind kind)
{
    for (char **name = expectation != NULL ? expectation->kinds : NULL;
         name != NULL && *name != NULL; name++) {
        if (strcmp(*name, finding_kind_name(kind)) == 0) {
            return true;
        }
    }
    return false;
}

static void set_rate(struct finding *finding, uint64_t judged, uint64_t run)
{
    if (finding->kind == FINDING_THRESHOLD) {
        finding->rate_n = 1; /* judged once, on all trials together */
    } else {
        finding->rate_n = finding->kind == FINDING_INFRA ? run : judged;
    }
    if (finding->rate_n < finding->trials) {
        finding->rate_n = finding->trials;
    }
    finding->rate = stat_clopper_pearson(finding->trials, finding->rate_n, CONFIDENCE);
}

static void set(struct scenario_result *result, enum verdict verdict, const char *reason)
{
    result->verdict = verdict;
    (void)snprintf(result->reason, sizeof result->reason, "%s", reason);
}

static void decide(struct scenario_result *result, uint64_t judged, size_t unexpected, bool met,
                   bool done)
{
    char reason[sizeof result->reason];
    if (unexpected > 0) {
        (void)snprintf(reason, sizeof reason, "%zu finding%s", unexpected,
                       unexpected == 1 ? "" : "s");
        set(result, VERDICT_FAIL, reason);
    } else if (result->interrupted || !done) {
        set(result, VERDICT_INCONCLUSIVE, "stopped before all trials were done");
    } else if (judged == 0) {
        set(result, VERDICT_INCONCLUSIVE,
            result->findings.count > 0 ? "no trial counts: see the infra findings"
                                       : "no trial could run: see the notes");
    } else if ((double)result->trials_infra > MOST_INFRA * (double)result->trials_run) {
        (void)snprintf(reason, sizeof reason,
                       "%" PRIu64 " of %" PRIu64 " trials were infrastructure failures",
                       result->trials_infra, result->trials_run);
        set(result, VERDICT_INCONCLUSIVE, reason);
    } else if (result->expects_finding && !met) {
        set(result, VERDICT_FAIL, "the expected finding did not appear");
    } else {
        set(result, VERDICT_PASS, "");
    }
}

void verdict_judge(struct scenario_result *result, bool done)
{
    const struct expectation *expectation = expectation_for(result->scenario, result->flavor);
    uint64_t judged = result->trials_run - result->trials_infra;
    size_t unexpected = 0;
    bool met = false;
    result->expects_finding = expectation != NULL;
    finding_list_sort(&result->findings);
    for (size_t i = 0; i < result->findings.count; i++) {
        struct finding *finding = result->findings.items[i];
        set_rate(finding, judged, result->trials_run);
        finding->expected = is_expected(expectation, finding->kind);
        met = met || finding->expected;
        unexpected += !finding->expected && finding->kind != FINDING_INFRA;
    }
    decide(result, judged, unexpected, met, done);
}

enum verdict verdict_of_all(const struct scenario_result *const *results, size_t count)
{
    bool failed = false;
    bool unknown = count == 0;
    for (size_t i = 0; i < count; i++) {
        failed = failed || results[i]->verdict == VERDICT_FAIL;
        unknown = unknown || results[i]->verdict == VERDICT_INCONCLUSIVE;
    }
    return failed ? VERDICT_FAIL : unknown ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

int verdict_exit_code(enum verdict verdict)
{
    static const int codes[] = {0, 1, 3};
    return codes[verdict];
}
