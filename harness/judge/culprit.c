/* SPDX-License-Identifier: MIT
 *
 * Decides whose operation a finding belongs to, and which other threads have to do with it.
 */
#include "harness/judge/culprit.h"

#include "harness/judge/site.h"
#include "harness/judge/words.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* An operation that ended this long before has nothing to do with it. */
#define RECENT (100 * NS_PER_MS)
/* Suspects in a title; all of them are in the sentences. */
#define MOST_SUSPECTS 3U
/* Stacks in a report; all of them are in the raw evidence. */
#define MOST_STACKS 48

static uint64_t moment_of(const struct trial_record *record)
{
    if (record->stacks.count > 0 && record->stacks.time != 0) {
        return record->stacks.time;
    }
    return record->stopped_at != 0 ? record->stopped_at : record->ended;
}

uint64_t culprit_moment(const struct trial_record *record)
{
    bool by_report = record->logbook != NULL && record->stop == TRIAL_NOT_STOPPED &&
                     record->sanitizer_exit && !trial_ended_well(record);
    uint64_t told =
        by_report ? atomic_load_explicit(&record->logbook->reported, memory_order_acquire) : 0;
    return told >= record->begun && told <= record->ended ? told : moment_of(record);
}

static bool runs_client(const struct stack *stack, const char *module)
{
    for (uint32_t i = 0; i < stack->count; i++) {
        if (site_is_client(&stack->frames[i], module)) {
            return true;
        }
    }
    return false;
}

/* A signal that was sent to the whole process comes to whichever thread takes it first: mostly one
 * that has nothing to do with it. */
static bool was_for_thread(const struct trial_record *record)
{
    const struct thread_stacks *stacks = &record->stacks;
    return stacks->signal.code != SI_USER || runs_client(&stacks->threads[0], record->module);
}

/* How many threads are in an operation; *doing is that of one of them. */
static uint32_t count_busy(const struct trial_record *record, uint64_t when, struct doing *doing)
{
    uint32_t busy = 0;
    for (uint32_t lane = 0; record->logbook != NULL && lane < record->lanes; lane++) {
        struct doing candidate;
        if (doing_of(record->logbook, lane, when, &candidate) && candidate.busy) {
            *doing = candidate;
            busy++;
        }
    }
    return busy;
}

void culprit_of_death(const struct trial_record *record, struct culprit *culprit)
{
    const struct thread_stacks *stacks = &record->stacks;
    memset(culprit, 0, sizeof *culprit);
    culprit->when = moment_of(record);
    if (stacks->count == 0 || stacks->signal.number == 0 || !was_for_thread(record)) {
        culprit->suspects = count_busy(record, culprit->when, &culprit->doing);
        if (culprit->suspects == 1) {
            culprit->has_doing = true;
            culprit->suspects = 0;
            culprit->stack = thread_stacks_find(stacks, culprit->doing.tid);
        }
        return;
    }
    culprit->sure = true;
    culprit->stack = &stacks->threads[0];
    culprit->has_doing = doing_of_thread(record->logbook, record->lanes, stacks->threads[0].tid,
                                         culprit->when, &culprit->doing);
}

void culprit_of_hang(const struct trial_record *record, struct culprit *culprit)
{
    memset(culprit, 0, sizeof *culprit);
    culprit->when = moment_of(record);
    culprit->has_doing =
        doing_of_suspect(record->logbook, record->lanes, culprit->when, &culprit->doing);
    if (culprit->has_doing) {
        culprit->stack = thread_stacks_find(&record->stacks, culprit->doing.tid);
    }
    culprit->sure = true;
}

/* The lane inside that operation; false also if several are: nobody knows which of them it is. */
static bool doing_in(const struct trial_record *record, enum flight_operation operation,
                     struct doing *doing)
{
    unsigned found = 0;
    for (uint32_t lane = 0; lane < record->lanes; lane++) {
        struct doing candidate;
        if (doing_of(record->logbook, lane, culprit_moment(record), &candidate) && candidate.busy &&
            candidate.last.operation == operation) {
            *doing = candidate;
            found++;
        }
    }
    return found == 1;
}

