/* SPDX-License-Identifier: MIT
 *
 * Asks uname, /proc, the cgroup and the libraries.
 */
#include "harness/report/environment.h"

#include "harness/report/json.h"

#include <nghttp2/nghttp2.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void describe_kernel(cJSON *object)
{
    struct utsname name;
    if (uname(&name) != 0) {
        json_text(object, "kernel", "");
        return;
    }
    char text[sizeof name.sysname + sizeof name.release + sizeof name.machine + 4];
    (void)snprintf(text, sizeof text, "%s %s %s", name.sysname, name.release, name.machine);
    json_text(object, "kernel", text);
}

static void describe_processor(cJSON *object)
{
    char line[512];
    char model[256] = "";
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            colon[strcspn(colon, "\n")] = '\0';
            (void)snprintf(model, sizeof model, "%.200s", colon[1] == ' ' ? colon + 2 : colon + 1);
            break;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    json_text(object, "cpu", model);
}

/* The limit of this process's cgroup (version 2, as mounted in containers); 0: none known. */
static double memory_limit(void)
{
    char text[64] = "";
    FILE *file = fopen("/sys/fs/cgroup/memory.max", "re");
    if (file == NULL) {
        return 0;
    }
    if (fgets(text, sizeof text, file) == NULL) {
        text[0] = '\0';
    }
    (void)fclose(file);
    return strtod(text, NULL); /* "max" gives 0 */
}

void environment_describe(cJSON *object)
{
    json_text(object, "eighth", EIGHTH_VERSION);
    json_text(object, "openssl", OpenSSL_version(OPENSSL_VERSION));
    json_text(object, "nghttp2", nghttp2_version(0)->version_str);
    describe_kernel(object);
    describe_processor(object);
    json_number(object, "cores", (double)sysconf(_SC_NPROCESSORS_ONLN));
    json_number(object, "memory_bytes",
                (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE));
    json_number(object, "memory_limit_bytes", memory_limit());
}
