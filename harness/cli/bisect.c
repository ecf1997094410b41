/* SPDX-License-Identifier: MIT
 *
 * How sure a step of a bisection is.
 */
#include "harness/cli/bisect.h"

#include "harness/cli/stop_rule.h"
#include "harness/cli/verbs.h"
#include "harness/judge/stat_budget.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int bisect_share(const char *option, const char *value, double *share, struct failure *failure)
{
    char *end;
    double number = strtod(value, &end);
    bool percent = strcmp(end, "%") == 0;
    number = percent ? number / 100 : number;
    if (end == value || (*end != '\0' && !percent) || !(number > 0 && number < 1)) {
        return failure_set(failure, FAILURE_USAGE,
                           "--%s %s: expected a share between 0 and 1, such as 0.2 or 20%%", option,
                           value);
    }
    *share = number;
    return 0;
}

int bisect_trials(const struct bisect_plan *plan, uint64_t *trials, struct failure *failure)
{
    if (plan->rate == 0) {
        return failure_set(failure, FAILURE_USAGE,
                           "how often does a bad revision fail? Give --rate, such as --rate 0.2 "
                           "(a report has it: findings[].rate), or the number of --trials");
    }
    *trials = stat_bisect_runs(plan->rate, plan->steps, 1 - plan->confidence);
    if (*trials > STOP_MOST_TRIALS) {
        return failure_set(failure, FAILURE_USAGE,
                           "a rate of %g is too low: a step would need more than %u trials",
                           plan->rate, STOP_MOST_TRIALS);
    }
    return 0;
}

int bisect_code(int code, bool enough, bool fits, int stop)
{
    if (stop != 0) {
        return BISECT_ABORT;
    }
    switch (code) {
    case EXIT_FINDINGS:
        return 1;
    case EXIT_PASS:
        return enough ? 0 : BISECT_SKIP;
    case EXIT_USAGE:
        return fits ? BISECT_SKIP : BISECT_ABORT;
    default:
        return BISECT_SKIP;
    }
}
