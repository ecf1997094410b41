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

const char *fix_state_name(enum fix_state state)
{
    static const char *const names[] = {"gone", "back", "open", "not judged"};
    return names[state];
}

uint64_t fix_trials_needed(const struct fix_trials *before, double confidence)
{
    return stat_runs_to_verify(
        stat_clopper_pearson(before->failed, before->run, RATE_CONFIDENCE).low, confidence);
}

static void set(struct fix_answer *answer, enum fix_verdict verdict, enum fix_reason reason,
                uint64_t more)
{
    answer->verdict = verdict;
    answer->reason = reason;
    answer->more = more;
}

static void decide_row(const struct fix_trials *before, const struct fix_trials *after,
                       double confidence, struct fix_row *row)
{
    struct fix_trials seen = {row->before, before->run, true};
    row->rate = stat_clopper_pearson(row->before, before->run, RATE_CONFIDENCE);
    row->needed = row->whole ? before->run : fix_trials_needed(&seen, confidence);
    row->more = after->run < row->needed ? row->needed - after->run : 0;
    row->confidence = row->after > 0 ? 0
                      : row->whole   ? (row->more == 0 ? 1 : 0)
                                     : stat_verified_confidence(row->rate.low, after->run);
    row->state = !row->judged     ? FIX_NOT_JUDGED
                 : row->after > 0 ? FIX_BACK
                 : row->more > 0  ? FIX_OPEN
                                  : FIX_GONE;
}

/* Sums up the rows that count. True if one of them is back. */
static bool decide_rows(const struct fix_trials *before, const struct fix_trials *after,
                        struct fix_row *rows, size_t count, double confidence,
                        struct fix_answer *answer)
{
    bool back = false;
    bool any = false;
    answer->needed = 0;
    answer->confidence = 1;
    for (size_t i = 0; i < count; i++) {
        struct fix_row *row = &rows[i];
        decide_row(before, after, confidence, row);
        if (row->judged) {
            any = true;
            back = back || row->state == FIX_BACK;
            answer->needed = row->needed > answer->needed ? row->needed : answer->needed;
            answer->confidence =
                row->confidence < answer->confidence ? row->confidence : answer->confidence;
        }
    }
    if (!any) {
        answer->needed = STAT_NEVER;
        answer->confidence = 0;
    }
    return back;
}

void fix_decide(const struct fix_trials *before, const struct fix_trials *after,
                struct fix_row *rows, size_t count, uint64_t new_signatures, double confidence,
                struct fix_answer *answer)
{
    bool back = decide_rows(before, after, rows, count, confidence, answer);
    if (new_signatures > 0) {
        answer->confidence = 0;
        set(answer, FIX_NOT_FIXED, FIX_FAILS_ANEW, 0);
    } else if (back) {
        set(answer, FIX_NOT_FIXED, FIX_STILL_FAILS, 0);
    } else if (answer->needed == STAT_NEVER) {
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
