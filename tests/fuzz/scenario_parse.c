/* SPDX-License-Identifier: MIT
 *
 * Feeds any bytes to the parser of scenarios. What stands before the first zero byte is the
 * scenario, each text behind it is an override as of `--set`. Beyond what the sanitizers see: a
 * refusal has a message, and an accepted scenario reads the same from its canonical JSON.
 */
#include "harness/scenario/parse.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OVERRIDES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static void check_again(const struct scenario *scenario)
{
    struct scenario_list again = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    int status = scenario_parse(&again, "other/again.json", scenario->json, strlen(scenario->json),
                                NULL, 0, &failure);
    demand(status == 0, failure.text);
    demand(again.count == 1, "one scenario in the canonical JSON");
    demand(strcmp(again.items[0]->json, scenario->json) == 0, "the same canonical JSON");
    scenario_list_clear(&again);
}

static void try_parse(const char *text, size_t length, const char *const *overrides, size_t count)
{
    struct scenario_list list = SCENARIO_LIST_INIT;
    struct failure failure = FAILURE_INIT;
    int status =
        scenario_parse(&list, "folder/fuzz.json", text, length, overrides, count, &failure);
    if (status != 0) {
        demand(list.count == 0 && list.items == NULL, "an empty list after a refusal");
        demand(failure.kind == FAILURE_USAGE && failure.text[0] != '\0', "a message");
        return;
    }
    demand(list.count >= 1 && list.count <= 1000, "1 to 1,000 combinations");
    for (size_t i = 0; i < list.count; i++) {
        demand(list.items[i]->step_count > 0 && list.items[i]->load.threads > 0, "a whole model");
        if (i < 3 || i + 1 == list.count) {
            check_again(list.items[i]);
        }
    }
    scenario_list_clear(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    demand(text != NULL, "memory");
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    try_parse(text, size, NULL, 0);
    const char *overrides[MAX_OVERRIDES];
    size_t count = 0;
    size_t length = strlen(text);
    for (size_t at = length + 1; at < size && count < MAX_OVERRIDES; at += strlen(text + at) + 1) {
        overrides[count++] = text + at;
    }
    if (count > 0) {
        try_parse(text, length, overrides, count);
    }
    free(text);
    return 0;
}
