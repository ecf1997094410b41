/* SPDX-License-Identifier: MIT
 *
 * One inherited event: the kernel adds up what all threads counted.
 */
#include "harness/worker/instructions.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int instructions_open_event(uint32_t type, uint64_t config)
{
    struct perf_event_attr event;
    memset(&event, 0, sizeof event);
    event.size = sizeof event;
    event.type = type;
    event.config = config;
    event.disabled = 1;
    event.inherit = 1;
    event.exclude_kernel = 1; /* allowed to everybody up to perf_event_paranoid 2 */
    event.exclude_hv = 1;
    event.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int instructions_open(void)
{
    return instructions_open_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);
}

void instructions_start(int counter)
{
    if (counter >= 0) {
        (void)ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
    }
}

uint64_t instructions_read(int counter)
{
    struct {
        uint64_t value;
        uint64_t enabled;
        uint64_t running;
    } told;
    if (counter < 0 || read(counter, &told, sizeof told) != (ssize_t)sizeof told ||
        told.running != told.enabled) {
        return 0;
    }
    return told.value;
}

void instructions_close(int counter)
{
    if (counter >= 0) {
        (void)close(counter);
    }
}
