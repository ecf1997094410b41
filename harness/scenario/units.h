/* SPDX-License-Identifier: MIT
 *
 * Values with units, as scenarios and options write them: "250ms", "64KiB", "200/s", "0.1%".
 *
 * All functions read the whole text: a decimal number without sign or exponent, directly followed
 * by its unit. They return 0, or -1 for a text that is none of theirs or does not fit the result.
 */
#ifndef SCENARIO_UNITS_H
#define SCENARIO_UNITS_H

#include <stdint.h>

/** Nanoseconds from "5m": units ns, us, ms, s, m, h. A fraction must come out whole: "1.5s". */
int units_duration(const char *text, uint64_t *ns);

/** Bytes from "64KiB": units B, kB, KB, MB, GB (powers of 1000), KiB, MiB, GiB (of 1024). */
int units_size(const char *text, uint64_t *bytes);

/** Events per second from "200/s": units /s, /m, /h. */
int units_rate(const char *text, double *per_second);

/** A fraction from "0.1%" or "0.001". */
int units_ratio(const char *text, double *fraction);

/** A number without unit: "0", "2.5". */
int units_number(const char *text, double *number);

/* The same as patterns of a JSON Schema, without ^ and $. */
#define UNITS_NUMBER_PATTERN "[0-9]+([.][0-9]+)?"
#define UNITS_DURATION_PATTERN UNITS_NUMBER_PATTERN "(ns|us|ms|s|m|h)"
#define UNITS_SIZE_PATTERN UNITS_NUMBER_PATTERN "(B|[kKMG]B|[KMG]iB)"
#define UNITS_RATE_PATTERN UNITS_NUMBER_PATTERN "/[smh]"
#define UNITS_RATIO_PATTERN UNITS_NUMBER_PATTERN "%?"

#endif
