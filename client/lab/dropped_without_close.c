/* SPDX-License-Identifier: MIT
 *
 * Defect: an instance that is only dropped keeps what close would have freed.
 */
#include "client/lab/defects.h"

static struct h2_closing_ops closing;

/* There is no finalizer. */
static void no_drop(eighth_instance *instance)
{
    (void)instance;
}

static int apply(struct h2_seams *seams)
{
    closing = h2_closing_orderly;
    closing.drop = no_drop;
    seams->closing = &closing;
    return 0;
}

const struct lab_defect lab_dropped_without_close = {
    .name = "dropped-without-close",
    .seed = "without a finalizer, resources are not freed if close is not called",
    .mechanism = "only close frees: the socket, the SSL object and the HTTP/2 session of a dropped "
                 "instance stay",
    .plain = "leak",
    .asan = "leak; also lsan",
    .tsan = "leak",
    .twin = "{} (free does what close has not done)",
    .apply = apply,
};
