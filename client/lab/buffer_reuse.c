/* SPDX-License-Identifier: MIT
 *
 * Defect: I/O buffers are valid until so many others were leased, and not until they are given
 * back. A reader that waits for its server keeps its buffer for longer.
 */
#include "client/lab/defects.h"
#include "client/lab/socket_bio.h"

#include "client/h2/deadline.h"
#include "client/h2/memory.h"

#include <poll.h>

#define PATIENCE_NS (100 * H2_NS_PER_MS)

enum { OLDEST_HANDED_OUT, OLDEST_FREED };

static int depth;
static int oldest;

/* The newest leases; whoever leases next takes the oldest. */
struct h2_buffers {
    pthread_mutex_t lock;
    size_t next;
    void *recent[64];
};

static struct h2_buffers *ring_create(void)
{
    struct h2_buffers *ring = h2_allocate(sizeof(*ring));
    if (ring != NULL) {
        (void)pthread_mutex_init(&ring->lock, NULL);
    }
    return ring;
}

static void *ring_lease(struct h2_buffers *ring, bool *made)
{
    (void)pthread_mutex_lock(&ring->lock);
    void **slot = &ring->recent[ring->next];
    ring->next = (ring->next + 1) % (size_t)depth;
    if (oldest == OLDEST_FREED) {
        h2_release(*slot); /* its user must be done with it by now */
        *slot = NULL;
    }
    *made = *slot == NULL;
    if (*made) {
        *slot = h2_allocate_raw(H2_BUFFER_BYTES);
    }
    void *buffer = *slot;
    (void)pthread_mutex_unlock(&ring->lock);
    return buffer;
}

static void ring_give_back(struct h2_buffers *ring, void *buffer)
{
    (void)ring;
    (void)buffer; /* its turn comes */
}

static void ring_trim(struct h2_buffers *ring)
{
    (void)ring;
}

static void ring_destroy(struct h2_buffers *ring)
{
    if (ring != NULL) {
        for (int i = 0; i < depth; i++) {
            h2_release(ring->recent[i]);
        }
        (void)pthread_mutex_destroy(&ring->lock);
        h2_release(ring);
    }
}

static const struct h2_buffer_ops ring_buffers = {true,           ring_create, ring_lease,
                                                  ring_give_back, ring_trim,   ring_destroy};

/* Reads into the leased buffer when there is something to read, and has patience until then. */
static enum h2_io patient_read(struct h2_link *link, void *bytes, size_t capacity, size_t *moved,
                               struct eighth_error *error)
{
    uint64_t until = h2_now() + PATIENCE_NS;
    enum h2_io io = h2_transport_tls.read(link, bytes, capacity, moved, error);
    while (io == H2_IO_WANT_READ && lab_awaits(link->instance) &&
           h2_instance_poll(link->instance, POLLIN, until) != 0) {
        io = h2_transport_tls.read(link, bytes, capacity, moved, error);
    }
    return io;
}

static struct h2_transport_ops patient_tls;

static int apply(struct h2_seams *seams)
{
    patient_tls = h2_transport_tls;
    patient_tls.read = patient_read;
    seams->tls = &patient_tls;
    seams->buffers = &ring_buffers;
    return 0;
}

static const char *const fates[] = {
    [OLDEST_HANDED_OUT] = "handed-out", [OLDEST_FREED] = "freed", NULL};

static const struct lab_option options[] = {
    {"depth", "how many leases a buffer outlives", NULL, 1, 64, 4, &depth},
    {"oldest", "what becomes of a buffer then: handed-out again, or freed", fates, 0, 0,
     OLDEST_HANDED_OUT, &oldest},
    {0},
};

const struct lab_defect lab_buffer_reuse = {
    .name = "buffer-reuse",
    .seed = "the buffer pool is shared by all instances",
    .mechanism = "a buffer is handed out again while its last user still reads into it or parses "
                 "it: that user sees somebody else's bytes",
    .plain = "crash, heap-corruption, cross-talk, wrong-response, error; also leak",
    .asan = "asan, cross-talk, wrong-response, error; also ubsan, crash, heap-corruption, leak",
    .tsan = "tsan; also crash, heap-corruption, cross-talk, wrong-response, error, leak",
    .twin = "{\"cache\": \"none\" | \"instance\"}",
    .options = options,
    .apply = apply,
};
