/* SPDX-License-Identifier: MIT
 *
 * Decides which frames of which stacks make the key.
 */
#include "harness/judge/signature_key.h"
#include "harness/judge/signature_class.h"
#include "harness/judge/signature_name.h"

#include <stdio.h>
#include <string.h>

/* What the search found in one stack. */
struct site {
    char shown[SIGNATURE_FRAMES][SIGNATURE_NAME]; /* innermost first; the client's last */
    uint32_t shown_count;
    char library[SIGNATURE_NAME]; /* the call that the client made; "" none */
    char client[SIGNATURE_NAME];  /* "" none was reached */
    char file[64];                /* the client frame's source, without its folders; "" not known */
    char caller[SIGNATURE_NAME];  /* the client's frame that called it; "" none */
    bool inner;                   /* that caller is not the client's outermost frame */
    bool allocates;               /* the client's frame itself called the allocator */
    bool weak;                    /* a frame without a name stood before it, or none was reached */
    char place[SIGNATURE_NAME];   /* weak, since it broke off in a library: where; "" not so */
    char module[64];              /* which library */
    uint32_t next;                /* index of the frame after the client's; 0 none was reached */
};

/* Text that is cut at its end, with a hash of the whole. */
struct writer {
    char *text;
    size_t size;
    size_t used;
    uint64_t hash;
    bool cut;
};

