/* SPDX-License-Identifier: MIT
 *
 * Decides whether one more trial begins.
 */
#include "harness/cli/stop_rule.h"

#include "harness/judge/words.h"

#include <inttypes.h>

const char *stop_rule_name(enum stop_rule rule)
{
    static const char *const names[] = {"", "trials", "finding", "time", "trouble", "interrupted"};
    return names[rule];
}

enum stop_rule stop_rule_check(const struct stop_rules *rules, uint64_t begun, bool found,
                               uint64_t elapsed)
{
    if (rules->until_finding && found) {
        return STOP_FINDING;
    }
    if (begun >= (rules->trials != 0 ? rules->trials : STOP_MOST_TRIALS)) {
        return STOP_TRIALS;
    }
    if (rules->time_ns != 0 && begun > 0 && elapsed >= rules->time_ns) {
        return STOP_TIME;
    }
    return STOP_NOT;
}

void stop_rule_tell(const struct stop_rules *rules, enum stop_rule rule, uint64_t run,
                    struct buffer *text)
{
    const char *s = run == 1 ? "" : "s";
    switch (rule) {
    case STOP_NOT:
        return;
    case STOP_TRIALS:
        buffer_printf(text, "all of %" PRIu64 " trial%s run%s", run, s,
                      rules->until_finding ? ", none with a finding" : "");
        return;
    case STOP_FINDING:
        buffer_printf(text, "a finding after %" PRIu64 " trial%s (--until-finding)", run, s);
        return;
    case STOP_TIME:
        buffer_printf(text, "%" PRIu64 " trial%s in ", run, s);
        words_duration(text, rules->time_ns);
        buffer_puts(text, " (--time)");
        return;
    case STOP_TROUBLE:
        buffer_printf(text, "could not go on after %" PRIu64 " trial%s", run, s);
        return;
    case STOP_INTERRUPTED:
        buffer_printf(text, "interrupted after %" PRIu64 " trial%s", run, s);
        return;
    }
}
