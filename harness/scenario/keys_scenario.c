/* SPDX-License-Identifier: MIT
 *
 * The table of the scenario itself, and what only the whole of it can say.
 */
#include "client/eighth_client.h"
#include "harness/scenario/keys_program.h"
#include "harness/scenario/matrix.h"
#include "harness/scenario/shape.h"

#include <string.h>

static int read_steps(struct reading *reading, const struct place *place, cJSON *value, void *model)
{
    struct scenario *scenario = model;
    return steps_read(reading, place, value, false, &scenario->steps, &scenario->step_count);
}

/* A resumption that the scenario itself makes impossible. */
static int check_resumed(struct reading *reading, const struct place *place,
                         const struct scenario *scenario)
{
    struct place list = {place, "steps", 0};
    for (size_t i = 0; i < scenario->step_count; i++) {
        if (scenario->steps[i].expect.resumed == 1 && scenario->steps[i].kind == STEP_CONNECT &&
            scenario->client.session == EIGHTH_SESSION_NONE) {
            struct place item = {&list, NULL, i};
            struct place step = {&item, "connect", 0};
            struct place expect = {&step, "expect", 0};
            struct place at = {&expect, "resumed", 0};
            return reading_fail(reading, &at,
                                "no handshake can be resumed with `client.session` \"none\"");
        }
    }
    return 0;
}

/* A load that the deadline would always cut off. */
static int check_deadline(struct reading *reading, const struct place *place,
                          const struct scenario *scenario)
{
    uint64_t length = scenario->load.duration_ns;
    for (size_t i = 0; i < scenario->load.stage_count; i++) {
        length += scenario->load.stages[i].duration_ns;
    }
    struct place at = {place, "deadline", 0};
    if (length >= scenario->deadline_ns) {
        char limit[32];
        return reading_fail(reading, &at, "the load alone lasts %s; the deadline must be later",
                            shape_limit(limit, VALUE_DURATION, (double)length));
    }
    return 0;
}

/* Which connection a library's failure belongs to is known from its connect(2) alone. */
static int check_interposition(struct reading *reading, const struct place *place,
                               const struct scenario *scenario)
{
    const struct place client = {place, "client", 0};
    const struct place at = {&client, "interposition", 0};
    bool faulty =
        scenario->target.kind == TARGET_EMBEDDED &&
        (scenario->target.embedded.fault_count > 0 || scenario_target_fault(scenario) != NULL);
    if (scenario->client.interposition || scenario->client.exec != NULL || !faulty) {
        return 0;
    }
    return reading_fail(reading, &at,
                        "without it nobody can tell which failures the target's faults explain: "
                        "leave it on, or make the target's faults and certificate good");
}

static int check_scenario(struct reading *reading, const struct place *place, const cJSON *object,
                          void *model)
{
    return program_check(reading, place, object) != 0 || steps_check(reading, place) != 0 ||
                   check_resumed(reading, place, model) != 0 ||
                   check_deadline(reading, place, model) != 0 ||
                   check_interposition(reading, place, model) != 0
               ? -1
               : 0;
}

static const struct key scenario_keys[] = {
    {.name = "$schema",
     .type = VALUE_CUSTOM,
     .read = matrix_ignore,
     .schema = matrix_ignored_schema,
     .expected = "anything",
     .help = "for editors; not read"},
    {.name = "name",
     .type = VALUE_TEXT,
     KEY_FIELD(struct scenario, name),
     .required = true,
     .form = &form_name,
     .help = "names the report's folder"},
    {.name = "description",
     .type = VALUE_TEXT,
     KEY_FIELD(struct scenario, description),
     .form = &form_any,
     .fallback = "\"\"",
     .help = "what it is for"},
    {.name = "client",
     .type = VALUE_OBJECT,
     KEY_FIELD(struct scenario, client),
     .shape = &shape_client,
     .fallback = "{}",
     .help = "the code under test, and how it connects"},
    {.name = "target",
     .type = VALUE_OBJECT,
     KEY_FIELD(struct scenario, target),
     .shape = &shape_target,
     .fallback = "{}",
     .help = "the server that the clients talk to"},
    {.name = "load",
     .type = VALUE_OBJECT,
     KEY_FIELD(struct scenario, load),
     .shape = &shape_load,
     .fallback = "{}",
     .help = "how many clients, when, and on which threads"},
    {.name = "steps",
     .type = VALUE_CUSTOM,
     .read = read_steps,
     .schema = steps_schema,
     .expected = "list of steps",
     .choose = program_default_steps,
     .fallback = "[{\"connect\":{}},{\"request\":{\"path\":\"/get\"}},{\"close\":{}}]",
     .help = "what each instance does in a cycle; one that is still connected after the last step "
             "is closed abruptly. For an external program: [{\"run\":{}}]"},
    {.name = "trials",
     .type = VALUE_WHOLE,
     KEY_FIELD(struct scenario, trials),
     .minimum = 1,
     .maximum = 1000000,
     .fallback = "1",
     .help = "runs, each in a fresh worker process with a seed of its own"},
    {.name = "deadline",
     .type = VALUE_DURATION,
     KEY_FIELD(struct scenario, deadline_ns),
     .minimum = 100e6,
     .maximum = 604800e9,
     .fallback = "\"60s\"",
     .help = "how long one trial may take; a longer one is a hang"},
    {.name = "limits",
     .type = VALUE_OBJECT,
     KEY_FIELD(struct scenario, limits),
     .shape = &shape_limits,
     .fallback = "{}",
     .help = "what the worker may take"},
    {.name = "thresholds",
     .type = VALUE_CUSTOM,
     .read = thresholds_read,
     .schema = thresholds_schema,
     .fallback = "{}",
     .expected = "object of metrics and limits",
     .help = "limits of metrics, such as {\"tls.p99\": \"< 200ms\"}; a broken one is a finding"},
    {.name = "expect",
     .type = VALUE_OBJECT,
     .shape = &shape_expect,
     .help = "findings that the scenario is meant to make: it passes when one of them appears and "
             "nothing else does"},
    {.name = "matrix",
     .type = VALUE_CUSTOM,
     .read = matrix_ignore,
     .schema = matrix_schema,
     .expected = "object of paths and lists of values",
     .help = "values for keys by their dotted paths; the scenario runs once for each combination"},
};

const struct shape shape_scenario = {
    .name = "scenario",
    .help = "a scenario",
    .keys = scenario_keys,
    .count = sizeof scenario_keys / sizeof *scenario_keys,
    .check = check_scenario,
};
