/* SPDX-License-Identifier: MIT
 *
 * Carries a plan across exec: one JSON object in a memfd. 64-bit numbers travel as text, because
 * JSON readers keep 53 bits.
 */
#include "harness/scenario/plan.h"

#include "harness/scenario/parse.h"
#include "harness/scenario/syntax.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAN_VERSION 3
/* A scenario has a ceiling of its own; this one only guards against a foreign descriptor. */
#define PLAN_CEILING ((off_t)64 << 20)

static bool add_text(cJSON *object, const char *key, const char *text)
{
    return text == NULL || cJSON_AddStringToObject(object, key, text) != NULL;
}

/* NULL without memory. */
static char *print_plan(const struct plan *plan)
{
    char seed[24];
    (void)snprintf(seed, sizeof seed, "%" PRIu64, plan->seed);
    char *text = NULL;
    cJSON *object = cJSON_CreateObject();
    if (object != NULL && cJSON_AddNumberToObject(object, "version", PLAN_VERSION) != NULL &&
        add_text(object, "seed", seed) && add_text(object, "library", plan->library) &&
        add_text(object, "host", plan->host) &&
        cJSON_AddNumberToObject(object, "port", plan->port) != NULL &&
        cJSON_AddNumberToObject(object, "refuse_port", plan->refuse_port) != NULL &&
        add_text(object, "sni", plan->sni) && add_text(object, "ca_file", plan->ca_file) &&
        cJSON_AddBoolToObject(object, "count_instructions", plan->count_instructions) != NULL &&
        add_text(object, "file", plan->scenario->file) &&
        add_text(object, "combination", plan->scenario->combination) &&
        cJSON_AddRawToObject(object, "scenario", plan->scenario->json) != NULL) {
        text = cJSON_PrintUnformatted(object);
    }
    cJSON_Delete(object);
    return text;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

int plan_write(const struct plan *plan, int *fd, struct failure *failure)
{
    int status = -1;
    int memory = -1;
    char *text = print_plan(plan);
    if (text == NULL) {
        (void)failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the plan of a process");
        goto done;
    }
    memory = memfd_create("eighth-plan", 0);
    if (memory < 0 || write_all(memory, text, strlen(text)) != 0 ||
        lseek(memory, 0, SEEK_SET) != 0) {
        (void)failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot hand a plan to a process");
        goto done;
    }
    *fd = memory;
    memory = -1;
    status = 0;
done:
    if (memory >= 0) {
        (void)close(memory);
    }
    cJSON_free(text);
    return status;
}

/* The whole contents of fd, ended by a zero byte; NULL on any error, errno set. */
static char *read_all(int fd, size_t *length)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > PLAN_CEILING) {
        errno = EINVAL;
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *text = malloc(size + 1);
    size_t done = 0;
    while (text != NULL && done < size) {
        ssize_t got = pread(fd, text + done, size - done, (off_t)done);
        if (got <= 0) {
            if (got < 0 && errno == EINTR) {
                continue;
            }
            break;
        }
        done += (size_t)got;
    }
    if (text != NULL) {
        text[done] = '\0';
        *length = done;
    }
    return text;
}

static const char *text_of(const cJSON *object, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static int copy_text(const cJSON *object, const char *key, char **copy)
{
    const char *text = text_of(object, key);
    if (text == NULL) {
        return 0;
    }
    *copy = strdup(text);
    return *copy != NULL ? 0 : -1;
}

static int copy_port(const cJSON *object, const char *key, uint16_t *port)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 65535)) {
        return -1;
    }
    *port = (uint16_t)item->valuedouble;
    return 0;
}

static int read_seed(const cJSON *object, uint64_t *seed)
{
    const char *text = text_of(object, "seed");
    if (text == NULL || *text < '0' || *text > '9') {
        return -1;
    }
    char *end;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? 0 : -1;
}

/* The scenario's own text: printed from the tree it would not be quite the same. */
static bool find_scenario(const cJSON *object, const struct slice *plan, struct slice *scenario)
{
    size_t at = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next) {
        syntax_next_child(plan, &at, scenario);
        if (strcmp(child->string, "scenario") == 0) {
            return true;
        }
    }
    return false;
}

static int read_scenario(struct plan *plan, const cJSON *object, const struct slice *text,
                         struct failure *failure)
{
    const char *file = text_of(object, "file");
    struct slice own;
    struct scenario_list list = SCENARIO_LIST_INIT;
    int status = -1;
    if (!find_scenario(object, text, &own)) {
        return failure_set(failure, FAILURE_INTERNAL, "the plan holds no scenario");
    }
    if (scenario_parse(&list, file != NULL ? file : "plan", own.text, own.length, NULL, 0,
                       failure) != 0) {
        if (failure != NULL) {
            failure->kind = FAILURE_INTERNAL;
        }
        goto done;
    }
    if (list.count != 1) {
        (void)failure_set(failure, FAILURE_INTERNAL, "the plan holds %zu scenarios, not one",
                          list.count);
        goto done;
    }
    if (text_of(object, "combination") != NULL) {
        free(list.items[0]->combination);
        list.items[0]->combination = NULL;
        if (copy_text(object, "combination", &list.items[0]->combination) != 0) {
            (void)failure_set(failure, FAILURE_INTERNAL, "no memory to read the plan");
            goto done;
        }
    }
    plan->scenario = list.items[0];
    list.items[0] = NULL;
    status = 0;
done:
    scenario_list_clear(&list);
    return status;
}

static int read_fields(struct plan *plan, const cJSON *object, const struct slice *text,
                       struct failure *failure)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(object, "version");
    if (!cJSON_IsNumber(version) || version->valueint != PLAN_VERSION) {
        return failure_set(failure, FAILURE_INTERNAL,
                           "the plan is not of this version: do all programs of eighth come from "
                           "one build?");
    }
    if (read_seed(object, &plan->seed) != 0 || copy_port(object, "port", &plan->port) != 0 ||
        copy_port(object, "refuse_port", &plan->refuse_port) != 0) {
        return failure_set(failure, FAILURE_INTERNAL, "the plan lacks its seed or a port");
    }
    if (copy_text(object, "library", &plan->library) != 0 ||
        copy_text(object, "host", &plan->host) != 0 || copy_text(object, "sni", &plan->sni) != 0 ||
        copy_text(object, "ca_file", &plan->ca_file) != 0) {
        return failure_set(failure, FAILURE_INTERNAL, "no memory to read the plan");
    }
    plan->count_instructions =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "count_instructions"));
    return read_scenario(plan, object, text, failure);
}

int plan_read(struct plan *plan, int fd, struct failure *failure)
{
    memset(plan, 0, sizeof *plan);
    int status = -1;
    size_t length = 0;
    cJSON *object = NULL;
    char *text = read_all(fd, &length);
    if (text == NULL) {
        (void)failure_errno(failure, FAILURE_INTERNAL, errno, "cannot read the plan from fd %d",
                            fd);
        goto done;
    }
    object = cJSON_ParseWithLengthOpts(text, length + 1, NULL, 1);
    if (!cJSON_IsObject(object)) {
        (void)failure_set(failure, FAILURE_INTERNAL, "fd %d holds no plan", fd);
        goto done;
    }
    status = read_fields(plan, object, &(struct slice){text, length}, failure);
done:
    if (status != 0) {
        plan_release(plan);
    }
    cJSON_Delete(object);
    free(text);
    return status;
}

void plan_release(struct plan *plan)
{
    scenario_free(plan->scenario);
    free(plan->library);
    free(plan->host);
    free(plan->sni);
    free(plan->ca_file);
    memset(plan, 0, sizeof *plan);
}
