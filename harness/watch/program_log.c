/* SPDX-License-Identifier: MIT
 *
 * The form of a record: the fixed part as it is, then texts and stacks, each with its length.
 */
#include "harness/watch/program_log.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NO_TEXT UINT32_MAX
/* Of one record, both ways. */
#define MOST_BYTES ((size_t)16 << 20)
/* Where the fixed part ends. */
#define FIXED offsetof(struct program_end, stacks)

int program_log_create(struct shared_memory *shared, struct failure *failure)
{
    size_t size = sizeof(struct program_log) + PROGRAM_LOG_SIZE;
    if (shared_memory_create(shared, "eighth-programs", size, failure) != 0) {
        return -1;
    }
    struct program_log *log = shared->memory;
    log->magic = PROGRAM_LOG_MAGIC;
    log->version = PROGRAM_LOG_VERSION;
    log->size = PROGRAM_LOG_SIZE;
    return 0;
}

struct program_log *program_log_of(const struct shared_memory *shared, struct failure *failure)
{
    struct program_log *log = shared->memory;
    if (log == NULL || shared->size < sizeof *log || log->magic != PROGRAM_LOG_MAGIC ||
        log->version != PROGRAM_LOG_VERSION || log->size > shared->size - sizeof *log) {
        (void)failure_set(failure, FAILURE_INTERNAL,
                          "the shared mapping is not a log of programs of version %u",
                          PROGRAM_LOG_VERSION);
        return NULL;
    }
    return log;
}

int program_child_signal(int exit_status)
{
    static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        if (exit_status == 128 + crashes[i]) {
            return crashes[i];
        }
    }
    return 0;
}

void program_end_release(struct program_end *end)
{
    thread_stacks_release(&end->stacks);
    buffer_clear(&end->out);
    buffer_clear(&end->err);
    buffer_clear(&end->sanitizer);
    buffer_clear(&end->left);
    memset(end, 0, sizeof *end);
}

/* ---- writing ---- */

static void put_text(struct buffer *to, const char *text)
{
    uint32_t length = text != NULL ? (uint32_t)strlen(text) : NO_TEXT;
    buffer_add(to, &length, sizeof length);
    buffer_add(to, text != NULL ? text : "", text != NULL ? length : 0);
}

static void put_buffer(struct buffer *to, const struct buffer *from)
{
    uint32_t length = (uint32_t)from->length;
    buffer_add(to, &length, sizeof length);
    buffer_add(to, buffer_text(from), length);
}

/* The texts of a frame follow it; its own pointers mean nothing to the reader. */
static void put_stack(struct buffer *to, const struct stack *stack)
{
    buffer_add(to, stack, sizeof *stack);
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        buffer_add(to, frame, sizeof *frame);
        put_text(to, frame->function);
        put_text(to, frame->file);
        put_text(to, frame->module);
    }
}

int program_log_add(struct program_log *log, const struct program_end *end)
{
    struct buffer record = {.ceiling = MOST_BYTES};
    uint32_t length = 0;
    buffer_add(&record, &length, sizeof length);
    buffer_add(&record, end, FIXED);
    buffer_add(&record, &end->stacks, sizeof end->stacks);
    for (uint32_t i = 0; i < end->stacks.count; i++) {
        put_stack(&record, &end->stacks.threads[i]);
    }
    put_buffer(&record, &end->out);
    put_buffer(&record, &end->err);
    put_buffer(&record, &end->sanitizer);
    put_buffer(&record, &end->left);
    uint64_t used = atomic_load_explicit(&log->used, memory_order_relaxed);
    int result = -1;
    if (!record.truncated && record.length <= log->size - used) {
        length = (uint32_t)(record.length - sizeof length);
        memcpy(record.text, &length, sizeof length);
        memcpy(log->records + used, record.text, record.length);
        atomic_store_explicit(&log->used, used + record.length, memory_order_release);
        result = 0;
    } else {
        (void)atomic_fetch_add_explicit(&log->lost, 1, memory_order_relaxed);
    }
    buffer_clear(&record);
    return result;
}

