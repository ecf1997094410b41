/* SPDX-License-Identifier: MIT
 *
 * Decides the options under which sanitizers run in a worker.
 */
#include "harness/watch/sanitizer_logs.h"

#include "harness/base/descriptor_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker in a loop of reports must not fill the controller's memory. */
#define MOST_BYTES ((size_t)16 << 20)

/* With the module also where the source is known: it says whose a frame is. */
#define FRAME_FORMAT "stack_trace_format='    #%n %p %F %S %M'"

/* Reported by the runtime, or left to the tracer. */
#define REPORT_SIGNALS                                                              \
    "handle_abort=1:handle_sigill=1:handle_sigfpe=1:handle_sigbus=1:handle_segv=1:" \
    "allow_user_segv_handler=1:"
#define LEAVE_SIGNALS \
    "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:"

extern char **environ;

/* What each runtime is told, before (defaults) and after what the user told it: the last word
 * counts. Uses of a stack frame after return are no default of gcc's, and cost memory: clients with
 * stacks of their own may want them off. Signals reach the
 * tracer in tsan; in asan, which is not traced, the runtime reports them. gcc's libubsan begins
 * late and then sets the path of libasan's log, which opens it anew and empty: with a path of its
 * own, what libasan has written of a report stays, and the rest follows in a file that is read
 * after it. */
static const struct {
    const char *variable;
    const char *flavor;
    const char *defaults;
    const char *options;
    const char *suffix; /* of the log's path */
} settings[] = {
    {"ASAN_OPTIONS", "asan", "detect_stack_use_after_return=1:",
     REPORT_SIGNALS "detect_leaks=1:abort_on_error=0:" FRAME_FORMAT, ""},
    /* Read by AddressSanitizer as well, after its own. A program with LeakSanitizer alone is not
     * traced either. */
    {"LSAN_OPTIONS", "asan", "", REPORT_SIGNALS FRAME_FORMAT, ""},
    {"UBSAN_OPTIONS", "asan", "", "print_stacktrace=1:" FRAME_FORMAT, ".ub"},
    {"TSAN_OPTIONS", "tsan", "", LEAVE_SIGNALS "second_deadlock_stack=1", ""},
    /* Of programs: no worker has it. */
    {"MSAN_OPTIONS", "msan", "", LEAVE_SIGNALS "abort_on_error=0:" FRAME_FORMAT, ""},
    /* UBSan alone, in a worker of no sanitizer's: signals are the tracer's. */
    {"UBSAN_OPTIONS", "ubsan", "", "print_stacktrace=1:" LEAVE_SIGNALS FRAME_FORMAT, ".ub"},
};

#define SETTINGS (sizeof settings / sizeof settings[0])

static bool sets(const char *entry, const char *variable)
{
    size_t length = strlen(variable);
    return strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

/* flavor NULL: one for each variable. */
static bool belongs(size_t setting, const char *flavor)
{
    const char *whose = settings[setting].flavor;
    return flavor != NULL ? strcmp(whose, flavor) == 0 : strcmp(whose, "ubsan") != 0;
}

static bool is_ours(const char *entry, const char *flavor)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (belongs(i, flavor) && sets(entry, settings[i].variable)) {
            return true;
        }
    }
    return false;
}

static const char *value_of(const char *const *environment, const char *variable)
{
    for (; *environment != NULL; environment++) {
        if (sets(*environment, variable)) {
            return *environment + strlen(variable) + 1;
        }
    }
    return NULL;
}

/* "ASAN_OPTIONS=defaults:user's:ours:log_path='...':exitcode=93" */
static char *setting_of(size_t i, const char *path, const char *const *environment)
{
    struct buffer text = BUFFER_INIT;
    const char *before = value_of(environment, settings[i].variable);
    char quote = strchr(path, '\'') == NULL ? '\'' : '"';
    buffer_printf(&text, "%s=%s", settings[i].variable, settings[i].defaults);
    if (before != NULL && before[0] != '\0') {
        buffer_printf(&text, "%s:", before);
    }
    if (settings[i].options[0] != '\0') {
        buffer_printf(&text, "%s:", settings[i].options);
    }
    buffer_printf(&text, "log_path=%c%s%s%c:exitcode=%d", quote, path, settings[i].suffix, quote,
                  SANITIZER_EXIT);
    if (text.truncated) {
        buffer_clear(&text);
    }
    return text.text;
}

static void environment_free(char **environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        free(environment[i]);
    }
    free(environment);
}

