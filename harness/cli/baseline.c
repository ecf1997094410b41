/* SPDX-License-Identifier: MIT
 *
 * Where baselines lie.
 */
#include "harness/cli/baseline.h"

#include "harness/report/folder.h"
#include "harness/report/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int baseline_check_name(const char *option, const char *name, struct failure *failure)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    if (name[0] == '\0' || name[0] == '.' || name[strspn(name, allowed)] != '\0' ||
        strlen(name) > 100) {
        return failure_set(failure, FAILURE_USAGE,
                           "--%s %s: expected at most 100 letters, digits, '-', '_' and '.'",
                           option, name);
    }
    return 0;
}

int baseline_save(const char *reports, const char *name, const cJSON *report, char *path,
                  size_t capacity, struct failure *failure)
{
    struct report_folder folder;
    char file[160];
    char *text = report != NULL ? report_print(report) : NULL;
    if (text == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the report");
    }
    (void)snprintf(folder.path, sizeof folder.path, "%s", reports);
    (void)snprintf(file, sizeof file, "baselines/%.100s.json", name);
    (void)snprintf(path, capacity, "%s/%s", reports, file);
    int result = 0;
    if (mkdir(reports, 0777) != 0 && errno != EEXIST) {
        result = failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot make %s", reports);
    } else {
        result = report_folder_write(&folder, file, text, strlen(text), failure);
    }
    free(text);
    return result;
}

void baseline_path(const char *reports, const char *name, char *path, size_t capacity)
{
    (void)snprintf(path, capacity, "%s/baselines/%s.json", reports, name);
    if (access(path, F_OK) != 0 && access(name, F_OK) == 0) {
        (void)snprintf(path, capacity, "%s", name);
    }
}
