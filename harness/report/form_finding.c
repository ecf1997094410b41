/* SPDX-License-Identifier: MIT
 *
 * A finding as its maintainer wants to read it in a terminal: the headline, the stacks that matter
 * with the client's own frames marked, the other threads in a line each, the idle ones in one line,
 * and the command. Raw text is only named by its file.
 */
#include "harness/report/forms.h"

#include "harness/report/json.h"

#include <stdio.h>
#include <string.h>

#define DOING_BRIEF 4
#define DOING_FULL 12
#define THREADS_LISTED 12
#define RELATED_LISTED 4
/* Frames of a stack that never reaches the client. */
#define FRAMES_OUTSIDE 12

void form_indented(const char *words, const char *indent, struct buffer *text)
{
    while (*words != '\0') {
        size_t length = strcspn(words, "\n");
        buffer_puts(text, indent);
        buffer_add(text, words, length);
        buffer_puts(text, "\n");
        words += length + (words[length] == '\n');
    }
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Frames to show: up to the last one of the client and the one that called it. */
static int frames_shown(const cJSON *frames, bool all)
{
    int count = cJSON_GetArraySize(frames);
    int last = 0;
    int number = 0;
    const cJSON *frame;
    cJSON_ArrayForEach(frame, frames)
    {
        number++;
        last = cJSON_IsTrue(json_get(frame, "client")) ? number : last;
    }
    int shown = last > 0 ? last + 1 : FRAMES_OUTSIDE;
    return all || shown > count ? count : shown;
}

static void add_frame(const cJSON *frame, int number, bool all, struct buffer *text)
{
    const char *function = json_get_text(frame, "function");
    const char *file = json_get_text(frame, "file");
    const char *module = json_get_text(frame, "module");
    buffer_printf(text, "      %s #%-2d %s", cJSON_IsTrue(json_get(frame, "client")) ? "*" : " ",
                  number, function[0] != '\0' ? function : json_get_text(frame, "pc"));
    if (file[0] != '\0') {
        buffer_printf(text, " at %s:%.0f", file, json_get_number(frame, "line"));
    }
    if (module[0] != '\0' && (all || file[0] == '\0')) {
        buffer_printf(text, " in %s", all ? module : file_name(module));
        const char *address = json_get_text(frame, "module_address");
        if (address[0] != '\0' && (all || function[0] == '\0')) {
            buffer_printf(text, "+%s", address);
        }
    }
    if (all && json_get_text(frame, "build_id")[0] != '\0') {
        buffer_printf(text, " (build-id %s)", json_get_text(frame, "build_id"));
    }
    buffer_puts(text, cJSON_IsTrue(json_get(frame, "inlined")) ? " (inlined)\n" : "\n");
}

static void add_stack(const cJSON *stack, bool all, struct buffer *text)
{
    const cJSON *frames = json_get(stack, "frames");
    const cJSON *frame;
    int shown = frames_shown(frames, all);
    int count = cJSON_GetArraySize(frames);
    int number = 0;
    buffer_printf(text, "      %s\n", json_get_text(stack, "title"));
    cJSON_ArrayForEach(frame, frames)
    {
        if (number < shown) {
            add_frame(frame, number, all, text);
        }
        number++;
    }
    if (count > shown) {
        buffer_printf(text, "          and %d more of the driver and the system\n", count - shown);
    }
    if (count == 0) {
        buffer_puts(text, "          no frames\n");
    }
}

static bool weighs(const cJSON *stack, const char *weight)
{
    return strcmp(json_get_text(stack, "weight"), weight) == 0;
}

/* Threads in an operation that has nothing to do with it: where each stands. */
static void add_busy(const cJSON *stacks, struct buffer *text)
{
    const cJSON *stack;
    int listed = 0;
    int left = 0;
    cJSON_ArrayForEach(stack, stacks)
    {
        if (!weighs(stack, "busy")) {
            continue;
        }
        if (listed++ < THREADS_LISTED) {
            buffer_printf(text, "      %s, at %s\n", json_get_text(stack, "title"),
                          json_get_text(stack, "site"));
        } else {
            left++;
        }
    }
    if (left > 0) {
        buffer_printf(text, "      %d more busy threads\n", left);
    }
}

static void add_stacks(const cJSON *finding, bool all, struct buffer *text)
{
    const cJSON *stacks = json_get(finding, "stacks");
    const cJSON *stack;
    int idle = 0;
    cJSON_ArrayForEach(stack, stacks)
    {
        if (all || weighs(stack, "matters") || weighs(stack, "same-instance")) {
            add_stack(stack, all, text);
        }
        idle += weighs(stack, "idle");
    }
    if (!all) {
        add_busy(stacks, text);
        if (idle > 0) {
            buffer_printf(text, "      %d idle thread%s\n", idle, idle == 1 ? "" : "s");
        }
    }
    const char *note = json_get_text(finding, "stacks_note");
    if (note[0] != '\0') {
        buffer_printf(text, "      note: %s\n", note);
    }
}

static void add_doing(const cJSON *finding, int most, struct buffer *text)
{
    const cJSON *doing = json_get(finding, "doing");
    const cJSON *sentence;
    int count = cJSON_GetArraySize(doing);
    int busy = (int)json_get_number(finding, "doing_busy");
    /* With nobody in an operation the last thing that each did is all that is known. */
    most = busy > 0 && busy < most ? busy : most;
    int told = 0;
    cJSON_ArrayForEach(sentence, doing)
    {
        if (cJSON_IsString(sentence) && told < most) {
            buffer_printf(text, "      %s\n", sentence->valuestring);
            told++;
        }
    }
    int idle = count - (busy > told ? busy : told);
    if (busy > told) {
        buffer_printf(text, "      %d more threads in an operation\n", busy - told);
    }
    if (idle > 0) {
        buffer_printf(text, "      %d idle thread%s\n", idle, idle == 1 ? "" : "s");
    }
}

static void add_signal(const cJSON *finding, bool all, struct buffer *text)
{
    const cJSON *signal = json_get(finding, "signal");
    const cJSON *one;
    const char *cause = json_get_text(signal, "cause");
    if (!cJSON_IsObject(signal)) {
        return;
    }
    if (cause[0] != '\0') {
        buffer_printf(text, "      %s", json_get_text(signal, "name"));
        const char *code = json_get_text(signal, "code_name");
        buffer_printf(text, "%s%s: %s\n", code[0] != '\0' ? ", " : "", code, cause);
    }
    int column = 0;
    cJSON_ArrayForEach(one, json_get(finding, "registers"))
    {
        if (all && cJSON_IsString(one) && one->string != NULL) {
            buffer_printf(text, "%s%-6s %-18s", column == 0 ? "      " : "  ", one->string,
                          one->valuestring);
            column = (column + 1) % 4;
            buffer_puts(text, column == 0 ? "\n" : "");
        }
    }
    buffer_puts(text, column != 0 ? "\n" : "");
}

/* Small pieces are told; texts of programs are only named. */
static void add_evidence(const cJSON *finding, bool all, struct buffer *text)
{
    const cJSON *piece;
    const char *folder = json_get_text(finding, "evidence_folder");
    cJSON_ArrayForEach(piece, json_get(finding, "evidence"))
    {
        const char *name = json_get_text(piece, "name");
        bool raw = strncmp(name, "standard error", strlen("standard error")) == 0 ||
                   strcmp(name, "report") == 0;
        if (all || !raw || folder[0] == '\0') {
            buffer_printf(text, "      %s:\n", name);
            form_indented(json_get_text(piece, "text"), "        | ", text);
        }
    }
    if (folder[0] != '\0') {
        buffer_printf(text, "      raw evidence: %s/ in the report's folder\n", folder);
    }
}

static void add_related(const cJSON *finding, struct buffer *text)
{
    const cJSON *link;
    const cJSON *related = json_get(finding, "related");
    int told = 0;
    cJSON_ArrayForEach(link, related)
    {
        if (told < RELATED_LISTED) {
            buffer_printf(text, "%s%s %s (%s)", told == 0 ? "      perhaps the same story: " : ", ",
                          json_get_text(link, "kind"), json_get_text(link, "hash"),
                          json_get_text(link, "flavor"));
            told++;
        }
    }
    int left = cJSON_GetArraySize(related) - told;
    if (left > 0) {
        buffer_printf(text, " and %d more", left);
    }
    buffer_puts(text, told > 0 ? "\n" : "");
}

static void add_head(const cJSON *scenario, const cJSON *finding, int number, struct buffer *text)
{
    const cJSON *first = json_get(finding, "first_connection");
    const char *hash = json_get_text(json_get(finding, "signature"), "hash");
    buffer_printf(text, "\n  [%d] %s%s in %s", number, json_get_text(finding, "kind"),
                  cJSON_IsTrue(json_get(finding, "expected")) ? " (expected)" : "",
                  json_get_text(scenario, "name"));
    if (hash[0] != '\0') {
        bool low = strcmp(json_get_text(json_get(finding, "signature"), "quality"), "low") == 0;
        buffer_printf(text, ", %s (%s%s)", json_get_text(scenario, "flavor"), hash,
                      low ? ", stacks too poor to compare" : "");
    }
    buffer_puts(text, "\n");
    form_indented(json_get_text(finding, "title"), "      ", text);
    buffer_puts(text, "      ");
    form_rate(finding, text);
    if (cJSON_IsNumber(first)) {
        buffer_printf(text, ", first at connection %.0f", first->valuedouble);
    }
    buffer_puts(text, "\n");
}

void form_finding(const cJSON *scenario, const cJSON *finding, int number, enum form_depth depth,
                  struct buffer *text)
{
    bool all = depth == FORM_VERBOSE;
    add_head(scenario, finding, number, text);
    if (depth == FORM_BRIEF) {
        add_doing(finding, DOING_BRIEF, text);
    } else {
        add_signal(finding, all, text);
        if (!cJSON_IsTrue(json_get(finding, "stacks_of_threads")) || all) {
            add_doing(finding, all ? cJSON_GetArraySize(json_get(finding, "doing")) : DOING_FULL,
                      text);
        }
        add_stacks(finding, all, text);
        add_evidence(finding, all, text);
        add_related(finding, text);
    }
    buffer_printf(text, "      reproduce: %s\n", json_get_text(finding, "reproduce"));
}