static char **environment_make(const char *path, const char *flavor, const char *const *from)
{
    size_t count = 0;
    size_t used = 0;
    while (from[count] != NULL) {
        count++;
    }
    char **environment = calloc(count + SETTINGS + 1, sizeof *environment);
    bool whole = environment != NULL;
    for (size_t i = 0; whole && i < count; i++) {
        if (!is_ours(from[i], flavor)) {
            environment[used] = strdup(from[i]);
            whole = environment[used++] != NULL;
        }
    }
    for (size_t i = 0; whole && i < SETTINGS; i++) {
        if (belongs(i, flavor)) {
            environment[used] = setting_of(i, path, from);
            whole = environment[used++] != NULL;
        }
    }
    if (!whole) {
        environment_free(environment);
        return NULL;
    }
    return environment;
}

/* Absolute: the client may change its directory. */
static int folder_make(struct sanitizer_logs *logs, const char *parent, struct failure *failure)
{
    char whole[4096];
    const char *temporary = getenv("TMPDIR");
    parent = parent != NULL                             ? parent
             : temporary != NULL && temporary[0] == '/' ? temporary
                                                        : "/tmp";
    if (realpath(parent, whole) == NULL || strpbrk(whole, "'\"") != NULL) {
        (void)snprintf(whole, sizeof whole, "/tmp");
    }
    (void)snprintf(logs->folder, sizeof logs->folder, "%s" DESCRIPTOR_LOG_SANITIZER "XXXXXX",
                   whole);
    if (mkdtemp(logs->folder) == NULL) {
        int error = errno;
        logs->folder[0] = '\0';
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot make a folder for the sanitizer's log in %s", whole);
    }
    return 0;
}

/* Whose settings the worker gets; NULL: none. */
static const char *settings_of(const char *flavor, bool undefined)
{
    bool has_sanitizer = strcmp(flavor, "asan") == 0 || strcmp(flavor, "tsan") == 0;
    return has_sanitizer ? flavor : undefined ? "ubsan" : NULL;
}

int sanitizer_logs_open(struct sanitizer_logs *logs, const char *parent, const char *flavor,
                        bool undefined, const char *const *environment, struct failure *failure)
{
    const char *whose = settings_of(flavor, undefined);
    struct sanitizer_logs none = SANITIZER_LOGS_INIT;
    *logs = none;
    logs->environment = environment;
    if (whose == NULL) {
        return 0;
    }
    if (folder_make(logs, parent, failure) != 0) {
        return -1;
    }
    char path[sizeof logs->folder + 8];
    (void)snprintf(path, sizeof path, "%s/log", logs->folder);
    logs->made = environment_make(
        path, whose, environment != NULL ? environment : (const char *const *)(uintptr_t)environ);
    logs->environment = (const char *const *)logs->made;
    if (logs->made == NULL) {
        return failure_set(failure, FAILURE_ENVIRONMENT, "no memory for the worker's environment");
    }
    return 0;
}

int sanitizer_logs_open_folder(struct sanitizer_logs *logs, const char *parent,
                               struct failure *failure)
{
    struct sanitizer_logs none = SANITIZER_LOGS_INIT;
    *logs = none;
    return folder_make(logs, parent, failure);
}

const char *const *sanitizer_logs_environment(const struct sanitizer_logs *logs)
{
    return logs->environment;
}

bool sanitizer_logs_exited(const struct sanitizer_logs *logs, int status)
{
    return logs->folder[0] != '\0' && WIFEXITED(status) && WEXITSTATUS(status) == SANITIZER_EXIT;
}

static void file_take(int folder, const char *name, struct buffer *text)
{
    char bytes[65536];
    ssize_t length;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return;
    }
    while ((length = read(fd, bytes, sizeof bytes)) > 0 && !text->truncated) {
        buffer_add(text, bytes, (size_t)length);
    }
    (void)close(fd);
}

char **sanitizer_logs_of_program(const char *path, const char *const *environment)
{
    return environment_make(path, NULL, environment);
}

void sanitizer_logs_free_environment(char **environment)
{
    environment_free(environment);
}

void sanitizer_logs_gather(const char *folder, const char *prefix, struct buffer *text)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    int fd = count > 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    text->ceiling = MOST_BYTES;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (fd >= 0 && name[0] != '.' && strncmp(name, prefix, strlen(prefix)) == 0) {
            file_take(fd, name, text);
            (void)unlinkat(fd, name, 0);
        }
        free(entries[i]);
    }
    free(entries);
    if (fd >= 0) {
        (void)close(fd);
    }
}

void sanitizer_logs_take(struct sanitizer_logs *logs, struct buffer *text)
{
    if (logs->folder[0] != '\0') {
        sanitizer_logs_gather(logs->folder, "", text);
        (void)rmdir(logs->folder);
    }
    environment_free(logs->made);
    struct sanitizer_logs none = SANITIZER_LOGS_INIT;
    *logs = none;
}