/* ---- reading ---- */

struct cursor {
    const char *at;
    size_t left;
};

static bool get(struct cursor *cursor, void *to, size_t length)
{
    if (length > cursor->left) {
        return false;
    }
    memcpy(to, cursor->at, length);
    cursor->at += length;
    cursor->left -= length;
    return true;
}

/* A copy of the text into *text; NULL where there was none. */
static bool get_text(struct cursor *cursor, char **text)
{
    uint32_t length;
    *text = NULL;
    if (!get(cursor, &length, sizeof length)) {
        return false;
    }
    if (length == NO_TEXT) {
        return true;
    }
    if (length > cursor->left) {
        return false;
    }
    *text = strndup(cursor->at, length);
    cursor->at += length;
    cursor->left -= length;
    return *text != NULL;
}

static bool get_buffer(struct cursor *cursor, struct buffer *to)
{
    uint32_t length;
    memset(to, 0, sizeof *to);
    if (!get(cursor, &length, sizeof length) || length > cursor->left) {
        return false;
    }
    buffer_add(to, cursor->at, length);
    cursor->at += length;
    cursor->left -= length;
    return !to->truncated;
}

static bool get_frame(struct cursor *cursor, struct stack *stack)
{
    struct stack_frame frame;
    if (!get(cursor, &frame, offsetof(struct stack_frame, inlined))) {
        return false;
    }
    uint8_t flags[sizeof frame - offsetof(struct stack_frame, inlined)];
    if (!get(cursor, flags, sizeof flags)) {
        return false;
    }
    frame.inlined = flags[0] != 0;
    frame.exact =
        flags[offsetof(struct stack_frame, exact) - offsetof(struct stack_frame, inlined)] != 0;
    frame.build_id[sizeof frame.build_id - 1] = '\0';
    frame.function = frame.file = frame.module = NULL;
    bool whole = get_text(cursor, &frame.function) && get_text(cursor, &frame.file) &&
                 get_text(cursor, &frame.module) && stack_add(stack, &frame) == 0;
    free(frame.function);
    free(frame.file);
    free(frame.module);
    return whole;
}

/* Fields one by one: what is no bool or no enumerator must not become one. */
static bool get_stack(struct cursor *cursor, struct thread_stacks *stacks)
{
    unsigned char bytes[sizeof(struct stack)];
    struct stack *stack = thread_stacks_add(stacks);
    uint32_t count;
    if (stack == NULL || !get(cursor, bytes, sizeof bytes)) {
        return false;
    }
    memcpy(&count, bytes + offsetof(struct stack, count), sizeof count);
    memcpy(&stack->tid, bytes + offsetof(struct stack, tid), sizeof stack->tid);
    memcpy(stack->name, bytes + offsetof(struct stack, name), sizeof stack->name);
    stack->name[sizeof stack->name - 1] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        if (i >= STACK_FRAMES || !get_frame(cursor, stack)) {
            return false;
        }
    }
    stack->truncated = bytes[offsetof(struct stack, truncated)] != 0;
    stack->broken = bytes[offsetof(struct stack, broken)] != 0;
    stack_judge(stack);
    return true;
}

