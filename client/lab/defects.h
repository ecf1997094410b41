/* SPDX-License-Identifier: MIT
 *
 * The records of the defects, each at the end of the file of the same name.
 */
#ifndef LAB_DEFECTS_H
#define LAB_DEFECTS_H

#include "client/lab/defect.h"

extern const struct lab_defect lab_tls_cache_global;
extern const struct lab_defect lab_string_pool_global;
extern const struct lab_defect lab_buffer_stats_global;
extern const struct lab_defect lab_buffer_reuse;
extern const struct lab_defect lab_eighth_connection;
extern const struct lab_defect lab_close_while_reading;
extern const struct lab_defect lab_close_while_reading_h2c;
extern const struct lab_defect lab_ssl_reentered;
extern const struct lab_defect lab_mutex_across_read;
extern const struct lab_defect lab_fd_leak_on_handshake_failure;
extern const struct lab_defect lab_connect_timeout_thread;
extern const struct lab_defect lab_ssl_ctx_leak;
extern const struct lab_defect lab_session_leak;
extern const struct lab_defect lab_error_queue_stale;
extern const struct lab_defect lab_tcp_closed_before_tls;
extern const struct lab_defect lab_double_close;
extern const struct lab_defect lab_dropped_without_close;
extern const struct lab_defect lab_finalizer_order;
extern const struct lab_defect lab_sigpipe;
extern const struct lab_defect lab_cache_unbounded;

#endif
