/* SPDX-License-Identifier: MIT
 *
 * Composes headlines. No rule knows a client, a library or a bug.
 */
#include "harness/judge/headline.h"

#include "harness/judge/locks.h"
#include "harness/judge/neighbour.h"
#include "harness/judge/signature_class.h"
#include "harness/judge/signature_key.h"
#include "harness/judge/signature_name.h"
#include "harness/judge/site.h"
#include "harness/judge/words.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* Eight times the byte that the flavor poison has glibc fill freed memory with: see flavor.c. */
#define FILLING UINT64_C(0xa5a5a5a5a5a5a5a5)

/* ---- deaths ---- */

bool headline_is_from_outside(const struct thread_stacks *stacks)
{
    const struct stack_signal *signal = &stacks->signal;
    return signal->number != 0 && signal->code <= 0 && signal->sender != 0 &&
           signal->sender != stacks->pid;
}

static const char *hint(const struct trial_record *record, int number)
{
    bool known = record->stacks.signal.number == number;
    if (known && headline_is_from_outside(&record->stacks)) {
        return ": killed from outside";
    }
    switch (number) {
    case SIGKILL:
        return ": killed from outside, perhaps by the out-of-memory killer";
    case SIGPIPE:
        return ": it wrote to a connection that the peer had closed";
    case SIGABRT:
        return known ? "" : ": it called abort, perhaps through a failed assertion or a heap check";
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
    case SIGQUIT:
        return known ? ": sent by the client itself" : ": killed from outside";
    default:
        return "";
    }
}

static void add_site(const struct stack *stack, const char *module, struct buffer *text)
{
    struct site site;
    site_find(stack, module, &site);
    site_tell(&site, text);
}

/* A thread that the driver does not know, by the client's function that it began in. */
static void add_own_thread(const struct trial_record *record, const struct culprit *culprit,
                           struct buffer *text)
{
    const char *begun = NULL;
    bool of_worker = strcmp(record->stacks.executable, "eighth-worker") == 0;
    for (uint32_t i = 0; of_worker && culprit->sure && i < culprit->stack->count; i++) {
        const struct stack_frame *frame = &culprit->stack->frames[i];
        if (site_is_client(frame, record->module) && frame->function != NULL) {
            begun = frame->function;
        }
    }
    if (begun != NULL && !culprit->has_doing && culprit->stack->tid != record->stacks.pid) {
        buffer_puts(text, ", in a thread of the client's own, begun in ");
        words_clean(text, begun, strlen(begun));
    }
}

/* Of an address that no pointer can have nothing is known but what the registers held. */
static void add_filling(const struct trial_record *record, struct buffer *text)
{
    const struct thread_stacks *stacks = &record->stacks;
    if (!record->poisoned || stacks->signal.number != SIGSEGV || stacks->signal.code != SI_KERNEL) {
        return;
    }
    for (uint32_t i = 0; i < stacks->register_count && i < STACK_REGISTERS; i++) {
        if (stacks->registers[i].value == FILLING) {
            buffer_printf(text, "; %s held 0x%" PRIx64 ", which poison fills freed memory with",
                          stacks->registers[i].name, FILLING);
            return;
        }
    }
}

void headline_of_signal(const struct trial_record *record, const struct culprit *culprit,
                        const struct abort_text *abort, struct buffer *text)
{
    int number = WTERMSIG(record->status);
    char name[32];
    buffer_puts(text, child_signal_name(number, name, sizeof name));
    if (abort->kind != ABORT_NONE) {
        buffer_puts(text, ": ");
        words_clean(text, abort->text, sizeof abort->text);
    } else if (record->stacks.signal.has_address) {
        buffer_printf(text, " at 0x%" PRIx64, record->stacks.signal.address);
    }
    bool outside = headline_is_from_outside(&record->stacks);
    if (culprit->sure && culprit->stack != NULL && culprit->stack->count > 0 && !outside) {
        buffer_puts(text, " in ");
        struct site site;
        site_find(culprit->stack, record->module, &site);
        site_tell(&site, text);
        site_tell_line(&site, text);
        add_own_thread(record, culprit, text);
    }
    culprit_tell(record, culprit, text);
    struct neighbour neighbour;
    if (!outside && neighbour_find(record, culprit, &neighbour)) {
        neighbour_tell(record, culprit, &neighbour, text);
    }
    add_filling(record, text);
    if (abort->kind == ABORT_NONE) {
        buffer_puts(text, hint(record, number));
    }
}

