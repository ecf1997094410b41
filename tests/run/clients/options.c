/* SPDX-License-Identifier: MIT
 *
 * Adds the options that it got, and a zero byte, to the file that EIGHTH_TEST_OPTIONS names. Dies
 * in its third request if they hold "die".
 */
#include "client/eighth_client.h"

static struct eighth_client options_client;
#define BASE_TABLE options_client
#include "tests/run/clients/base.h"

#include <fcntl.h>

static volatile int *volatile nowhere = (volatile int *)16;
static int doomed;

static void misbehave(enum base_operation operation, unsigned count)
{
    if (operation == AT_REQUEST && count == 2 && doomed) {
        *nowhere = 1;
    }
}

static int options_init(const char *options, eighth_process **process, struct eighth_error *error)
{
    const char *path = getenv("EIGHTH_TEST_OPTIONS");
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    size_t length = strlen(options) + 1;
    ssize_t written = fd >= 0 ? write(fd, options, length) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (written != (ssize_t)length) {
        return base_fail(error, EIGHTH_PHASE_NONE, EIGHTH_INTERNAL, "EIGHTH_TEST_OPTIONS");
    }
    doomed = strstr(options, "die") != NULL;
    return base_init(options, process, error);
}

__attribute__((constructor)) static void make_table(void)
{
    options_client = base_client;
    options_client.init = options_init;
}
