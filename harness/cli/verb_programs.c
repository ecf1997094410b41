/* SPDX-License-Identifier: MIT
 *
 * `eighth programs`: what the controller starts in place of a worker when the client is an external
 * program. Nobody types it.
 */
#include "harness/cli/verbs.h"

#include "harness/programs/driver.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* Digits only, and a number that fits. */
static int number_of(const char *text, int *number)
{
    char *end;
    long value = strtol(text, &end, 10);
    *number = (int)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value <= 1 << 20 ? 0 : -1;
}

static int parse(int argc, char **argv, struct driver_order *order)
{
    static const struct option options[] = {
        {"plan-fd", required_argument, NULL, 'p'},
        {"logbook-fd", required_argument, NULL, 'l'},
        {"log-fd", required_argument, NULL, 'g'},
        {"ledger-fd", required_argument, NULL, 'e'},
        {"descriptors", required_argument, NULL, 'd'},
        {"folder", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int wrong = 1;
        switch (option) {
        case 'p':
            wrong = number_of(optarg, &order->plan_fd);
            break;
        case 'l':
            wrong = number_of(optarg, &order->logbook_fd);
            break;
        case 'g':
            wrong = number_of(optarg, &order->log_fd);
            break;
        case 'e':
            wrong = number_of(optarg, &order->ledger_fd);
            break;
        case 'd':
            order->descriptors = strtoull(optarg, NULL, 10);
            wrong = 0;
            break;
        case 'f':
            order->folder = optarg;
            wrong = 0;
            break;
        }
        if (wrong != 0) {
            return -1;
        }
    }
    return order->plan_fd >= 0 && order->logbook_fd >= 0 && order->log_fd >= 0 &&
                   order->folder != NULL && optind == argc
               ? 0
               : -1;
}

int verb_programs(int argc, char **argv)
{
    struct driver_order order = {.plan_fd = -1, .logbook_fd = -1, .log_fd = -1, .ledger_fd = -1};
    struct failure failure = FAILURE_INIT;
    if (parse(argc, argv, &order) != 0) {
        (void)fprintf(stderr, "eighth programs: eighth itself starts this for scenarios with "
                              "client.exec; use `eighth run`\n");
        return EXIT_USAGE;
    }
    if (driver_run_programs(&order, &failure) != 0) {
        return verb_fail("programs", &failure);
    }
    return EXIT_PASS;
}
