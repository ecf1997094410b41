/* SPDX-License-Identifier: MIT
 *
 * Defect: whoever takes a session from the cache gets one reference too many.
 */
#include "client/lab/defects.h"

static const struct h2_cache_ops *clean;
static struct h2_cache_ops sessions;

/* The cache's reference for the taker, and one "to be on the safe side". */
static void *take_and_hold(struct h2_cache *cache, const void *key, size_t length)
{
    SSL_SESSION *session = clean->take(cache, key, length);
    if (session != NULL) {
        (void)SSL_SESSION_up_ref(session);
    }
    return session;
}

static int apply(struct h2_seams *seams)
{
    clean = seams->sessions;
    sessions = *clean;
    sessions.take = take_and_hold;
    seams->sessions = &sessions;
    return 0;
}

const struct lab_defect lab_session_leak = {
    .name = "session-leak",
    .seed = "the code does not handle the cleanup of SSL sessions",
    .mechanism = "a reference is added for each resumption and never given back: the session, its "
                 "ticket and its certificate stay",
    .plain = "leak (objects, slope of the heap)",
    .asan = "leak; also lsan",
    .tsan = "leak",
    .twin = "{} (one reference, given back by its owner)",
    .apply = apply,
};
