/* SPDX-License-Identifier: MIT
 *
 * Frees scenarios. A scenario that was read half is freed as well: what was not reached is zero.
 */
#include "harness/scenario/model.h"

#include <stdlib.h>

static void free_texts(char **texts)
{
    for (char **text = texts; text != NULL && *text != NULL; text++) {
        free(*text);
    }
    free(texts);
}

static void release_client(struct client_model *client)
{
    free(client->library);
    free(client->options);
    free_texts(client->exec);
    free_texts(client->env);
    free(client->cwd);
    free(client->alpn);
}

static void release_target(struct target_model *target)
{
    free(target->embedded.alpn);
    free(target->embedded.faults);
    free(target->host);
    free(target->ca_file);
    free(target->sni);
}

/* Depth is bounded: the parser refuses repeats nested deeper than SCENARIO_MAX_NESTING. */
static void free_steps(struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct step *step = &steps[i];
        free_steps(step->steps, step->step_count);
        for (size_t j = 0; j < step->header_count; j++) {
            free(step->headers[j].name);
            free(step->headers[j].value);
        }
        free(step->headers);
        free(step->expect.body);
        free(step->method);
        free(step->path);
        free(step->body);
    }
    free(steps);
}

const struct fault_kind *scenario_target_fault(const struct scenario *scenario)
{
    const struct embedded_model *embedded = &scenario->target.embedded;
    if (scenario->target.kind != TARGET_EMBEDDED || !embedded->tls) {
        return NULL;
    }
    switch (embedded->certificate) {
    case CERTIFICATE_EXPIRED:
        return fault_kind_of(FAULT_CERTIFICATE_EXPIRED);
    case CERTIFICATE_WRONG_HOST:
        return fault_kind_of(FAULT_CERTIFICATE_WRONG_HOST);
    case CERTIFICATE_UNKNOWN_CA:
        return fault_kind_of(FAULT_CERTIFICATE_UNKNOWN_CA);
    default:
        return NULL;
    }
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL) {
        return;
    }
    free(scenario->name);
    free(scenario->description);
    free(scenario->file);
    free(scenario->combination);
    release_client(&scenario->client);
    release_target(&scenario->target);
    free(scenario->load.stages);
    free_steps(scenario->steps, scenario->step_count);
    for (size_t i = 0; i < scenario->threshold_count; i++) {
        free(scenario->thresholds[i].metric);
        free(scenario->thresholds[i].text);
    }
    free(scenario->thresholds);
    for (size_t i = 0; i < scenario->expectation_count; i++) {
        free(scenario->expectations[i].flavor);
        free_texts(scenario->expectations[i].kinds);
    }
    free(scenario->expectations);
    free(scenario->json);
    free(scenario);
}
