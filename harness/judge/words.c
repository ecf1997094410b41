/* SPDX-License-Identifier: MIT
 *
 * Numbers to words.
 */
#include "harness/judge/words.h"

#include "client/eighth_client.h"
#include "harness/base/clock.h"
#include "harness/base/logbook.h"

#include <stddef.h>

const char *words_phase(int64_t phase)
{
    static const char *const names[LOGBOOK_PHASES] = {
        [EIGHTH_PHASE_NONE] = "none",       [EIGHTH_PHASE_RESOLVE] = "resolve",
        [EIGHTH_PHASE_TCP] = "tcp",         [EIGHTH_PHASE_TLS] = "tls",
        [EIGHTH_PHASE_ALPN] = "alpn",       [EIGHTH_PHASE_H2] = "h2",
        [EIGHTH_PHASE_REQUEST] = "request", [EIGHTH_PHASE_CLOSE] = "close",
    };
    return phase >= 0 && phase < LOGBOOK_PHASES ? names[phase] : "?";
}

const char *words_class(int64_t error_class)
{
    static const char *const names[LOGBOOK_CLASSES] = {
        [EIGHTH_OK] = "ok",
        [EIGHTH_REFUSED] = "refused",
        [EIGHTH_RESET] = "reset",
        [EIGHTH_TIMEOUT] = "timeout",
        [EIGHTH_PROTOCOL] = "protocol",
        [EIGHTH_CERTIFICATE] = "certificate",
        [EIGHTH_CANCELLED] = "cancelled",
        [EIGHTH_INTERNAL] = "internal",
        [EIGHTH_UNSUPPORTED] = "unsupported",
    };
    return error_class >= 0 && error_class < LOGBOOK_CLASSES ? names[error_class] : "?";
}

const char *words_worker_state(unsigned state)
{
    static const char *const names[] = {
        [WORKER_STARTING] = "starting", [WORKER_LOADING] = "loading the client",
        [WORKER_RUNNING] = "running",   [WORKER_CLEANING] = "cleaning up",
        [WORKER_FINISHED] = "finished", [WORKER_REFUSED] = "refused to start",
    };
    return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

/* value with three significant digits or so. */
static void add_scaled(struct buffer *text, double value, const char *unit)
{
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    buffer_printf(text, "%.*f %s", digits, value, unit);
}

void words_duration(struct buffer *text, uint64_t ns)
{
    if (ns < NS_PER_US) {
        buffer_printf(text, "%llu ns", (unsigned long long)ns);
    } else if (ns < NS_PER_MS) {
        add_scaled(text, (double)ns / (double)NS_PER_US, "us");
    } else if (ns < NS_PER_S) {
        add_scaled(text, (double)ns / (double)NS_PER_MS, "ms");
    } else {
        add_scaled(text, (double)ns / (double)NS_PER_S, "s");
    }
}

void words_size(struct buffer *text, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        buffer_printf(text, "%llu B", (unsigned long long)bytes);
        return;
    }
    double value = (double)bytes / 1024;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    add_scaled(text, value, units[unit]);
}

void words_clean(struct buffer *text, const char *words, size_t limit)
{
    for (size_t i = 0; i < limit && words[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)words[i];
        char clean = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
        buffer_add(text, &clean, 1);
    }
}