void headline_of_hang(const struct trial_record *record, const struct culprit *culprit,
                      uint64_t deadline_ns, struct buffer *text)
{
    buffer_puts(text, "not done at the deadline of ");
    words_duration(text, deadline_ns);
    const char *between = culprit->has_doing && culprit->doing.busy ? ": longest in " : ": ";
    buffer_puts(text, between);
    if (culprit->has_doing && culprit->doing.busy) {
        uint64_t begun = culprit->doing.last.time;
        doing_operation(&culprit->doing.last, text);
        buffer_puts(text, ", for ");
        words_duration(text, culprit->when > begun ? culprit->when - begun : 0);
    } else {
        buffer_puts(text, words_worker_state(trial_state(record)));
    }
    if (culprit->stack != NULL && culprit->stack->count > 0) {
        buffer_puts(text, ", in ");
        add_site(culprit->stack, record->module, text);
    }
    struct doing other;
    if (culprit_companion(record, culprit, &other) && other.busy) {
        buffer_printf(text, "; thread %d is in %s of the same instance", other.tid,
                      flight_operation_name(other.last.operation));
    }
}

/* ---- reports ---- */

static const char *access_word(enum sanitizer_access access)
{
    return access == SANITIZER_READ ? "read" : access == SANITIZER_WRITE ? "write" : "";
}

static bool add_role(const struct sanitizer_report *report, const char *role, const char *before,
                     const char *module, struct buffer *text)
{
    const struct sanitizer_stack *stack = sanitizer_report_find(report, role);
    if (stack == NULL || stack->stack.count == 0) {
        return false;
    }
    buffer_puts(text, before);
    add_site(&stack->stack, module, text);
    return true;
}

/* "heap block of size 16", without the address and who allocated it. */
static void add_object(const char *object, struct buffer *text)
{
    const char *end = strstr(object, " at 0x");
    const char *by = strstr(object, " allocated by");
    end = end == NULL || (by != NULL && by < end) ? by : end;
    buffer_puts(text, " on ");
    words_clean(text, object, end != NULL ? (size_t)(end - object) : strlen(object));
}

static void add_side(const struct sanitizer_report *report, const struct sanitizer_stack *side,
                     const char *module, struct buffer *text)
{
    enum flight_operation operation = site_operation(&side->stack);
    buffer_printf(text, "%s in ",
                  side->access != SANITIZER_NO_ACCESS ? access_word(side->access) : "access");
    add_site(&side->stack, module, text);
    if (operation != FLIGHT_NONE) {
        buffer_printf(text, " during %s", flight_operation_name(operation));
    }
    if (side->locks[0] != '\0') {
        buffer_puts(text, " holding ");
        locks_tell(report, side->locks, module, text);
    }
}

static void tell_race(const struct sanitizer_report *report, const char *module,
                      struct buffer *text)
{
    const struct sanitizer_stack *one = sanitizer_report_find(report, "access");
    const struct sanitizer_stack *other = sanitizer_report_find(report, "previous access");
    buffer_puts(text, strcmp(report->kind, "data-race") == 0 ? "data race" : report->kind);
    if (report->object[0] != '\0') {
        add_object(report->object, text);
    }
    buffer_puts(text, ": ");
    add_side(report, one, module, text);
    buffer_puts(text, " / ");
    add_side(report, other, module, text);
}

static void tell_locks(const struct sanitizer_report *report, const char *module,
                       struct buffer *text)
{
    const char *between = ": ";
    buffer_puts(text, report->kind);
    for (uint32_t i = 0; i < report->count; i++) {
        const struct sanitizer_stack *stack = &report->stacks[i];
        if (strcmp(stack->role, "lock") == 0) {
            buffer_printf(text, "%slocked in ", between);
            add_site(&stack->stack, module, text);
            between = " / ";
        }
    }
}

static void tell_leak(const struct sanitizer_report *report, const char *module,
                      struct buffer *text)
{
    buffer_printf(text, "%s of ", report->kind);
    words_size(text, report->bytes);
    buffer_printf(text, " in %" PRIu64 " object%s", report->blocks, report->blocks == 1 ? "" : "s");
    (void)add_role(report, "alloc", ", allocated in ", module, text);
}