static uint64_t hash_add(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

static void write_text(struct writer *writer, const char *text)
{
    size_t length = strlen(text);
    size_t room = writer->size - 1 - writer->used;
    writer->hash = hash_add(writer->hash, text);
    writer->cut = writer->cut || length > room;
    length = length < room ? length : room;
    memcpy(writer->text + writer->used, text, length);
    writer->used += length;
    writer->text[writer->used] = '\0';
}

/* ---- the search ----------------------------------------------------------------------------- */

/* Keeps a frame; the innermost ones give way, since those nearest to the client say what it did. */
static void keep(struct site *site, const char *name)
{
    if (site->shown_count == SIGNATURE_FRAMES) {
        memmove(site->shown[0], site->shown[1], sizeof(site->shown[0]) * (SIGNATURE_FRAMES - 1));
        site->shown_count--;
    }
    (void)snprintf(site->shown[site->shown_count++], SIGNATURE_NAME, "%s", name);
}

static void found(struct site *site, const char *name, const char *file)
{
    keep(site, name);
    (void)snprintf(site->client, sizeof(site->client), "%s", name);
    if (file != NULL) {
        (void)snprintf(site->file, sizeof(site->file), "%s", signature_file_name(file));
    }
}

/* The innermost frame in a library that is not the allocator's. */
static void find_place(const struct stack *stack, struct site *site)
{
    for (uint32_t i = 0; i < stack->count && site->place[0] == '\0'; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        const char *module = frame->module != NULL ? signature_file_name(frame->module) : "";
        bool named = frame->function != NULL && frame->function[0] != '\0';
        if (*module == '\0' || (named && signature_is_allocator(frame->function))) {
            continue;
        }
        if (named) {
            signature_name(frame->function, site->place, sizeof(site->place));
        } else {
            (void)snprintf(site->place, sizeof(site->place), "%.100s+0x%llx", module,
                           (unsigned long long)frame->module_address);
        }
        (void)snprintf(site->module, sizeof(site->module), "%s", module);
    }
}

/* The search is over, and no frame was the client's own: a wrapper, or main, must do. */
static void fall_back(struct site *site, const char *wrapper, const char *last)
{
    if (*wrapper != '\0') {
        (void)snprintf(site->client, sizeof(site->client), "%s", wrapper);
        return;
    }
    site->weak = true;
    if (*last != '\0') {
        found(site, last, NULL);
    }
}

static enum signature_class classify(const struct signature_input *input, const struct stack *stack,
                                     uint32_t i, char *name, size_t size)
{
    return signature_classify(&stack->frames[i], input->client_modules, input->client_module_count,
                              name, size);
}

/* The next frame of the client's from *from on, which becomes the one after it; false: none. */
static bool next_client(const struct signature_input *input, const struct stack *stack,
                        uint32_t *from, char *name, size_t size)
{
    while (*from < stack->count) {
        enum signature_class class = classify(input, stack, (*from)++, name, size);
        if (class == SIGNATURE_CLIENT) {
            return true;
        }
        if (class == SIGNATURE_SENTINEL || class == SIGNATURE_MAIN) {
            break;
        }
    }
    return false;
}

static void find_caller(const struct signature_input *input, const struct stack *stack,
                        struct site *site)
{
    char beyond[SIGNATURE_NAME];
    uint32_t from = site->next;
    if (from >= stack->count ||
        classify(input, stack, from++, site->caller, sizeof(site->caller)) != SIGNATURE_CLIENT ||
        strcmp(site->caller, "main") == 0) { /* calls everything */
        site->caller[0] = '\0';
        return;
    }
    site->inner = next_client(input, stack, &from, beyond, sizeof(beyond));
}

static void search(const struct signature_input *input, const struct stack *stack,
                   struct site *site)
{
    char inner[SIGNATURE_NAME] = "";
    char wrapper[SIGNATURE_NAME] = "";
    char last[SIGNATURE_NAME] = "";
    bool ended = false;
    memset(site, 0, sizeof(*site));
    for (uint32_t i = 0; i < stack->count; i++) {
        char name[SIGNATURE_NAME];
        enum signature_class class = classify(input, stack, i, name, sizeof(name));
        if (class == SIGNATURE_UNNAMED) {
            site->weak = true;
        } else if (class == SIGNATURE_SENTINEL || class == SIGNATURE_MAIN) {
            (void)snprintf(last, sizeof(last), "%s", class == SIGNATURE_MAIN ? name : "");
            ended = true;
            break;
        } else if (class == SIGNATURE_LIBRARY || class == SIGNATURE_BUILTIN) {
            bool in_key = class == SIGNATURE_LIBRARY;
            keep(site, name);
            (void)snprintf(site->library, sizeof(site->library), "%s", in_key ? name : "");
            (void)snprintf(inner, sizeof(inner), "%s", name);
        } else if (class == SIGNATURE_CLIENT && signature_wraps(name, inner)) {
            keep(site, name);
            (void)snprintf(wrapper, sizeof(wrapper), "%s", name);
        } else if (class == SIGNATURE_CLIENT) {
            found(site, name, stack->frames[i].file);
            site->allocates = signature_is_allocator(inner);
            site->next = i + 1;
            find_caller(input, stack, site);
            return;
        }
    }
    if (!ended && !site->weak && wrapper[0] == '\0') {
        find_place(stack, site);
    }
    fall_back(site, wrapper, last);
}

/* ---- the parts of a key --------------------------------------------------------------------- */

static const struct stack *find(const struct signature_input *input, const char *role)
{
    for (size_t i = 0; i < input->count; i++) {
        if (strcmp(input->stacks[i].role, role) == 0) {
            return input->stacks[i].stack;
        }
    }
    return NULL;
}

static void show(struct signature_key *key, const struct site *site)
{
    for (uint32_t i = 0; i < site->shown_count && key->frame_count < SIGNATURE_SHOWN; i++) {
        (void)snprintf(key->frames[key->frame_count++], SIGNATURE_NAME, "%s", site->shown[i]);
    }
}

static void relate(struct signature_key *key, const char *kind, const char *one, const char *other)
{
    if (key->related_count == SIGNATURE_RELATED || *one == '\0') {
        return;
    }
    char bare[2][SIGNATURE_NAME];
    signature_name_bare(one, bare[0], sizeof(bare[0]));
    signature_name_bare(other, bare[1], sizeof(bare[1]));
    char *text = key->related[key->related_count];
    (void)snprintf(text, sizeof(key->related[0]), "%s:%.140s%s%.140s", kind, bare[0],
                   *other != '\0' ? ">" : "", bare[1]);
    for (uint32_t i = 0; i < key->related_count; i++) {
        if (strcmp(key->related[i], text) == 0) {
            return;
        }
    }
    key->related_count++;
}

/* Who frees or makes, for relations: what all objects may pass through tells nothing. */
static const char *beyond_allocator(const struct site *site)
{
    return site->allocates && site->inner ? site->caller : site->client;
}

/* The client's frames on the stack of an access, without the outermost. */
static void relate_path(const struct signature_input *input, const struct stack *stack,
                        const struct site *site, struct signature_key *key)
{
    char name[SIGNATURE_NAME];
    char held[SIGNATURE_NAME] = "";
    uint32_t from = site->next;
    while (from != 0 && next_client(input, stack, &from, name, sizeof(name))) {
        relate(key, "on", held, "");
        (void)snprintf(held, sizeof(held), "%s", name);
    }
}

/* Of a name in C++, some symbolizers write all ("Table<int, long>::take"), others the last part
 * only ("take"). Where three sites make the key, last parts and files tell bugs apart well enough,
 * and one bug has one key whoever compiled it. */
static void write_name(const struct site *site, bool three_sites, char *name, size_t size)
{
    if (!three_sites || !signature_is_cxx(site->file)) {
        (void)snprintf(name, size, "%s", site->client);
        return;
    }
    char bare[SIGNATURE_NAME];
    signature_name_bare(site->client, bare, sizeof(bare));
    (void)snprintf(name, size, "%.95s@%s", bare, site->file);
}

/* "h2_reader|SSL_read" */
static void part_of(const struct site *site, bool three_sites, char *part, size_t size)
{
    char name[SIGNATURE_NAME];
    write_name(site, three_sites, name, sizeof(name));
    (void)snprintf(part, size, "%s%s%s", name, site->library[0] != '\0' ? "|" : "", site->library);
}

/* A use after free, or a second one: where it was used, freed and made. */
static bool has_three_sites(const struct signature_input *input)
{
    return find(input, "free") != NULL && find(input, "alloc") != NULL;
}

/* Several sides of one finding, in an order that does not depend on who came first. */
#define SIDES 4U

static size_t collect_sides(const struct signature_input *input, const char *role,
                            const struct stack **sides, size_t count)
{
    for (size_t i = 0; i < input->count && count < SIDES; i++) {
        if (strcmp(input->stacks[i].role, role) == 0) {
            sides[count++] = input->stacks[i].stack;
        }
    }
    return count;
}

/* The stacks whose frames are the bug: both sides of a race, the locks of an inversion; or one. */
static size_t main_stacks(const struct signature_input *input, const struct stack **sides)
{
    size_t count = collect_sides(input, "lock", sides, 0);
    if (count == 0) {
        count = collect_sides(input, "access", sides, 0);
        count = count > 1 ? 1 : count;
        count = collect_sides(input, "previous access", sides, count);
    }
    if (count == 0 && input->count != 0) {
        const struct stack *alloc = find(input, "alloc");
        sides[count++] = alloc != NULL ? alloc : input->stacks[0].stack;
    }
    return count;
}

static void sort_parts(char parts[SIDES][2 * SIGNATURE_NAME], size_t count)
{
    char held[2 * SIGNATURE_NAME];
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && strcmp(parts[j - 1], parts[j]) > 0; j--) {
            memcpy(held, parts[j], sizeof(held));
            memcpy(parts[j], parts[j - 1], sizeof(held));
            memcpy(parts[j - 1], held, sizeof(held));
        }
    }
}