static bool get_stacks(struct cursor *cursor, struct thread_stacks *stacks)
{
    unsigned char bytes[sizeof(struct thread_stacks)];
    struct stack_signal *signal = &stacks->signal;
    uint32_t count;
    uint32_t source;
    const size_t at = offsetof(struct thread_stacks, signal);
    memset(stacks, 0, sizeof *stacks);
    if (!get(cursor, bytes, sizeof bytes)) {
        return false;
    }
    memcpy(&count, bytes + offsetof(struct thread_stacks, count), sizeof count);
    for (uint32_t i = 0; i < count; i++) {
        if (i >= STACK_THREADS || !get_stack(cursor, stacks)) {
            return false;
        }
    }
    memcpy(&stacks->pid, bytes + offsetof(struct thread_stacks, pid), sizeof stacks->pid);
    memcpy(&stacks->time, bytes + offsetof(struct thread_stacks, time), sizeof stacks->time);
    memcpy(&stacks->missing, bytes + offsetof(struct thread_stacks, missing),
           sizeof stacks->missing);
    memcpy(&source, bytes + offsetof(struct thread_stacks, source), sizeof source);
    stacks->source =
        source <= STACK_SOURCE_LAST_WORDS ? (enum stack_source)source : STACK_SOURCE_NONE;
    memcpy(&signal->number, bytes + at + offsetof(struct stack_signal, number),
           sizeof signal->number);
    memcpy(&signal->code, bytes + at + offsetof(struct stack_signal, code), sizeof signal->code);
    memcpy(&signal->address, bytes + at + offsetof(struct stack_signal, address),
           sizeof signal->address);
    signal->has_address = bytes[at + offsetof(struct stack_signal, has_address)] != 0;
    memcpy(&signal->sender, bytes + at + offsetof(struct stack_signal, sender),
           sizeof signal->sender);
    memcpy(&signal->tid, bytes + at + offsetof(struct stack_signal, tid), sizeof signal->tid);
    memcpy(stacks->registers, bytes + offsetof(struct thread_stacks, registers),
           sizeof stacks->registers);
    for (uint32_t i = 0; i < STACK_REGISTERS; i++) {
        stacks->registers[i].name[sizeof stacks->registers[i].name - 1] = '\0';
    }
    memcpy(&stacks->register_count, bytes + offsetof(struct thread_stacks, register_count),
           sizeof stacks->register_count);
    if (stacks->register_count > STACK_REGISTERS) {
        stacks->register_count = 0;
    }
    memcpy(stacks->note, bytes + offsetof(struct thread_stacks, note), sizeof stacks->note);
    stacks->note[sizeof stacks->note - 1] = '\0';
    memcpy(stacks->executable, bytes + offsetof(struct thread_stacks, executable),
           sizeof stacks->executable);
    stacks->executable[sizeof stacks->executable - 1] = '\0';
    return true;
}

static bool get_fixed(struct cursor *cursor, struct program_end *end)
{
    static const size_t flags[] = {
        offsetof(struct program_end, refused), offsetof(struct program_end, forced),
        offsetof(struct program_end, sanitizer_exit), offsetof(struct program_end, untraced)};
    unsigned char bytes[FIXED];
    if (!get(cursor, bytes, sizeof bytes)) {
        return false;
    }
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        bytes[flags[i]] = bytes[flags[i]] != 0;
    }
    memcpy(end, bytes, FIXED);
    end->sample_count = end->sample_count < PROGRAM_SAMPLES ? end->sample_count : PROGRAM_SAMPLES;
    return true;
}

bool program_end_read(struct program_end *end, const void *bytes, size_t length)
{
    struct cursor cursor = {bytes, length};
    memset(end, 0, sizeof *end);
    if (get_fixed(&cursor, end) && get_stacks(&cursor, &end->stacks) &&
        get_buffer(&cursor, &end->out) && get_buffer(&cursor, &end->err) &&
        get_buffer(&cursor, &end->sanitizer) && get_buffer(&cursor, &end->left)) {
        return true;
    }
    program_end_release(end);
    return false;
}

bool program_log_next(const struct program_log *log, uint64_t *cursor, struct program_end *end)
{
    uint64_t used = atomic_load_explicit(&log->used, memory_order_acquire);
    uint32_t length;
    used = used < log->size ? used : log->size;
    if (*cursor > used || used - *cursor < sizeof length) {
        return false;
    }
    memcpy(&length, log->records + *cursor, sizeof length);
    if (length > used - *cursor - sizeof length) {
        return false;
    }
    const char *record = log->records + *cursor + sizeof length;
    *cursor += sizeof length + length;
    return program_end_read(end, record, length);
}
