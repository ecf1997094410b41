/* SPDX-License-Identifier: MIT
 *
 * Draws and clears one line of a terminal.
 */
#include "harness/cli/progress.h"

#include "harness/base/buffer.h"
#include "harness/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void progress_init(struct progress *progress, bool quiet)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    memset(progress, 0, sizeof *progress);
    progress->shown = !quiet && (no_color == NULL || no_color[0] == '\0') &&
                      (term == NULL || strcmp(term, "dumb") != 0) && isatty(STDERR_FILENO) == 1;
}

void progress_begin(struct progress *progress)
{
    progress->begun = clock_now();
    progress->last = progress->begun;
    progress->last_cycles = 0;
    progress->rate = 0;
}

static void follow_rate(struct progress *progress, uint64_t cycles)
{
    uint64_t now = clock_now();
    double seconds = (double)(now - progress->last) / (double)NS_PER_S;
    if (seconds <= 0) {
        return;
    }
    double more = cycles > progress->last_cycles ? (double)(cycles - progress->last_cycles) : 0;
    double rate = more / seconds;
    progress->rate = progress->rate > 0 ? progress->rate * 0.8 + rate * 0.2 : rate;
    progress->last = now;
    progress->last_cycles = cycles;
}

/* Seconds that are left, or -1 if nothing says how much is to come. */
static double time_left(const struct progress *progress, const struct progress_figures *figures)
{
    double elapsed = (double)(clock_now() - progress->begun) / (double)NS_PER_S;
    double done = 0;
    if (figures->cycles_planned > 0) {
        done = (double)figures->cycles / (double)figures->cycles_planned;
    } else if (figures->trial_planned > 0 && figures->trials > 0) {
        double part = (double)figures->trial_elapsed / (double)figures->trial_planned;
        done = ((double)figures->trial - 1 + (part < 1 ? part : 1)) / (double)figures->trials;
    }
    if (figures->time_planned > 0) {
        double over = elapsed * (double)NS_PER_S / (double)figures->time_planned;
        done = over > done ? (over < 1 ? over : 1) : done;
    }
    return done > 0.005 ? elapsed / done - elapsed : -1;
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10) {
        return size.ws_col;
    }
    return 80;
}

void progress_draw(struct progress *progress, const struct progress_figures *figures)
{
    if (!progress->shown) {
        return;
    }
    struct buffer line = BUFFER_INIT;
    follow_rate(progress, figures->cycles);
    bool plain = strcmp(figures->flavor, "plain") == 0;
    buffer_printf(&line, "%s%s%s: trial %" PRIu64, figures->scenario, plain ? "" : " ",
                  plain ? "" : figures->flavor, figures->trial);
    if (figures->trials > 0) {
        buffer_printf(&line, "/%" PRIu64, figures->trials);
    }
    buffer_printf(&line, "  %" PRIu64 " cycles", figures->cycles);
    if (figures->cycles_planned > 0) {
        buffer_printf(&line, " of %" PRIu64, figures->cycles_planned);
    }
    buffer_printf(&line, "  %.0f/s  %" PRIu64 " finding%s", progress->rate, figures->findings,
                  figures->findings == 1 ? "" : "s");
    double left = time_left(progress, figures);
    if (left >= 0) {
        buffer_printf(&line, "  %.0f s left", left);
    }
    size_t width = terminal_width() - 1;
    (void)fprintf(stderr, "\r%.*s\033[K", (int)(line.length < width ? line.length : width),
                  buffer_text(&line));
    (void)fflush(stderr);
    progress->on_screen = true;
    buffer_clear(&line);
}

void progress_clear(struct progress *progress)
{
    if (progress->on_screen) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->on_screen = false;
    }
}