/* Adds the sides; false if one of them is weak. */
static bool add_sides(const struct signature_input *input, struct signature_key *key,
                      struct writer *writer)
{
    const struct stack *stacks[SIDES];
    char parts[SIDES][2 * SIGNATURE_NAME];
    size_t count = main_stacks(input, stacks);
    bool good = count != 0;
    for (size_t i = 0; i < count; i++) {
        struct site site;
        search(input, stacks[i], &site);
        good = good && !site.weak && site.client[0] != '\0';
        part_of(&site, has_three_sites(input), parts[i], sizeof(parts[i]));
        show(key, &site);
        relate(key, "site", site.client, "");
        relate(key, "from", site.caller, "");
        relate_path(input, stacks[i], &site, key);
    }
    sort_parts(parts, count);
    for (size_t i = 0; i < count; i++) {
        write_text(writer, i == 0 ? "" : "+");
        write_text(writer, parts[i]);
    }
    return good;
}

/* The client's frame of a free or an allocation, or where its stack broke off. */
static void write_owner(const struct site *site, bool three_sites, struct writer *writer)
{
    char name[SIGNATURE_NAME];
    write_name(site, three_sites, name, sizeof(name));
    write_text(writer, site->place[0] != '\0' ? "?" : "");
    write_text(writer, site->place[0] != '\0' ? site->place : name);
}

