/* SPDX-License-Identifier: MIT
 *
 * Decides how p-values are adjusted for their number.
 */
#include "harness/judge/stat_multiple.h"

#include <math.h>
#include <stdlib.h>

struct entry {
    double p;
    size_t index;
};

static int compare(const void *left, const void *right)
{
    double a = ((const struct entry *)left)->p;
    double b = ((const struct entry *)right)->p;
    return (a > b) - (a < b);
}

/* The p-values sorted upwards, to be freed by the caller; NULL with *failure filled. */
static struct entry *sorted_entries(const double *p, size_t n, struct failure *failure)
{
    for (size_t i = 0; i < n; i++) {
        if (!(p[i] >= 0 && p[i] <= 1)) {
            failure_set(failure, FAILURE_INTERNAL, "%g is no p-value", p[i]);
            return NULL;
        }
    }
    struct entry *entries = calloc(n + 1, sizeof(*entries));
    if (!entries) {
        failure_set(failure, FAILURE_ENVIRONMENT, "no memory for %zu p-values", n);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        entries[i] = (struct entry){p[i], i};
    if (n > 1)
        qsort(entries, n, sizeof(*entries), compare);
    return entries;
}

int stat_holm(const double *p, size_t n, double *adjusted, struct failure *failure)
{
    struct entry *entries = sorted_entries(p, n, failure);
    if (!entries)
        return -1;
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fmin(1, (double)(n - i) * entries[i].p));
        adjusted[entries[i].index] = largest;
    }
    free(entries);
    return 0;
}

int stat_benjamini_hochberg(const double *p, size_t n, double *adjusted, struct failure *failure)
{
    struct entry *entries = sorted_entries(p, n, failure);
    if (!entries)
        return -1;
    double smallest = 1;
    for (size_t i = n; i-- > 0;) {
        smallest = fmin(smallest, (double)n * entries[i].p / (double)(i + 1));
        adjusted[entries[i].index] = smallest;
    }
    free(entries);
    return 0;
}
