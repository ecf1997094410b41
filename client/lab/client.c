/* SPDX-License-Identifier: MIT
 *
 * The lab client: the clean client with the tables of one chosen defect. Without a defect, or with
 * its fix, it is the clean client.
 */
#include "client/h2/error.h"
#include "client/lab/options.h"

#include <cjson/cJSON.h>
#include <pthread.h>

/* One process has one client, so the choice is process-wide; made by init, gone after cleanup. */
static const struct lab_defect *active;
static int applied;

/* The clean client asks for its tables here, inside init. */
struct h2_seams h2_seams_for(const struct h2_options *options)
{
    struct h2_seams seams = lab_clean_seams_for(options);
    applied = active != NULL ? active->apply(&seams) : 0;
    return seams;
}

static void lab_cleanup(eighth_process *process)
{
    if (active != NULL && active->end != NULL) {
        active->end();
    }
    active = NULL;
    lab_clean_client()->cleanup(process);
}

static int lab_init(const char *text, eighth_process **process, struct eighth_error *target)
{
    struct eighth_error error = H2_ERROR_INIT;
    struct lab_options options;
    if (lab_options_parse(&options, text, &error) != 0) {
        return h2_error_export(target, &error);
    }
    active = options.defect;
    int result = lab_clean_client()->init(options.rest, process, target);
    cJSON_free(options.rest);
    if (result != 0) {
        active = NULL;
    } else if (applied != 0) {
        lab_cleanup(*process);
        (void)h2_error_memory(&error, EIGHTH_PHASE_NONE);
        result = h2_error_export(target, &error);
    }
    return result;
}

static struct eighth_client table;

static void fill_table(void)
{
    table = *lab_clean_client();
    table.name = "lab";
    table.init = lab_init;
    table.cleanup = lab_cleanup;
}

EIGHTH_EXPORT const struct eighth_client *eighth_client(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fill_table);
    return &table;
}
