/* SPDX-License-Identifier: MIT
 *
 * What counts as a report.
 */
#include "harness/report/read.h"

#include "harness/base/buffer.h"
#include "harness/report/json.h"
#include "harness/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define LARGEST_REPORT ((size_t)256 << 20)

static int read_text(const char *path, struct buffer *text, struct failure *failure)
{
    char bytes[65536];
    size_t length;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return failure_errno(failure, FAILURE_USAGE, errno, "cannot read %s", path);
    }
    text->ceiling = LARGEST_REPORT;
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0) {
        buffer_add(text, bytes, length);
    }
    int bad = ferror(file) != 0 || text->truncated;
    (void)fclose(file);
    return bad ? failure_set(failure, FAILURE_USAGE, "cannot read %s: read error, or too large",
                             path)
               : 0;
}

cJSON *report_read(const char *path, struct failure *failure)
{
    char inside[4200];
    struct stat status;
    struct buffer text = BUFFER_INIT;
    cJSON *report = NULL;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)snprintf(inside, sizeof inside, "%.4096s/report.json", path);
        path = inside;
    }
    if (read_text(path, &text, failure) == 0) {
        report = cJSON_ParseWithLength(buffer_text(&text), text.length);
        if (!cJSON_IsObject(report) || !cJSON_IsArray(json_get(report, "scenarios"))) {
            (void)failure_set(failure, FAILURE_USAGE, "%s is not a report of eighth", path);
            cJSON_Delete(report);
            report = NULL;
        }
    }
    buffer_clear(&text);
    return report;
}

/* Comparisons and proofs of fixes have scenarios, too, but no findings with trials in them. */
static bool is_report(const cJSON *report)
{
    const cJSON *scenarios = json_get(report, "scenarios");
    const cJSON *scenario;
    cJSON_ArrayForEach(scenario, scenarios)
    {
        if (json_get_text(scenario, "name")[0] == '\0' ||
            !cJSON_IsObject(json_get(scenario, "trials")) ||
            !cJSON_IsArray(json_get(scenario, "findings"))) {
            return false;
        }
    }
    return true;
}

int report_check(const cJSON *report, const char *path, struct failure *failure)
{
    double version = json_get_number(report, "version");
    if (!is_report(report)) {
        return failure_set(failure, FAILURE_USAGE,
                           "%s is not a report of eighth: `eighth run` writes them as report.json",
                           path);
    }
    if (version != REPORT_VERSION) {
        return failure_set(failure, FAILURE_USAGE,
                           "%s is a report of version %g; this eighth reads version %d", path,
                           version, REPORT_VERSION);
    }
    return 0;
}