/* A signal that the process sent to itself: what ASan calls its address and its access are those of
 * the system call. */
static bool is_raised(const struct stack *stack)
{
    static const char *const senders[] = {"pthread_kill_implementation", "raise", "gsignal",
                                          "tgkill", "kill"};
    char call[SIGNATURE_NAME] = "";
    if (stack->count != 0 && stack->frames[0].function != NULL) {
        signature_name_libc(stack->frames[0].function, call, sizeof call);
    }
    for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
        if (strcmp(call, senders[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A SEGV that is no access of memory; false if it is one. */
static bool tell_segv(const struct sanitizer_report *report, const char *module,
                      struct buffer *text)
{
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    if (strcmp(report->kind, "SEGV") != 0 || access == NULL) {
        return false;
    }
    if (signature_misses_caller(report)) {
        buffer_printf(text, "SEGV: call to 0x%" PRIx64, access->stack.frames[0].pc);
        (void)add_role(report, "access", ", by what was called in ", module, text);
        return true;
    }
    if (is_raised(&access->stack)) {
        buffer_puts(text, "SEGV: sent by the client itself");
        (void)add_role(report, "access", " in ", module, text);
        return true;
    }
    return false;
}

/* The report names threads: "T3". */
static void add_freer(const struct sanitizer_report *report, const char *module,
                      struct buffer *text)
{
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    const struct sanitizer_stack *freed = sanitizer_report_find(report, "free");
    if (add_role(report, "free", ", freed in ", module, text) && access != NULL &&
        access->stack.name[0] != '\0' && freed->stack.name[0] != '\0' &&
        strcmp(access->stack.name, freed->stack.name) != 0) {
        buffer_puts(text, " by another thread");
    }
}

static void tell_access(const struct sanitizer_report *report, const char *module,
                        struct buffer *text)
{
    const char *word = access_word(report->access);
    if (tell_segv(report, module, text)) {
        return;
    }
    buffer_puts(text, report->kind);
    buffer_puts(text, word[0] != '\0' ? ": " : "");
    buffer_puts(text, word);
    if (strcmp(report->kind, "SEGV") == 0 && report->has_address) {
        buffer_printf(text, " at 0x%" PRIx64, report->address);
    }
    (void)add_role(report, "access", " in ", module, text);
    add_freer(report, module, text);
    (void)add_role(report, "alloc", ", allocated in ", module, text);
}

/* UBSan's stack is lost when the process ends while it is written; its first line has the place. */
static void add_place(const struct sanitizer_report *report, struct buffer *text)
{
    const struct sanitizer_stack *place = sanitizer_report_find(report, "place");
    if (place != NULL && place->stack.count > 0 && place->stack.frames[0].file != NULL) {
        const struct stack_frame *frame = &place->stack.frames[0];
        buffer_printf(text, " at %s:%" PRIu32, signature_file_name(frame->file), frame->line);
    }
}

/* A thread leak has no access: what it shows is who made the thread. */
static void add_maker(const struct sanitizer_report *report, const char *module,
                      struct buffer *text)
{
    static const char made[] = " created";
    const char *role = report->count > 0 ? report->stacks[0].role : "";
    size_t length = strlen(role);
    if (length >= sizeof made && strcmp(role + length - (sizeof made - 1), made) == 0 &&
        report->stacks[0].stack.count > 0) {
        buffer_puts(text, ", created in ");
        add_site(&report->stacks[0].stack, module, text);
    }
}

void headline_of_report(const struct sanitizer_report *report, const char *module,
                        struct buffer *text)
{
    if (report->tool == SANITIZER_LSAN && strstr(report->kind, "-leak") != NULL) {
        tell_leak(report, module, text);
    } else if (sanitizer_report_find(report, "previous access") != NULL &&
               sanitizer_report_find(report, "access") != NULL) {
        tell_race(report, module, text);
    } else if (sanitizer_report_find(report, "lock") != NULL) {
        tell_locks(report, module, text);
    } else if (report->tool == SANITIZER_ASAN || report->tool == SANITIZER_LSAN ||
               report->tool == SANITIZER_MSAN) {
        tell_access(report, module, text);
    } else {
        words_clean(text, report->title, sizeof report->title);
        if (!add_role(report, "access", " in ", module, text)) {
            add_place(report, text);
            add_maker(report, module, text);
        }
    }
}
