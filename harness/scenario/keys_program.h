/* SPDX-License-Identifier: MIT
 *
 * Readers of what belongs to an external program as client: its command line, environment and
 * working folder; and whether the rest of the scenario fits it.
 */
#ifndef SCENARIO_KEYS_PROGRAM_H
#define SCENARIO_KEYS_PROGRAM_H

#include "harness/scenario/reading.h"

/** CUSTOM readers (model: struct client_model) and their schemas. */
int program_read_exec(struct reading *reading, const struct place *place, cJSON *value,
                      void *model);
int program_read_env(struct reading *reading, const struct place *place, cJSON *value, void *model);
int program_read_cwd(struct reading *reading, const struct place *place, cJSON *value, void *model);
cJSON *program_exec_schema(void);
cJSON *program_env_schema(void);
cJSON *program_cwd_schema(void);

/** The default of a scenario's steps: one `run` for an external program. */
const char *program_default_steps(const void *scenario);

/** Whether an external program can do what the scenario (object at place, read whole) asks for; and
 *  that a library is not asked to `run`. */
int program_check(struct reading *reading, const struct place *place, const cJSON *object);

#endif
