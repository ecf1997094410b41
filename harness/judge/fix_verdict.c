/* SPDX-License-Identifier: MIT
 *
 * Decides how many clean trials prove a fix, and what what was seen says about it.
 */
#include "harness/judge/fix_verdict.h"

#include "harness/judge/stat_binomial.h"
#include "harness/judge/stat_budget.h"

#define RATE_CONFIDENCE 0.95
/* An old build that did not fail is worth this many times the trials that it had. */
#define CONTROL_AGAIN 4U

const char *fix_verdict_name(enum fix_verdict verdict)
{
    static const char *const names[] = {"fixed", "not fixed", "inconclusive"};
    return names[verdict];
}

const char *fix_reason_name(enum fix_reason reason)
{
    static const char *const names[] = {"",           "still-fails",    "fails-anew",
                                        "no-control", "too-few-trials", "untrustworthy"};
    return names[reason];
}

static struct stat_interval old_rate(const struct fix_trials *before)
{
    return stat_clopper_pearson(before->failed, before->run, RATE_CONFIDENCE);
}

uint64_t fix_trials_needed(const struct fix_trials *before, double confidence)
{
    return stat_runs_to_verify(old_rate(before).low, confidence);
}

static void set(struct fix_answer *answer, enum fix_verdict verdict, enum fix_reason reason,
                uint64_t more)
{
    answer->verdict = verdict;
    answer->reason = reason;
    answer->more = more;
}

void fix_decide(const struct fix_trials *before, const struct fix_trials *after,
                uint64_t new_signatures, double confidence, struct fix_answer *answer)
{
    answer->old_rate = old_rate(before);
    answer->needed = fix_trials_needed(before, confidence);
    answer->confidence =
        after->failed == 0 ? stat_verified_confidence(answer->old_rate.low, after->run) : 0;
    if (new_signatures > 0) {
        set(answer, FIX_NOT_FIXED, FIX_FAILS_ANEW, 0);
    } else if (after->failed > 0) {
        set(answer, FIX_NOT_FIXED, FIX_STILL_FAILS, 0);
    } else if (before->failed == 0) {
        uint64_t run = before->run > 0 ? before->run : 1;
        set(answer, FIX_INCONCLUSIVE, FIX_NO_CONTROL, CONTROL_AGAIN * run);
    } else if (!before->trustworthy || !after->trustworthy) {
        uint64_t left = after->run < answer->needed ? answer->needed - after->run : answer->needed;
        set(answer, FIX_INCONCLUSIVE, FIX_UNTRUSTWORTHY, left);
    } else if (after->run < answer->needed) {
        set(answer, FIX_INCONCLUSIVE, FIX_TOO_FEW, answer->needed - after->run);
    } else {
        set(answer, FIX_FIXED, FIX_NO_REASON, 0);
    }
}

double fix_control_rate(const struct fix_answer *answer, const struct fix_trials *before)
{
    return stat_zero_of_n(before->run + answer->more, RATE_CONFIDENCE);
}
