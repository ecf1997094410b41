/* SPDX-License-Identifier: MIT
 *
 * One mutex for each kind of shared data.
 */
#include "client/adapters/curl_share.h"

#include <pthread.h>

const char *const curl_share_words[] = {"ssl-session", "dns", "connect", NULL};

static const curl_lock_data kinds[] = {CURL_LOCK_DATA_SSL_SESSION, CURL_LOCK_DATA_DNS,
                                       CURL_LOCK_DATA_CONNECT};

static pthread_mutex_t locks[CURL_LOCK_DATA_LAST];

static void lock(CURL *handle, curl_lock_data data, curl_lock_access access, void *context)
{
    (void)handle, (void)access, (void)context;
    (void)pthread_mutex_lock(&locks[data]);
}

static void unlock(CURL *handle, curl_lock_data data, void *context)
{
    (void)handle, (void)context;
    (void)pthread_mutex_unlock(&locks[data]);
}

CURLSH *curl_share_make(unsigned bits, bool with_locks)
{
    CURLSH *share = curl_share_init();
    CURLSHcode went = share != NULL ? CURLSHE_OK : CURLSHE_NOMEM;
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++) {
        (void)pthread_mutex_init(&locks[i], NULL); /* never fails on Linux */
    }
    if (went == CURLSHE_OK && with_locks) {
        went = curl_share_setopt(share, CURLSHOPT_LOCKFUNC, lock);
    }
    if (went == CURLSHE_OK && with_locks) {
        went = curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, unlock);
    }
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0] && went == CURLSHE_OK; i++) {
        if (bits >> i & 1) {
            went = curl_share_setopt(share, CURLSHOPT_SHARE, kinds[i]);
        }
    }
    if (went != CURLSHE_OK && share != NULL) {
        (void)curl_share_cleanup(share);
        share = NULL;
    }
    return share;
}