static bool is_told(const struct site *site)
{
    return !site->weak || site->place[0] != '\0';
}

/* Adds where the object was freed and made, for a use after free; false if one is weak. */
static bool add_object(const struct signature_input *input, struct signature_key *key,
                       struct writer *writer)
{
    const struct stack *freed = find(input, "free");
    const struct stack *made = find(input, "alloc");
    struct site sites[2] = {{.weak = false}, {.weak = false}};
    if (made != NULL) {
        search(input, made, &sites[1]);
    }
    if (freed == NULL) {
        return true;
    }
    search(input, freed, &sites[0]);
    write_text(writer, "/free=");
    write_owner(&sites[0], made != NULL, writer);
    show(key, &sites[0]);
    relate(key, "site", beyond_allocator(&sites[0]), "");
    if (made != NULL) {
        write_text(writer, "/alloc=");
        write_owner(&sites[1], true, writer);
        show(key, &sites[1]);
        relate(key, "object", beyond_allocator(&sites[1]), beyond_allocator(&sites[0]));
    }
    return is_told(&sites[0]) && is_told(&sites[1]);
}

/* A leak whose allocation broke off in a library: adds which one. False if it is no such. */
static bool add_library(const struct signature_input *input, struct writer *writer)
{
    struct site site;
    const struct stack *made = find(input, "alloc");
    if (made == NULL || input->damaged || find(input, "access") != NULL) {
        return false;
    }
    search(input, made, &site);
    if (site.module[0] != '\0') {
        write_text(writer, "?");
        write_text(writer, site.module);
    }
    return site.module[0] != '\0';
}

/* ---- low quality ---------------------------------------------------------------------------- */

/* Raw places of the first frames: what no two bugs share. */
static void add_addresses(const struct stack *stack, struct writer *writer)
{
    uint32_t count = stack->count < SIGNATURE_FRAMES ? stack->count : SIGNATURE_FRAMES;
    for (uint32_t i = 0; i < count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        char place[300];
        if (frame->module != NULL && frame->module_address != 0) {
            (void)snprintf(place, sizeof(place), "@%.200s+0x%llx",
                           signature_file_name(frame->module),
                           (unsigned long long)frame->module_address);
        } else if (frame->file != NULL && frame->line != 0) {
            (void)snprintf(place, sizeof(place), "@%.200s:%u:%u", signature_file_name(frame->file),
                           (unsigned)frame->line, (unsigned)frame->column);
        } else {
            (void)snprintf(place, sizeof(place), "@0x%llx", (unsigned long long)frame->pc);
        }
        write_text(writer, place);
        write_text(writer, frame->build_id);
    }
}

static void add_unique(const struct signature_input *input, struct writer *writer)
{
    write_text(writer, "/low");
    const struct stack *stacks[SIDES];
    size_t count = main_stacks(input, stacks);
    for (size_t i = 0; i < count; i++) {
        write_text(writer, "/");
        add_addresses(stacks[i], writer);
    }
    if (input->unique != NULL) {
        write_text(writer, "/");
        write_text(writer, input->unique);
    }
}

/* ---- the key -------------------------------------------------------------------------------- */

/* A key that was cut ends in the hash of the whole: two bugs may begin with the same words. */
static void finish(struct writer *writer, struct signature_key *key)
{
    (void)snprintf(key->hash, sizeof(key->hash), "%016llx", (unsigned long long)writer->hash);
    if (writer->cut) {
        char *end = writer->text + writer->used - strlen(key->hash) - 1;
        *end = '~';
        memcpy(end + 1, key->hash, strlen(key->hash));
    }
}

