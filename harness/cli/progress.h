/* SPDX-License-Identifier: MIT
 *
 * The progress line: one line on standard error that is written over again and again. Only on a
 * terminal, and not with NO_COLOR, TERM=dumb or --quiet.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool shown;     /**< on this terminal at all */
    bool on_screen; /**< a line stands there now */
    uint64_t begun; /**< ns: of the scenario */
    uint64_t last;  /**< ns: when it was drawn */
    uint64_t last_cycles;
    double rate; /**< cycles per second, smoothed */
};

/** What the line tells. */
struct progress_figures {
    const char *scenario;
    const char *flavor;      /**< told unless it is plain */
    uint64_t trial;          /**< from 1 */
    uint64_t trials;         /**< planned; 0: not known */
    uint64_t cycles;         /**< ended, in all trials so far */
    uint64_t cycles_planned; /**< in all trials; 0: not known */
    uint64_t trial_elapsed;  /**< ns: of this trial, where cycles are not planned */
    uint64_t trial_planned;  /**< ns: that a trial takes by plan; 0: not known */
    uint64_t time_planned;   /**< ns: after which no trial begins; 0: no limit */
    uint64_t findings;
};

/** Decides whether it is shown. */
void progress_init(struct progress *progress, bool quiet);

/** A scenario begins. */
void progress_begin(struct progress *progress);

/** Draws the line. */
void progress_draw(struct progress *progress, const struct progress_figures *figures);

/** Takes the line away. */
void progress_clear(struct progress *progress);

#endif
