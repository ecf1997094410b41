/* SPDX-License-Identifier: MIT
 *
 * When a scenario has had enough trials.
 *
 * A scenario ends with the first rule that holds; a trial that runs is never cut short by one. With
 * --until-finding or --time and no --trials the number in the scenario's file does not count: they
 * say themselves when it is enough. A first trial always runs.
 */
#ifndef CLI_STOP_RULE_H
#define CLI_STOP_RULE_H

#include "harness/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/** Trials of one scenario, at most, whatever the rules say. */
#define STOP_MOST_TRIALS 1000000U

enum stop_rule {
    STOP_NOT = 0, /**< go on */
    STOP_TRIALS,  /**< as many as wanted were begun */
    STOP_FINDING, /**< --until-finding, and there is one */
    STOP_TIME,    /**< --time is over */
    STOP_TROUBLE, /**< it cannot go on: the machine, the target, a client that does not fit */
    STOP_INTERRUPTED
};

/** "trials", "finding", "time", "trouble", "interrupted"; "" for STOP_NOT. */
const char *stop_rule_name(enum stop_rule rule);

struct stop_rules {
    uint64_t trials;    /**< at most; 0: no limit but STOP_MOST_TRIALS */
    bool until_finding; /**< an expected finding counts, an infrastructure failure does not */
    uint64_t time_ns;   /**< no trial begins later than this after the scenario; 0: no limit */
};

/** Whether the next trial may begin: STOP_NOT, or the rule that forbids it. begun: trials so far;
 *  elapsed: ns since the scenario began. */
enum stop_rule stop_rule_check(const struct stop_rules *rules, uint64_t begun, bool found,
                               uint64_t elapsed);

/** Adds "all 5 trials were run", "a finding came in trial 7 (--until-finding)", ... */
void stop_rule_tell(const struct stop_rules *rules, enum stop_rule rule, uint64_t run,
                    struct buffer *text);

#endif
