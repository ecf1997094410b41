/* SPDX-License-Identifier: MIT
 *
 * Whether a fix fixes: of so many trials of the old build so many failed, and the fixed one?
 *
 * The claim is made bug by bug (fix_rows.h), for one that is frequent says nothing about one that
 * is rare: each is gone when its rate is below the old one's lower bound (exact, two-sided 95 %, as
 * all rates of reports): clean trials that a build as bad as that would show by luck with less than
 * 1 - confidence. It is fixed when all are gone. One trial of the fixed build with a finding
 * refutes it: the same one is not fixed, a new one is no better.
 *
 * Pure functions, safe in any thread.
 */
#ifndef JUDGE_FIX_VERDICT_H
#define JUDGE_FIX_VERDICT_H

#include "harness/judge/stat_special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fix_verdict { FIX_FIXED = 0, FIX_NOT_FIXED, FIX_INCONCLUSIVE };

/** "fixed", "not fixed", "inconclusive". */
const char *fix_verdict_name(enum fix_verdict verdict);

/** Why it is not fixed, or not known to be. */
enum fix_reason {
    FIX_NO_REASON = 0,
    FIX_STILL_FAILS,   /**< the fixed build shows a finding of the old one */
    FIX_FAILS_ANEW,    /**< it shows one that the old build never showed */
    FIX_NO_CONTROL,    /**< the old build did not fail: nothing to compare with */
    FIX_TOO_FEW,       /**< clean so far, but too few trials to be sure */
    FIX_UNTRUSTWORTHY, /**< the machine failed too often, in either build */
};

/** "", "still-fails", "fails-anew", "no-control", "too-few-trials", "untrustworthy". */
const char *fix_reason_name(enum fix_reason reason);

/** Trials that count, and those of them that had a finding. */
struct fix_trials {
    uint64_t failed;
    uint64_t run;
    bool trustworthy; /**< few enough were lost to the machine */
};

/** What became of a bug of the old build. */
enum fix_state { FIX_GONE = 0, FIX_BACK, FIX_OPEN, FIX_NOT_JUDGED };

/** "gone", "back", "open", "not judged". */
const char *fix_state_name(enum fix_state state);

struct finding;

/** One bug of the old build. */
struct fix_row {
    const char *pattern;           /**< what made one row of several findings; NULL: nothing */
    const struct finding *example; /**< its first finding in the old build; NULL: none */
    uint64_t findings;             /**< of the old build, in this row */
    uint64_t before;               /**< trials of the old build that showed it */
    uint64_t after;                /**< of the fixed one */
    bool whole; /**< a threshold, judged once for all trials: it takes as many as the control had */
    bool judged; /**< the verdict depends on it */
    /* Set by fix_decide. */
    enum fix_state state;
    struct stat_interval rate; /**< old, exact, 95 % */
    uint64_t needed;           /**< clean trials that prove it gone; STAT_NEVER: never seen */
    uint64_t more;             /**< of these are missing */
    double confidence;         /**< that it is gone; 0 when it is back */
};

struct fix_answer {
    enum fix_verdict verdict;
    enum fix_reason reason;
    uint64_t needed;   /**< clean trials that prove the fix; STAT_NEVER without a failure before */
    uint64_t more;     /**< trials that are missing: of the fixed build, or of the old one without a
                          failure; 0 when it is decided */
    double confidence; /**< that the rarest bug is gone; 0 where one is back or new */
};

/** Clean trials that prove a bug gone that failed of so many trials. STAT_NEVER if it never did. */
uint64_t fix_trials_needed(const struct fix_trials *before, double confidence);

/** Decides, for each row and for all. before->run counts its trials, after->run the clean ones.
 *  new_signatures: of findings of the fixed build, so many have a signature that the old build
 *  never showed. */
void fix_decide(const struct fix_trials *before, const struct fix_trials *after,
                struct fix_row *rows, size_t count, uint64_t new_signatures, double confidence,
                struct fix_answer *answer);

/** The rate that so many trials of the old build, and the missing ones, would have shown with 95 %:
 *  what FIX_NO_CONTROL asks for. */
double fix_control_rate(const struct fix_answer *answer, const struct fix_trials *before);

#endif
