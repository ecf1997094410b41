/* SPDX-License-Identifier: MIT
 *
 * Whether steps make sense one after the other: no request before a connect, no second connect on
 * an open connection, no race that a client could not even be asked for.
 */
#include "harness/scenario/shape.h"

/* What is known of the instance between two steps. */
enum standing {
    FRESH = 0, /* never connected */
    OPEN,
    CLOSED,  /* closed, or its connect failed as expected */
    DROPPED, /* freed without close: the next connect makes a new instance */
    UNKNOWN  /* an error was expected: either will do */
};

static int check_list(struct reading *reading, const struct place *place, const struct step *steps,
                      size_t count, enum standing *standing);

static const char *kind_name(enum step_kind kind)
{
    for (size_t i = 0; i < step_entry_count; i++) {
        if (step_entries[i].kind == kind) {
            return step_entries[i].name;
        }
    }
    return "?";
}

/* A request or a ping: needs a connection, unless it is meant to fail. */
static int check_exchange(struct reading *reading, const struct place *place,
                          const struct step *step, enum standing *standing)
{
    if (step->expect.error) {
        *standing = *standing == OPEN ? UNKNOWN : *standing;
        return 0;
    }
    if (*standing == FRESH) {
        return reading_fail(reading, place, "%s before any connect", kind_name(step->kind));
    }
    if (*standing == CLOSED || *standing == DROPPED) {
        return reading_fail(reading, place, "%s after the connection was closed",
                            kind_name(step->kind));
    }
    return 0;
}

static int check_connect(struct reading *reading, const struct place *place,
                         const struct step *step, enum standing *standing)
{
    if (*standing == OPEN) {
        return reading_fail(reading, place, "connect while the connection is open; close it first");
    }
    if (step->expect.error) {
        *standing = CLOSED;
        return 0;
    }
    *standing = OPEN;
    return 0;
}

static int check_close(struct reading *reading, const struct place *place, const struct step *step,
                       bool racing, enum standing *standing)
{
    if (*standing == FRESH) {
        return reading_fail(reading, place, "close before any connect");
    }
    if (*standing == DROPPED) {
        return reading_fail(reading, place, "close after the instance was dropped");
    }
    if (step->close == CLOSE_NONE && racing) {
        return reading_fail(reading, place,
                            "a close with mode \"none\" drops the instance: it cannot race");
    }
    *standing = step->close == CLOSE_NONE ? DROPPED : CLOSED;
    return 0;
}

/* All of its operations begin on the standing before it. */
static int check_race(struct reading *reading, const struct place *place, const struct step *race,
                      enum standing *standing)
{
    struct place list = {place, "operations", 0};
    size_t connects = 0;
    size_t closes = 0;
    for (size_t i = 0; i < race->step_count; i++) {
        connects += race->steps[i].kind == STEP_CONNECT;
        closes += race->steps[i].kind == STEP_CLOSE;
    }
    for (size_t i = 0; i < race->step_count; i++) {
        const struct step *step = &race->steps[i];
        struct place item = {&list, NULL, i};
        struct place at = {&item, kind_name(step->kind), 0};
        enum standing before = *standing;
        int status = 0;
        if (step->kind == STEP_CONNECT && connects > 1) {
            return reading_fail(reading, &at, "a race can have one connect only");
        }
        if (connects > 0 && step->kind != STEP_CONNECT && step->kind != STEP_CLOSE) {
            return reading_fail(reading, &at, "a connect can race with close only, not with a %s",
                                kind_name(step->kind));
        }
        if (step->kind == STEP_CONNECT) {
            status = check_connect(reading, &at, step, &before);
        } else if (step->kind == STEP_CLOSE) {
            before = connects > 0 ? OPEN : before;
            status = check_close(reading, &at, step, true, &before);
        } else {
            status = check_exchange(reading, &at, step, &before);
        }
        if (status != 0) {
            return -1;
        }
    }
    if (closes > 0) {
        *standing = CLOSED;
    }
    return 0;
}

/* The body must make sense after itself, too. */
static int check_repeat(struct reading *reading, const struct place *place,
                        const struct step *repeat, enum standing *standing)
{
    struct place list = {place, "steps", 0};
    int rounds = repeat->times > 1 ? 2 : 1;
    for (int i = 0; i < rounds; i++) {
        if (check_list(reading, &list, repeat->steps, repeat->step_count, standing) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_list(struct reading *reading, const struct place *place, const struct step *steps,
                      size_t count, enum standing *standing)
{
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &steps[i];
        struct place item = {place, NULL, i};
        struct place at = {&item, kind_name(step->kind), 0};
        int status = 0;
        switch (step->kind) {
        case STEP_CONNECT:
            status = check_connect(reading, &at, step, standing);
            break;
        case STEP_REQUEST:
        case STEP_PING:
            status = check_exchange(reading, &at, step, standing);
            break;
        case STEP_CLOSE:
            status = check_close(reading, &at, step, false, standing);
            break;
        case STEP_REPEAT:
            status = check_repeat(reading, &at, step, standing);
            break;
        case STEP_RACE:
            status = check_race(reading, &at, step, standing);
            break;
        case STEP_HOLD:
        case STEP_RUN:
        default:
            break;
        }
        if (status != 0) {
            return -1;
        }
    }
    return 0;
}

int steps_check(struct reading *reading, const struct place *place)
{
    enum standing standing = FRESH;
    struct place list = {place, "steps", 0};
    return check_list(reading, &list, reading->scenario->steps, reading->scenario->step_count,
                      &standing);
}
