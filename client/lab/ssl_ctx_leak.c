/* SPDX-License-Identifier: MIT
 *
 * Defect: each instance makes its SSL_CTX, and nobody frees it.
 */
#include "client/lab/defects.h"

/* A collected language has freed the object around it; what that pointed to was C's. */
static void forget(eighth_process *process, struct h2_context *context)
{
    (void)process;
    (void)context;
}

static struct h2_context_ops contexts;

static int apply(struct h2_seams *seams)
{
    contexts = h2_contexts_instance;
    contexts.release = forget;
    seams->contexts = &contexts;
    return 0;
}

const struct lab_defect lab_ssl_ctx_leak = {
    .name = "ssl-ctx-leak",
    .seed = "the code does not free SSL contexts explicitly",
    .mechanism = "SSL_CTX_free is never called: a context, its roots and its sessions stay for "
                 "each instance",
    .plain = "leak (objects, slope of the heap)",
    .asan = "leak; also lsan",
    .tsan = "leak",
    .twin = "{\"ssl_ctx\": \"instance\" | \"shared\"}",
    .apply = apply,
};
