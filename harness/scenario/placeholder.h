/* SPDX-License-Identifier: MIT
 *
 * Names in braces that stand for what is known only when a program starts: "{port}". They may stand
 * in the arguments and in the environment of an external program. "{{" is a brace; a brace that no
 * name in small letters and "}" follow means itself.
 */
#ifndef SCENARIO_PLACEHOLDER_H
#define SCENARIO_PLACEHOLDER_H

#include "harness/base/buffer.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stddef.h>

enum placeholder {
    PLACEHOLDER_HOST = 0, /**< address of the target */
    PLACEHOLDER_PORT,
    PLACEHOLDER_PATH,     /**< of the step */
    PLACEHOLDER_CA,       /**< file with the roots to trust; "" for the system's */
    PLACEHOLDER_SNI,      /**< the name in the target's certificate */
    PLACEHOLDER_CYCLES,   /**< cycles that the one process must run */
    PLACEHOLDER_INSTANCE, /**< number of the client, from 0 */
    PLACEHOLDER_CYCLE,    /**< number of the cycle, from 0 */
    PLACEHOLDER_SEED,     /**< of the process, derived from the trial's */
    PLACEHOLDERS
};

/** "host", "port", ... */
const char *placeholder_name(enum placeholder placeholder);

/** Finds the first placeholder in text that there is not: its name goes to unknown, cut to
 *  capacity. False if there is none. */
bool placeholder_find_unknown(const char *text, char *unknown, size_t capacity);

/** True if the text holds this placeholder. */
bool placeholder_is_in(const char *text, enum placeholder placeholder);

/** True if an argument or an entry of the environment holds "{cycles}": one process then runs all
 *  cycles of a client. */
bool placeholder_one_process(const struct client_model *client);

/** Adds text with all placeholders replaced by values[PLACEHOLDER_...]. */
void placeholder_expand(const char *text, const char *const values[PLACEHOLDERS],
                        struct buffer *expanded);

#endif