/* One bug may get either name: a function that is inlined does not return, its scope ends. */
static const char *what_of(const struct signature_input *input)
{
    bool returned = strcmp(input->what, "stack-use-after-return") == 0;
    return returned ? "stack-use-after-scope" : input->what;
}

void signature_make(const struct signature_input *input, struct signature_key *key)
{
    memset(key, 0, sizeof(*key));
    key->version = SIGNATURE_KEY_VERSION;
    struct writer writer = {.text = key->key, .size = sizeof(key->key), .hash = HASH_START};
    char head[160];
    (void)snprintf(head, sizeof(head), "v%d:%.48s:%.80s:", SIGNATURE_KEY_VERSION, input->kind,
                   what_of(input));
    write_text(&writer, head);
    bool of_library = add_library(input, &writer);
    struct writer unused = {.text = (char[SIGNATURE_TEXT]){0}, .size = SIGNATURE_TEXT};
    bool good = add_sides(input, key, of_library ? &unused : &writer);
    good = add_object(input, key, &writer) && good;
    key->quality = good && !input->damaged ? SIGNATURE_GOOD : SIGNATURE_LOW;
    if (key->quality == SIGNATURE_LOW && !of_library) {
        add_unique(input, &writer);
    }
    finish(&writer, key);
}

bool signature_misses_caller(const struct sanitizer_report *report)
{
    const struct sanitizer_stack *access = sanitizer_report_find(report, "access");
    return strcmp(report->kind, "SEGV") == 0 && access != NULL && access->stack.count != 0 &&
           access->stack.frames[0].pc < 4096 && access->stack.frames[0].function == NULL;
}

void signature_of_report(const struct sanitizer_report *report, const char *const *client_modules,
                         size_t client_module_count, const char *unique, struct signature_key *key)
{
    struct signature_stack stacks[SANITIZER_STACKS];
    size_t count = 0;
    for (uint32_t i = 0; i < report->count && count < SANITIZER_STACKS; i++) {
        stacks[count].role = report->stacks[i].role;
        stacks[count].stack = &report->stacks[i].stack;
        count++;
    }
    struct signature_input input = {
        .kind = sanitizer_tool_name(report->tool),
        .what = report->kind,
        .stacks = stacks,
        .count = count,
        .client_modules = client_modules,
        .client_module_count = client_module_count,
        .unique = unique,
        .damaged = report->quality == SANITIZER_DAMAGED || signature_misses_caller(report),
    };
    signature_make(&input, key);
}

bool signature_equal(const struct signature_key *one, const struct signature_key *other)
{
    return strcmp(one->key, other->key) == 0;
}

/* The name in a relation that a caller's frame makes, or NULL. */
static const char *called_from(const char *relation)
{
    if (strncmp(relation, "from:", 5) == 0) {
        return relation + 5;
    }
    return strncmp(relation, "on:", 3) == 0 ? relation + 3 : NULL;
}

/* Equal; or one is called from where the other is: what is inlined may vanish from a stack, and
 * what one tool sees in a library, another sees in a function that the library calls. */
static bool relation_fits(const char *one, const char *other)
{
    const char *caller = called_from(one);
    const char *site = caller != NULL ? other : one;
    if (caller == NULL) {
        caller = called_from(other);
    }
    if (caller != NULL) {
        return strncmp(site, "site:", 5) == 0 && strcmp(site + 5, caller) == 0;
    }
    return strcmp(one, other) == 0;
}

bool signature_related(const struct signature_key *one, const struct signature_key *other)
{
    if (signature_equal(one, other)) {
        return false;
    }
    for (uint32_t i = 0; i < one->related_count; i++) {
        for (uint32_t j = 0; j < other->related_count; j++) {
            if (relation_fits(one->related[i], other->related[j])) {
                return true;
            }
        }
    }
    return false;
}

const char *signature_quality_name(enum signature_quality quality)
{
    return quality == SIGNATURE_GOOD ? "good" : "low";
}
