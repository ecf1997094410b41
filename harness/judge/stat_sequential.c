/* SPDX-License-Identifier: MIT
 *
 * Decides, crash by crash, whether B crashes more than A.
 */
#include "harness/judge/stat_sequential.h"

#include "harness/judge/stat_special.h"

#include <math.h>

struct stat_sprt stat_sprt_plan(double ratio, double alpha, double beta)
{
    if (!(ratio > 1) || isinf(ratio) || !stat_is_share(alpha) || !stat_is_share(beta) ||
        alpha + beta >= 1)
        return (struct stat_sprt){NAN, NAN, NAN, NAN};
    return (struct stat_sprt){log(2 * ratio / (1 + ratio)), log(2 / (1 + ratio)),
                              log((1 - beta) / alpha), log(beta / (1 - alpha))};
}

enum stat_sprt_outcome stat_sprt_judge(const struct stat_sprt *plan, uint64_t a_crashes,
                                       uint64_t b_crashes)
{
    double evidence = (double)b_crashes * plan->b_step + (double)a_crashes * plan->a_step;
    if (evidence >= plan->upper)
        return STAT_SPRT_WORSE;
    if (evidence <= plan->lower)
        return STAT_SPRT_NOT_WORSE;
    return STAT_SPRT_CONTINUE;
}

/* The e-value is the sum of C(n, i) over i <= b, divided by n C(n - 1, b), where n = a + b + 1.
 * With b <= a its terms fall from the last one, C(n, b) / (n C(n - 1, b)) = 1 / (n - b). */
static double small_e_value(double a, double b)
{
    double n = a + b + 1;
    double term = 1 / (n - b);
    double sum = 0;
    for (double i = b; i >= 0 && term > sum * 1e-17; i--) {
        sum += term;
        term *= i / (n - i + 1);
    }
    return sum;
}

double stat_e_value(uint64_t a_crashes, uint64_t b_crashes)
{
    if (a_crashes > STAT_COUNT_MAX || b_crashes > STAT_COUNT_MAX)
        return NAN;
    double a = (double)a_crashes;
    double b = (double)b_crashes;
    if (b <= a)
        return small_e_value(a, b);
    /* 2^(a+b+1) B(b+1, a+1) P(Beta(b+1, a+1) > 1/2), where 2^(a+b) B(b+1, a+1) is the inverse of
     * (a + b + 1) P(Binomial(a + b, 1/2) = b). */
    double density = stat_binomial_density(b, a + b, 0.5);
    return 2 * stat_upper_beta(b + 1, a + 1, 0.5) / (a + b + 1) / density;
}
