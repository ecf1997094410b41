/* SPDX-License-Identifier: MIT
 *
 * Decides how normal, binomial, Poisson, beta and gamma probabilities are computed.
 */
#include "harness/judge/stat_special.h"

#include <math.h>
#include <stddef.h>

/* A continued fraction needs about sqrt(count) steps; this is far above sqrt(STAT_COUNT_MAX). */
#define FRACTION_STEPS 20000000
#define FRACTION_EPSILON 1e-15
#define FRACTION_TINY 1e-300
#define COUNT_CEILING (2.0 * (double)STAT_COUNT_MAX) /* room for k + 1 and n - k */
#define BISECTIONS 1200 /* from the largest to the smallest double and through all bits of it */

struct stat_interval stat_no_interval(void)
{
    return (struct stat_interval){NAN, NAN};
}

bool stat_is_share(double share)
{
    return share > 0 && share < 1;
}

double stat_solve(double (*function)(double x, const void *context), const void *context,
                  double low, double high, double level)
{
    bool rising = function(low, context) <= function(high, context);
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        bool below = function(middle, context) < level;
        if (below == rising)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double stat_normal_tail(double z)
{
    return 0.5 * erfc(z / M_SQRT2);
}

static double normal_tail_at(double z, const void *context)
{
    (void)context;
    return stat_normal_tail(z);
}

double stat_normal_deviate(double tail)
{
    if (!stat_is_share(tail))
        return NAN;
    if (tail > 0.5)
        return -stat_solve(normal_tail_at, NULL, 0, 40, 1 - tail);
    return stat_solve(normal_tail_at, NULL, 0, 40, tail);
}

double stat_two_sided_deviate(double confidence)
{
    if (!stat_is_share(confidence))
        return NAN;
    return stat_normal_deviate((1 - confidence) / 2);
}

/* ln(n!) minus Stirling's formula for it. */
static double stirling_error(double n)
{
    if (n < 16) {
        int sign = 0;
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - 0.5 * log(2 * M_PI);
    }
    double square = n * n;
    return (1.0 / 12 -
            (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square) / square) /
                square) /
           n;
}

/* x ln(x / mean) + mean - x for x > 0, mean > 0, given excess = x - mean, which the caller knows
 * more precisely than the difference of the two would be. */
static double deviance(double mean, double excess)
{
    double t = excess / mean;
    if (t <= -1)
        return mean; /* x is nothing beside the mean */
    if (fabs(t) > 0.1)
        return mean * ((1 + t) * log1p(t) - t);
    /* (1 + t) ln(1 + t) - t = t^2/2 - t^3/6 + t^4/12 - ... */
    double sum = 0;
    double power = t * t;
    for (int k = 2; k < 40; k++) {
        double term = power / ((double)k * (k - 1));
        sum += term;
        if (fabs(term) <= 1e-17 * sum)
            break;
        power *= -t;
    }
    return mean * sum;
}

double stat_binomial_density(double k, double n, double p)
{
    if (!(n >= 0 && k >= 0 && k <= n && p >= 0 && p <= 1))
        return NAN;
    if (p == 0)
        return k == 0 ? 1 : 0;
    if (p == 1)
        return k == n ? 1 : 0;
    if (k == 0)
        return exp(n * log1p(-p));
    if (k == n)
        return exp(n * log(p));
    double rest = n - k;
    double excess = k - n * p;
    double exponent = stirling_error(n) - stirling_error(k) - stirling_error(rest) -
                      deviance(n * p, excess) - deviance(n * (1 - p), -excess);
    return exp(exponent) * sqrt(n / k / rest / (2 * M_PI));
}

double stat_poisson_density(double k, double mean)
{
    if (!(k >= 0 && mean >= 0) || isinf(k) || isinf(mean))
        return NAN;
    if (mean == 0)
        return k == 0 ? 1 : 0;
    if (k == 0)
        return exp(-mean);
    return exp(-stirling_error(k) - deviance(mean, k - mean)) / sqrt(2 * M_PI * k);
}

static double away_from_zero(double value)
{
    return fabs(value) < FRACTION_TINY ? FRACTION_TINY : value;
}

