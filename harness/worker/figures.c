/* SPDX-License-Identifier: MIT
 *
 * Copies the client's figures into shared memory.
 */
#include "harness/worker/figures.h"

#include <stdio.h>

static void note(void *context, const char *name, double value)
{
    struct logbook *logbook = context;
    if (logbook->figure_count < LOGBOOK_FIGURES && name != NULL) {
        struct client_figure *figure = &logbook->figures[logbook->figure_count++];
        (void)snprintf(figure->name, sizeof figure->name, "%s", name);
        figure->value = value;
    }
}

void figures_take(const struct eighth_client *table, eighth_process *process,
                  struct logbook *logbook)
{
    if (table->stats != NULL) {
        table->stats(process, note, logbook);
    }
}
