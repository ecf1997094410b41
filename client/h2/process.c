/* SPDX-License-Identifier: MIT
 *
 * Decides what is made once for all instances.
 */
#include "client/h2/process.h"

#include "client/h2/certificates.h"
#include "client/h2/error.h"
#include "client/h2/memory.h"
#include "client/h2/names.h"
#include "client/h2/protocol.h"
#include "client/h2/sessions.h"
#include "client/h2/strings.h"

#include <ares.h>

/* Makes one cache if it is of the wanted scope. false: no memory left. */
static bool make_cache(struct h2_cache **cache, const struct h2_cache_ops *ops,
                       const struct h2_lru_kind *kind, bool process_wide, size_t capacity)
{
    if (ops->process_wide == process_wide) {
        *cache = ops->create(kind, capacity);
        return *cache != NULL;
    }
    return true;
}

int h2_caches_make(struct h2_caches *caches, const struct h2_seams *seams, bool process_wide,
                   size_t capacity)
{
    if (!make_cache(&caches->sessions, seams->sessions, &h2_session_kind, process_wide, capacity) ||
        !make_cache(&caches->names, seams->names, &h2_name_kind, process_wide, capacity) ||
        !make_cache(&caches->certificates, seams->certificates, &h2_certificate_kind, process_wide,
                    capacity) ||
        !make_cache(&caches->strings, seams->strings, &h2_string_kind, process_wide, capacity)) {
        return -1;
    }
    if (seams->buffers->process_wide == process_wide) {
        caches->buffers = seams->buffers->create();
        return caches->buffers != NULL ? 0 : -1;
    }
    return 0;
}

void h2_caches_release(struct h2_caches *caches, const struct h2_seams *seams)
{
    seams->sessions->destroy(caches->sessions);
    seams->names->destroy(caches->names);
    seams->certificates->destroy(caches->certificates);
    seams->strings->destroy(caches->strings);
    seams->buffers->destroy(caches->buffers);
    *caches = (struct h2_caches){0};
}

int h2_process_create(eighth_process **made, const char *options, struct eighth_error *error)
{
    *made = NULL;
    eighth_process *process = h2_allocate(sizeof(*process));
    if (process == NULL) {
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    (void)pthread_mutex_init(&process->lock, NULL);
    if (h2_options_parse(&process->options, options, error) != 0) {
        (void)pthread_mutex_destroy(&process->lock);
        h2_release(process);
        return -1;
    }
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        (void)pthread_mutex_destroy(&process->lock);
        h2_release(process);
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    process->seams = h2_seams_for(&process->options);
    process->counters = h2_counters_create();
    process->bio_method = h2_wire_bio_method();
    process->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    process->callbacks = h2_protocol_callbacks();
    process->session_options = h2_protocol_options();
    if (process->counters == NULL || process->bio_method == NULL || process->sha256 == NULL ||
        process->callbacks == NULL || process->session_options == NULL ||
        h2_caches_make(&process->caches, &process->seams, true, process->options.capacity) != 0) {
        h2_process_free(process);
        return h2_error_memory(error, EIGHTH_PHASE_NONE);
    }
    *made = process;
    return 0;
}

void h2_process_free(eighth_process *process)
{
    if (process == NULL) {
        return;
    }
    h2_caches_release(&process->caches, &process->seams);
    h2_contexts_clear(process);
    nghttp2_option_del(process->session_options);
    nghttp2_session_callbacks_del(process->callbacks);
    EVP_MD_free(process->sha256);
    BIO_meth_free(process->bio_method);
    h2_release(process->counters);
    ares_library_cleanup();
    (void)pthread_mutex_destroy(&process->lock);
    h2_release(process);
    h2_memory_trim();
}
