/* SPDX-License-Identifier: MIT
 *
 * Bugs that lose memory. Each runs in its own process, so that a report holds one bug.
 */
#include "common.h"

static void *volatile hidden;
static volatile size_t sink;

static void *xmalloc(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0, size);
    return memory;
}

static void forget(void)
{
    hidden = NULL;
    sink++;
}

struct session {
    size_t size;
    char ticket[56];
};

static struct session *session_export(void)
{
    struct session *session = xmalloc(sizeof(*session));
    session->size = 56;
    return session;
}

static struct session *session_copy(const struct session *from)
{
    struct session *copy = xmalloc(sizeof(*copy));
    *copy = *from;
    return copy;
}

static void lose_export(void)
{
    hidden = session_export();
    forget();
}

static void lose_copy(void)
{
    struct session first = {1, "t"};
    hidden = session_copy(&first);
    forget();
}

struct node {
    struct node *next;
    char payload[24];
};

static struct node *queue_push(struct node *next)
{
    struct node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        abort();
    }
    node->next = next;
    return node;
}

static void lose_queue(void)
{
    struct node *first = NULL;
    for (int i = 0; i < 5; i++) {
        first = queue_push(first);
    }
    hidden = first;
    forget();
}

static void name_set(const char *name)
{
    hidden = strdup(name);
    sink += strlen(hidden);
}

static void lose_name(void)
{
    name_set("a name that replaces the one before");
    name_set("another name that nobody keeps");
    forget();
}

/* What lay in registers and on the stack would hide the last loss. */
static void overwrite_stack(void)
{
    volatile char room[8192];
    for (size_t i = 0; i < sizeof(room); i++) {
        room[i] = (char)i;
    }
}

static void run_export(void)
{
    lose_export();
    overwrite_stack();
}

static void run_copy(void)
{
    lose_copy();
    overwrite_stack();
}

static void run_queue(void)
{
    lose_queue();
    overwrite_stack();
}

static void run_name(void)
{
    lose_name();
    overwrite_stack();
}

static const struct corpus_bug bugs[] = {
    {"lose-export", run_export},
    {"lose-copy", run_copy},
    {"lose-queue", run_queue},
    {"lose-name", run_name},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
