/* SPDX-License-Identifier: MIT
 *
 * Descriptors: one socket for each instance that lives at once, as many again for connections that
 * overlap with their successors or that a client races against each other, and a margin for
 * libraries, logs and pipes.
 */
#include "harness/watch/needs.h"

#include "harness/scenario/lanes.h"

#include <sys/resource.h>

#define MARGIN 128U
/* More than this is of no use to anybody and slows programs that walk their descriptor table. */
#define MOST_USEFUL (UINT64_C(1) << 20)

static uint64_t limit_for(uint64_t least, uint64_t hard)
{
    uint64_t generous = least * 2 + 1024;
    if (generous > MOST_USEFUL) {
        generous = least > MOST_USEFUL ? least : MOST_USEFUL;
    }
    return generous < hard ? generous : hard;
}

static int check(const char *who, uint64_t least, uint64_t hard, const struct scenario *scenario,
                 struct failure *failure)
{
    if (least <= hard) {
        return 0;
    }
    return failure_set(
        failure, FAILURE_ENVIRONMENT,
        "scenario %s needs %llu file descriptors in the %s (%u clients at once), but "
        "the hard limit is %llu: raise it (`ulimit -Hn %llu` as root, LimitNOFILE= "
        "of a service, --ulimit nofile= of a container), or lower load.clients",
        scenario->name, (unsigned long long)least, who, scenario->load.clients,
        (unsigned long long)hard, (unsigned long long)least);
}

int needs_within(struct needs *needs, const struct scenario *scenario, uint64_t hard_limit,
                 struct failure *failure)
{
    uint64_t clients = scenario->load.clients;
    needs->lanes = driver_lanes(scenario);
    /* The driver of programs holds two pipes for each of them, and more while it starts one. */
    needs->worker_descriptors =
        (scenario->client.exec != NULL ? 2 * (uint64_t)needs->lanes : clients) + MARGIN;
    needs->target_descriptors = scenario->target.kind == TARGET_EMBEDDED
                                    ? clients + lanes_programs(scenario) + 4 * 64 + MARGIN
                                    : 0;
    needs->worker_limit = limit_for(needs->worker_descriptors, hard_limit);
    needs->target_limit =
        needs->target_descriptors == 0 ? 0 : limit_for(needs->target_descriptors, hard_limit);
    if (check("worker", needs->worker_descriptors, hard_limit, scenario, failure) != 0) {
        return -1;
    }
    return check("target", needs->target_descriptors, hard_limit, scenario, failure);
}

int needs_of(struct needs *needs, const struct scenario *scenario, struct failure *failure)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "cannot read the limit of descriptors");
    }
    uint64_t hard = limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_max;
    return needs_within(needs, scenario, hard, failure);
}
