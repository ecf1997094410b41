/* SPDX-License-Identifier: MIT
 *
 * Bugs of memory: each entry of the table at the end is one bug of its own; several are near-twins.
 */
#include "common.h"

#include <assert.h>
#include <openssl/ssl.h>
#include <stdint.h>

/* Both hide a value from the optimiser, which would otherwise see the bug and drop it. */
static void *volatile hidden;
static volatile size_t sink;

static void *opaque(void *pointer)
{
    hidden = pointer;
    return hidden;
}

/* ---- byte strings: two kinds of objects that one function reads ----------------------------- */

struct bytes {
    size_t length;
    size_t next;
    unsigned char data[48];
};

static unsigned bytes_next(struct bytes *bytes)
{
    size_t at = bytes->next;
    bytes->next = at + 1;
    return bytes->data[at % sizeof(bytes->data)];
}

static struct bytes *body_new(void)
{
    struct bytes *body = calloc(1, sizeof(*body));
    if (body == NULL) {
        abort();
    }
    body->length = 40;
    return body;
}

static void body_release(struct bytes *body)
{
    sink += body->length;
    free(body);
    sink++;
}

static struct bytes *header_new(size_t length)
{
    struct bytes *header = malloc(sizeof(*header));
    if (header == NULL) {
        abort();
    }
    memset(header, 1, sizeof(*header));
    header->length = length;
    header->next = 0;
    return header;
}

static void header_release(struct bytes *header)
{
    free(header);
    sink++;
}

static void read_body_after_release(void)
{
    struct bytes *body = opaque(body_new());
    sink += bytes_next(body);
    body_release(body);
    sink += bytes_next(body);
}

static void read_header_after_release(void)
{
    struct bytes *header = opaque(header_new(20));
    sink += bytes_next(header);
    header_release(header);
    sink += bytes_next(header);
}

static void body_rewind(struct bytes *body)
{
    body->next = 0;
    sink++;
}

static void rewind_body_after_release(void)
{
    struct bytes *body = opaque(body_new());
    body_release(body);
    body_rewind(body);
}

/* ---- frees through one wrapper -------------------------------------------------------------- */

static void xfree(void *pointer)
{
    sink++;
    free(pointer);
    sink++;
}

struct entry {
    char *name;
    char *value;
};

static void table_remove(struct entry *entry)
{
    xfree(entry->name);
    sink += 2;
}

static void cache_evict(struct entry *entry)
{
    sink += 3;
    xfree(entry->value);
}

static void remove_twice(void)
{
    struct entry entry = {opaque(malloc(33)), NULL};
    table_remove(&entry);
    table_remove(&entry);
    sink++;
}

static void evict_twice(void)
{
    struct entry entry = {NULL, opaque(malloc(33))};
    cache_evict(&entry);
    cache_evict(&entry);
    sink++;
}

static void trim_release(char *text)
{
    while (*text == ' ') {
        text++;
    }
    free(text);
    sink++;
}

static void free_inside(void)
{
    char *text = opaque(malloc(64));
    memcpy(text, "   padded", 10);
    trim_release(text);
}

/* ---- overflows ------------------------------------------------------------------------------ */

static void *xmemcpy(void *to, const void *from, size_t length)
{
    sink += length;
    void *result = memcpy(to, from, length);
    sink++;
    return result;
}

static char long_text[256];

static void store_header(char *place, size_t length)
{
    xmemcpy(place, long_text, length);
    sink++;
}

static void store_trailer(char *place, size_t length)
{
    sink++;
    xmemcpy(place, long_text, length + 1);
}

static void overflow_header(void)
{
    char *place = opaque(malloc(24));
    sink = 90;
    store_header(place, sink);
    free(place);
}

static void overflow_trailer(void)
{
    char *place = opaque(malloc(24));
    sink = 90;
    store_trailer(place, sink);
    free(place);
}

static void frame_append(unsigned char *frame, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        frame[i] = (unsigned char)(i * 7 + sink);
    }
}

static void overflow_frame(void)
{
    unsigned char *frame = opaque(malloc(40));
    frame_append(frame, 0, 200);
    free(opaque(malloc(2000)));
    free(frame);
}

static size_t parse_authority(const char *text)
{
    char host[16];
    size_t length = 0;
    while (text[length] != '\0') {
        host[length] = text[length];
        length++;
    }
    hidden = host;
    return length + (size_t)host[3];
}

static void overflow_stack(void)
{
    memset(long_text, 'h', 200);
    long_text[200] = '\0';
    sink += parse_authority(long_text);
}

static const int status_table[8] = {200, 204, 301, 302, 400, 404, 500, 503};

static int status_at(size_t index)
{
    const int *table = opaque((void *)status_table);
    return table[index];
}

static void overflow_global(void)
{
    sink = 8;
    sink += (size_t)status_at(sink);
}

static int *deadline_of(int seconds)
{
    int deadline[4] = {seconds, 1, 2, 3};
    return opaque(deadline);
}

static void deadline_expire(int *deadline)
{
    sink += (size_t)deadline[2];
    sink++;
}

static void use_after_return(void)
{
    deadline_expire(deadline_of(5));
}

static void use_after_scope(void)
{
    int *kept;
    {
        int window[6] = {1, 2, 3, 4, 5, (int)sink};
        kept = opaque(window);
    }
    sink += (size_t)kept[4];
}

/* ---- wild pointers, resources --------------------------------------------------------------- */

struct stream {
    struct stream *next;
    int id;
    int window;
};

static int stream_window(const struct stream *stream)
{
    int window = stream->window;
    sink++;
    return window;
}

