/* SPDX-License-Identifier: MIT
 *
 * Decides which findings tell one story.
 */
#include "harness/judge/across.h"

#include "harness/judge/signature_key.h"

#include <string.h>

/* Whether both may be the same bug, seen in two flavors. */
static bool are_linked(const struct scenario_result *one, const struct finding *a,
                       const struct scenario_result *other, const struct finding *b)
{
    const struct signature_key *first = a->signature.stacks;
    const struct signature_key *second = b->signature.stacks;
    return one->scenario == other->scenario && strcmp(one->flavor, other->flavor) != 0 &&
           first != NULL && second != NULL &&
           (signature_equal(first, second) || signature_related(first, second));
}

/* Gives all findings of the one story to the other. */
static void join(struct scenario_result *const *results, size_t count, unsigned from, unsigned to)
{
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < results[r]->findings.count; i++) {
            struct finding *finding = results[r]->findings.items[i];
            finding->story = finding->story == from ? to : finding->story;
        }
    }
}

static void link_pair(struct scenario_result *const *results, size_t count, struct finding *a,
                      struct finding *b, unsigned *stories)
{
    if (a->story == 0 && b->story == 0) {
        a->story = b->story = ++*stories;
    } else if (a->story == 0 || b->story == 0) {
        a->story = b->story = a->story + b->story;
    } else if (a->story != b->story) {
        join(results, count, b->story, a->story);
    }
}

void across_link(struct scenario_result *const *results, size_t count)
{
    unsigned stories = 0;
    for (size_t r = 0; r < count; r++) {
        for (size_t i = 0; i < results[r]->findings.count; i++) {
            results[r]->findings.items[i]->story = 0;
        }
    }
    for (size_t r = 0; r < count; r++) {
        for (size_t s = r + 1; s < count; s++) {
            for (size_t i = 0; i < results[r]->findings.count; i++) {
                for (size_t j = 0; j < results[s]->findings.count; j++) {
                    struct finding *a = results[r]->findings.items[i];
                    struct finding *b = results[s]->findings.items[j];
                    if (are_linked(results[r], a, results[s], b)) {
                        link_pair(results, count, a, b, &stories);
                    }
                }
            }
        }
    }
}