void culprit_of_stack(const struct trial_record *record, const struct stack *stack,
                      struct culprit *culprit)
{
    memset(culprit, 0, sizeof *culprit);
    culprit->when = culprit_moment(record);
    culprit->stack = stack;
    enum flight_operation operation = site_operation(stack);
    if (record->logbook != NULL && operation != FLIGHT_NONE) {
        culprit->has_doing = doing_in(record, operation, &culprit->doing);
    }
}

/* ---- the others ---- */

static bool same_instance(const struct doing *one, const struct doing *other)
{
    return one->lane != other->lane && doing_has_instance(one) && doing_has_instance(other) &&
           one->last.instance == other->last.instance && one->last.cycle == other->last.cycle;
}

bool culprit_companion(const struct trial_record *record, const struct culprit *culprit,
                       struct doing *companion)
{
    bool found = false;
    for (uint32_t lane = 0; culprit->has_doing && lane < record->lanes; lane++) {
        struct doing other;
        if (!doing_of(record->logbook, lane, culprit->when, &other) ||
            !same_instance(&culprit->doing, &other)) {
            continue;
        }
        bool recent = other.busy || other.last.time + RECENT >= culprit->when;
        bool better = !found || (other.busy && !companion->busy) ||
                      (other.busy == companion->busy && other.last.time > companion->last.time);
        if (recent && better) {
            *companion = other;
            found = true;
        }
    }
    return found;
}

static void tell_suspects(const struct trial_record *record, const struct culprit *culprit,
                          struct buffer *text)
{
    uint32_t told = 0;
    buffer_puts(text, ", in one of: ");
    for (uint32_t lane = 0; lane < record->lanes && told < MOST_SUSPECTS; lane++) {
        struct doing doing;
        if (doing_of(record->logbook, lane, culprit->when, &doing) && doing.busy) {
            buffer_puts(text, told > 0 ? ", " : "");
            doing_operation(&doing.last, text);
            told++;
        }
    }
    if (culprit->suspects > told) {
        buffer_printf(text, " and %u more", culprit->suspects - told);
    }
}

static void tell_companion(const struct culprit *culprit, const struct doing *other,
                           struct buffer *text)
{
    const char *operation = flight_operation_name(other->last.operation);
    if (other->busy) {
        buffer_printf(text, "%s while thread %d was in %s", culprit->doing.busy ? "" : ",",
                      other->tid, operation);
    } else {
        uint64_t age = culprit->when > other->last.time ? culprit->when - other->last.time : 0;
        buffer_puts(text, ", ");
        words_duration(text, age);
        buffer_printf(text, " after thread %d had ended %s", other->tid, operation);
    }
    buffer_puts(text, " of the same instance");
    if (!culprit->doing.busy) { /* else it is told already */
        buffer_printf(text, " %u", other->last.instance);
    }
}

void culprit_tell(const struct trial_record *record, const struct culprit *culprit,
                  struct buffer *text)
{
    struct doing other;
    if (culprit->suspects > 1) {
        tell_suspects(record, culprit, text);
        return;
    }
    if (!culprit->has_doing) {
        return;
    }
    if (culprit->doing.busy) {
        buffer_puts(text, ", in ");
        doing_operation(&culprit->doing.last, text);
    }
    if (culprit_companion(record, culprit, &other)) {
        tell_companion(culprit, &other, text);
    }
}

/* ---- into the finding ---- */

void culprit_add(const struct trial_record *record, const struct culprit *culprit,
                 struct finding *finding)
{
    if (culprit->has_doing) {
        const struct flight_record *last = &culprit->doing.last;
        finding->first_connection = last->connection;
        finding->has_instance = doing_has_instance(&culprit->doing);
        finding->instance = finding->has_instance ? last->instance : 0;
        if (culprit->doing.busy) {
            (void)snprintf(finding->phase, sizeof finding->phase, "%s",
                           flight_operation_name(last->operation));
        }
    }
    if (record->has_target && record->last_ordinal >= record->first_ordinal) {
        finding->ledger_connections = record->last_ordinal - record->first_ordinal + 1;
    }
    (void)snprintf(finding->module, sizeof finding->module, "%s", record->module);
    if (record->logbook != NULL) {
        doing_tell(record->logbook, record->lanes, culprit->when, finding);
    }
}