static const struct stream *stream_find(const struct stream *stream, int id)
{
    while (stream->id != id) {
        stream = stream->next;
    }
    return stream;
}

static void null_window(void)
{
    sink += (size_t)stream_window(opaque(NULL));
}

static void null_find(void)
{
    struct stream *stream = opaque(calloc(1, sizeof(*stream)));
    sink += (size_t)stream_find(stream, 7)->window;
}

static size_t label_length(const char *label)
{
    size_t length = strlen(label);
    return length + sink;
}

static void null_label(void)
{
    sink = label_length(opaque(NULL));
}

static void tls_reader(SSL *tls)
{
    char bytes[16];
    sink += (size_t)SSL_read(tls, bytes, sizeof(bytes));
}

static void tls_drain(SSL *tls)
{
    char bytes[4];
    while (SSL_read(tls, bytes, sizeof(bytes)) > 0) {
        sink++;
    }
}

static void null_tls_reader(void)
{
    tls_reader(opaque(NULL));
    sink++;
}

static void null_tls_drain(void)
{
    tls_drain(opaque(NULL));
    sink++;
}

static size_t nest(const char *text, size_t depth)
{
    char here[256];
    memcpy(here, text, sizeof(here));
    hidden = here;
    if (depth == 0) {
        return 1;
    }
    return nest(here, depth - 1) + (size_t)here[depth % 7];
}

static void nest_without_end(void)
{
    sink += nest(long_text, (size_t)1 << 40);
}

static void grow_buffer(size_t wanted)
{
    char *grown = malloc(wanted);
    assert(grown != NULL);
    hidden = grown;
    sink++;
}

static void grow_too_far(void)
{
    sink = SIZE_MAX / 2;
    grow_buffer(sink);
}

static void check_window(long window)
{
    assert(window >= 0 && "a window is never negative");
    sink++;
}

static void assert_window(void)
{
    sink = 5;
    check_window((long)sink - 9);
}

/* ---- pointers that outlive what they point to ----------------------------------------------- */

struct queue {
    int *items;
    size_t room;
};

static void queue_grow(struct queue *queue, size_t room)
{
    int *items = realloc(queue->items, room * sizeof(*items));
    if (items == NULL) {
        abort();
    }
    queue->items = items;
    queue->room = room;
}

static int queue_front(const int *kept)
{
    int front = kept[0];
    sink++;
    return front + 1;
}

static void keep_over_realloc(void)
{
    struct queue queue = {NULL, 0};
    queue_grow(&queue, 4);
    queue.items[0] = 3;
    int *kept = opaque(queue.items);
    queue_grow(&queue, 40000);
    sink += (size_t)queue_front(kept);
    free(queue.items);
}

static void cookie_set(char *place, const char *text)
{
    strcpy(place, text);
    sink += (size_t)place[0];
}

static void overflow_cookie(void)
{
    memset(long_text, 'c', 90);
    long_text[90] = '\0';
    char *place = opaque(malloc(12));
    cookie_set(place, opaque(long_text));
    free(opaque(malloc(3000)));
    free(place);
}

static void window_shift(char *window, size_t by)
{
    memcpy(window + by, window, 40);
    sink += (size_t)window[by];
}

static void overlap_window(void)
{
    char *window = opaque(calloc(1, 100));
    sink = 8;
    window_shift(window, sink);
    free(window);
}

struct handler {
    int (*call)(int);
    void *next;
};

static int dispatch(const struct handler *handler, int event)
{
    int result = handler->call(event);
    sink++;
    return result + 1;
}

static void call_nothing(void)
{
    struct handler *handler = opaque(calloc(1, sizeof(*handler)));
    sink += (size_t)dispatch(handler, 4);
}

static int frames_per(int bytes, int size)
{
    int frames = bytes / size;
    sink++;
    return frames;
}

static void divide_by_zero(void)
{
    sink = 0;
    sink = (size_t)frames_per(100, (int)sink);
}

static void table_allocate(size_t rows, size_t columns)
{
    int *table = calloc(rows, columns);
    hidden = table;
    table[rows / 2] = 1;
}

static void overflow_calloc(void)
{
    sink = SIZE_MAX / 8;
    table_allocate(sink, 64);
}

static const struct corpus_bug bugs[] = {
    {"read-body-after-release", read_body_after_release},
    {"read-header-after-release", read_header_after_release},
    {"rewind-body-after-release", rewind_body_after_release},
    {"remove-twice", remove_twice},
    {"evict-twice", evict_twice},
    {"free-inside", free_inside},
    {"overflow-header", overflow_header},
    {"overflow-trailer", overflow_trailer},
    {"overflow-frame", overflow_frame},
    {"overflow-stack", overflow_stack},
    {"overflow-global", overflow_global},
    {"use-after-return", use_after_return},
    {"use-after-scope", use_after_scope},
    {"null-window", null_window},
    {"null-find", null_find},
    {"null-label", null_label},
    {"null-tls-reader", null_tls_reader},
    {"null-tls-drain", null_tls_drain},
    {"nest-without-end", nest_without_end},
    {"grow-too-far", grow_too_far},
    {"assert-window", assert_window},
    {"keep-over-realloc", keep_over_realloc},
    {"overflow-cookie", overflow_cookie},
    {"overlap-window", overlap_window},
    {"call-nothing", call_nothing},
    {"divide-by-zero", divide_by_zero},
    {"overflow-calloc", overflow_calloc},
};

int main(int count, char **values)
{
    return corpus_main(count, values, bugs, sizeof(bugs) / sizeof(bugs[0]));
}