/* The continued fraction of A. R. DiDonato and A. H. Morris, "Algorithm 708" (1992):
 * I_x(a, b) = x^a y^b / B(a, b) times it, quick for x < (a + 1) / (a + b + 2). y is 1 - x, and
 * slack is a - (a + b) x; the caller knows both without cancellation. */
static double beta_fraction(double a, double b, double x, double y, double slack)
{
    double f = away_from_zero(a * (slack + 1) / (a + 1));
    double c = f;
    double d = 0;
    for (int i = 1; i < FRACTION_STEPS; i++) {
        double m = i;
        double step = a + 2 * m - 1;
        double above = (a + m - 1) / step * (a + b + m - 1) / step * m * (b - m) * x * x;
        double below =
            m + m * (b - m) * x / step + (a + m) * (slack + 1 + m * (1 + y)) / (step + 2);
        d = 1 / away_from_zero(below + above * d);
        c = away_from_zero(below + above / c);
        f *= c * d;
        if (fabs(c * d - 1) < FRACTION_EPSILON)
            break;
    }
    return 1 / f;
}

static bool beta_arguments(double a, double b, double x)
{
    return a > 0 && b > 0 && a <= COUNT_CEILING && b <= COUNT_CEILING && x >= 0 && x <= 1;
}

/* I_x(a, b) below its turning point, and 1 - I_x(a, b) above it: x^a (1-x)^b / B(a, b) is the
 * binomial density times ab / (a + b). */
static double beta_below(double a, double b, double x)
{
    double slack = a - (a + b) * x;
    return stat_binomial_density(a, a + b, x) * a * (b / (a + b)) *
           beta_fraction(a, b, x, 1 - x, slack);
}

static double beta_above(double a, double b, double x)
{
    double slack = (a + b) * x - a;
    return stat_binomial_density(a, a + b, x) * b * (a / (a + b)) *
           beta_fraction(b, a, 1 - x, x, slack);
}

static bool below_turning_point(double a, double b, double x)
{
    return x < (a + 1) / (a + b + 2);
}

double stat_lower_beta(double a, double b, double x)
{
    if (!beta_arguments(a, b, x))
        return NAN;
    if (x == 0 || x == 1)
        return x;
    return below_turning_point(a, b, x) ? fmin(1, beta_below(a, b, x))
                                        : fmax(0, 1 - beta_above(a, b, x));
}

double stat_upper_beta(double a, double b, double x)
{
    if (!beta_arguments(a, b, x))
        return NAN;
    if (x == 0 || x == 1)
        return 1 - x;
    return below_turning_point(a, b, x) ? fmax(0, 1 - beta_below(a, b, x))
                                        : fmin(1, beta_above(a, b, x));
}

/* sum over i of x^i / ((a+1) ... (a+i)): P(a, x) is this times the Poisson density at a. */
static double gamma_series(double a, double x)
{
    double sum = 1;
    double term = 1;
    for (int i = 1; i < FRACTION_STEPS; i++) {
        term *= x / (a + i);
        sum += term;
        if (term < sum * FRACTION_EPSILON)
            break;
    }
    return sum;
}

/* Q(a, x) is this times a times the Poisson density at a; for x > a + 1. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a;
    double c = 1 / FRACTION_TINY;
    double d = 1 / away_from_zero(b);
    double fraction = d;
    for (int i = 1; i < FRACTION_STEPS; i++) {
        double numerator = -i * (i - a);
        b += 2;
        d = 1 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        fraction *= d * c;
        if (fabs(d * c - 1) < FRACTION_EPSILON)
            break;
    }
    return fraction;
}

static bool gamma_arguments(double a, double x)
{
    return a > 0 && a <= COUNT_CEILING && x >= 0 && !isinf(x);
}

double stat_lower_gamma(double a, double x)
{
    if (!gamma_arguments(a, x))
        return NAN;
    if (x == 0)
        return 0;
    double density = stat_poisson_density(a, x);
    if (x < a + 1)
        return fmin(1, density * gamma_series(a, x));
    return fmax(0, 1 - density * a * gamma_fraction(a, x));
}

double stat_upper_gamma(double a, double x)
{
    if (!gamma_arguments(a, x))
        return NAN;
    if (x == 0)
        return 1;
    double density = stat_poisson_density(a, x);
    if (x < a + 1)
        return fmax(0, 1 - density * gamma_series(a, x));
    return fmin(1, density * a * gamma_fraction(a, x));
}