static enum finding_weight weigh(const struct trial_record *record, const struct culprit *culprit,
                                 const struct stack *stack, bool has_doing,
                                 const struct doing *doing)
{
    if (stack == culprit->stack) {
        return WEIGHT_MATTERS;
    }
    if (has_doing && doing->busy) {
        bool shares = culprit->has_doing && same_instance(&culprit->doing, doing);
        return shares ? WEIGHT_SHARES : WEIGHT_BUSY;
    }
    return !has_doing && runs_client(stack, record->module) ? WEIGHT_BUSY : WEIGHT_IDLE;
}

static void add_stack(const struct trial_record *record, const struct culprit *culprit,
                      const char *title, const struct stack *stack, enum finding_weight wanted,
                      struct finding *finding)
{
    struct doing doing;
    struct buffer words = BUFFER_INIT;
    bool has_doing =
        doing_of_thread(record->logbook, record->lanes, stack->tid, culprit->when, &doing);
    enum finding_weight weight = weigh(record, culprit, stack, has_doing, &doing);
    if (weight != wanted) {
        return;
    }
    if (weight == WEIGHT_MATTERS && title[0] != '\0') {
        buffer_printf(&words, "%s: ", title);
    }
    if (has_doing) {
        doing_sentence(&doing, culprit->when, &words);
    } else {
        buffer_printf(&words, "thread %d (%s)", stack->tid,
                      stack->tid == record->stacks.pid ? "main" : "of the client's own");
    }
    finding_add_stack(finding, buffer_text(&words), weight, stack);
    buffer_clear(&words);
}

/* Why nobody knows which thread died. */
static void tell_unknown(const struct trial_record *record, struct buffer *note)
{
    char name[32];
    int number = WTERMSIG(record->status);
    buffer_printf(note, "which thread got %s is not known",
                  child_signal_name(number, name, sizeof name));
    if (record->stacks.count > 0) {
        buffer_puts(note, ": it was sent to the whole process");
    } else if (number == SIGKILL) {
        buffer_puts(note, ": it ends all of them at once");
    } else if (record->stacks_refused[0] == '\0' && record->sanitized) {
        buffer_puts(note, ": a worker with a leak checker is not traced, and no report tells it");
    } else if (number == SIGPIPE) {
        buffer_puts(note, ": without a tracer nobody sees it, since its action is left as it is");
    }
    buffer_puts(note, record->stacks.note[0] != '\0' ||
                              (record->stacks.count == 0 && record->stacks_refused[0] != '\0')
                          ? "; "
                          : "");
}

void culprit_add_stacks(const struct trial_record *record, const struct culprit *culprit,
                        const char *title, struct finding *finding)
{
    const struct thread_stacks *stacks = &record->stacks;
    uint32_t left = stacks->missing;
    for (int weight = WEIGHT_MATTERS; weight <= WEIGHT_IDLE; weight++) {
        for (uint32_t i = 0; i < stacks->count && finding->stack_count < MOST_STACKS; i++) {
            add_stack(record, culprit, title, &stacks->threads[i], (enum finding_weight)weight,
                      finding);
        }
    }
    left +=
        stacks->count > finding->stack_count ? stacks->count - (uint32_t)finding->stack_count : 0;
    finding->stacks_of_threads = finding->stacks_of_threads || stacks->count > 0;
    finding->pid = stacks->pid;
    struct buffer note = BUFFER_INIT;
    if (record->stop == TRIAL_NOT_STOPPED && WIFSIGNALED(record->status) && !culprit->sure) {
        tell_unknown(record, &note);
    }
    buffer_puts(&note, stacks->note[0] != '\0' ? stacks->note
                       : stacks->count == 0    ? record->stacks_refused
                                               : "");
    if (left > 0) {
        buffer_printf(&note, "%s%u more threads are not shown", note.length > 0 ? "; " : "", left);
    }
    (void)snprintf(finding->stacks_note, sizeof finding->stacks_note, "%s", buffer_text(&note));
    buffer_clear(&note);
}
