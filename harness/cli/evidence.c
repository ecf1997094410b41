/* SPDX-License-Identifier: MIT
 *
 * Bytes as they were: nothing is made clean here.
 */
#include "harness/cli/evidence.h"

#include "harness/judge/culprit.h"
#include "harness/judge/doing.h"

#include "harness/watch/program_log.h"

#include <inttypes.h>
#include <stdio.h>

#define FLIGHT_RECORDS 256

static int write_text(const struct report_folder *folder, const char *name, const char *file,
                      struct buffer *text, struct failure *failure)
{
    char path[160];
    int result = 0;
    (void)snprintf(path, sizeof path, "%s/%s", name, file);
    if (text->length > 0) {
        result = report_folder_write(folder, path, buffer_text(text), text->length, failure);
    }
    buffer_clear(text);
    return result;
}

static void add_stack(const struct stack *stack, struct buffer *text)
{
    buffer_printf(text, "thread %d %s (%s)\n", stack->tid, stack->name,
                  stack_quality_name(stack->quality));
    for (uint32_t i = 0; i < stack->count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        buffer_printf(text, "  #%-2u 0x%016" PRIx64 " %s+0x%" PRIx64, i, frame->pc,
                      frame->function != NULL ? frame->function : "?", frame->offset);
        if (frame->file != NULL) {
            buffer_printf(text, " at %s:%u", frame->file, frame->line);
        }
        if (frame->module != NULL) {
            buffer_printf(text, " (%s+0x%" PRIx64 " %s)", frame->module, frame->module_address,
                          frame->build_id);
        }
        buffer_puts(text, frame->inlined ? " inlined\n" : "\n");
    }
}

static void add_stacks(const struct thread_stacks *stacks, struct buffer *text)
{
    if (stacks->count == 0) {
        return;
    }
    buffer_printf(text, "signal %d code %d address 0x%" PRIx64 " sender %d thread %d\n",
                  stacks->signal.number, stacks->signal.code, stacks->signal.address,
                  stacks->signal.sender, stacks->signal.tid);
    for (uint32_t i = 0; i < stacks->register_count && i < STACK_REGISTERS; i++) {
        buffer_printf(text, "%s 0x%" PRIx64 "\n", stacks->registers[i].name,
                      stacks->registers[i].value);
    }
    for (uint32_t i = 0; i < stacks->count; i++) {
        add_stack(&stacks->threads[i], text);
    }
    if (stacks->note[0] != '\0') {
        buffer_printf(text, "%s\n", stacks->note);
    }
}

static void add_stream(const char *name, const struct buffer *stream, struct buffer *text)
{
    if (stream->length > 0) {
        buffer_printf(text, "--- %s\n", name);
        buffer_add(text, stream->text, stream->length);
        buffer_puts(text, stream->text[stream->length - 1] == '\n' ? "" : "\n");
    }
}

/* All that is known of each process of an external program whose end had to be judged. */
static void add_programs(const struct program_log *log, struct buffer *text)
{
    struct program_end end;
    uint64_t cursor = 0;
    while (program_log_next(log, &cursor, &end)) {
        buffer_printf(text,
                      "=== process %u (pid %d) instance %u cycle %" PRIu64
                      " status 0x%x stop %u forced %d connections %u leftovers %u\n",
                      end.process, (int)end.pid, end.instance, end.cycle, (unsigned)end.status,
                      end.stop, end.forced, end.connections, end.leftovers);
        add_stream("standard output", &end.out, text);
        add_stream("standard error", &end.err, text);
        add_stream("sanitizer", &end.sanitizer, text);
        add_stream("left behind", &end.left, text);
        for (uint32_t i = 0; i < end.sample_count; i++) {
            buffer_printf(text, "+%.3f s connections %u fds %u threads %u\n",
                          (double)(end.samples[i].time - end.begun) / (double)NS_PER_S,
                          end.samples[i].connections, end.samples[i].fds, end.samples[i].threads);
        }
        add_stacks(&end.stacks, text);
        program_end_release(&end);
    }
}

int evidence_write(const struct report_folder *folder, const char *name,
                   const struct trial_record *record, struct failure *failure)
{
    struct buffer text = BUFFER_INIT;
    output_text(&record->err, &text);
    if (write_text(folder, name, "stderr.txt", &text, failure) != 0) {
        return -1;
    }
    output_text(&record->out, &text);
    if (write_text(folder, name, "stdout.txt", &text, failure) != 0) {
        return -1;
    }
    buffer_add(&text, buffer_text(&record->sanitizer), record->sanitizer.length);
    if (write_text(folder, name, "sanitizer.txt", &text, failure) != 0) {
        return -1;
    }
    add_stacks(&record->stacks, &text);
    if (write_text(folder, name, "stacks.txt", &text, failure) != 0) {
        return -1;
    }
    if (record->programs != NULL) {
        add_programs(record->programs, &text);
        if (write_text(folder, name, "programs.txt", &text, failure) != 0) {
            return -1;
        }
    }
    if (record->logbook != NULL) {
        doing_flight(record->logbook, record->lanes, FLIGHT_RECORDS, culprit_moment(record), &text);
    }
    return write_text(folder, name, "flight.txt", &text, failure);
}
