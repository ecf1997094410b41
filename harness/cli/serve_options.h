/* SPDX-License-Identifier: MIT
 *
 * The options of `serve`: from words to a model of the target.
 */
#ifndef CLI_SERVE_OPTIONS_H
#define CLI_SERVE_OPTIONS_H

#include "harness/base/failure.h"
#include "harness/scenario/model.h"

#include <stdbool.h>
#include <stdint.h>

#define SERVE_FAULTS 16

struct serve_options {
    struct embedded_model model; /**< its faults are those below */
    struct fault_rule faults[SERVE_FAULTS];
    const char *ca_file; /**< NULL: one of its own, removed at the end */
    uint64_t seed;
    uint64_t time_ns; /**< 0: until a signal */
    bool help;
    /* As a controller's child: all three, or all -1. */
    int plan_fd;
    int ledger_fd;
    int control_fd;
};

/** Reads them. The options keep pointers to argv, and point into themselves: do not copy them.
 *  Fails with FAILURE_USAGE. */
int serve_options_read(struct serve_options *options, int argc, char **argv,
                       struct failure *failure);

/** One rule from "NAME[:every=N|at=N|probability=P][,after=N][,delay=250ms][,code=N]"; without a
 *  choice of connections it hits every one. Fails with FAILURE_USAGE. */
int serve_options_read_fault(struct fault_rule *rule, const char *text, struct failure *failure);

/** The text of --help. */
const char *serve_options_help(void);

#endif
