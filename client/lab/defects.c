/* SPDX-License-Identifier: MIT
 *
 * The table of all defects.
 */
#include "client/lab/defects.h"

#include <string.h>

const struct lab_defect *const lab_defects[] = {
    &lab_tls_cache_global,
    &lab_string_pool_global,
    &lab_buffer_stats_global,
    &lab_buffer_reuse,
    &lab_eighth_connection,
    &lab_close_while_reading,
    &lab_close_while_reading_h2c,
    &lab_ssl_reentered,
    &lab_mutex_across_read,
    &lab_fd_leak_on_handshake_failure,
    &lab_connect_timeout_thread,
    &lab_ssl_ctx_leak,
    &lab_session_leak,
    &lab_error_queue_stale,
    &lab_tcp_closed_before_tls,
    &lab_double_close,
    &lab_dropped_without_close,
    &lab_finalizer_order,
    &lab_sigpipe,
    &lab_cache_unbounded,
    NULL,
};

const struct lab_defect *lab_defect_named(const char *name)
{
    for (size_t i = 0; lab_defects[i] != NULL; i++) {
        if (strcmp(lab_defects[i]->name, name) == 0) {
            return lab_defects[i];
        }
    }
    return NULL;
}

const struct lab_option *lab_option_named(const struct lab_defect *defect, const char *name)
{
    const struct lab_option *option = defect->options;
    while (option != NULL && option->name != NULL && strcmp(option->name, name) != 0) {
        option++;
    }
    return option != NULL && option->name != NULL ? option : NULL;
}
