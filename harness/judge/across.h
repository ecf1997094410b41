/* SPDX-License-Identifier: MIT
 *
 * One bug across flavors: findings of the same scenario in different flavors that share a client's
 * site or an object, or have the other's site on the stack of the access (signature_related) get
 * the same story, so that "SIGSEGV in SSL_read", the use after free and the race pair read as one.
 * They are linked, never merged.
 */
#ifndef JUDGE_ACROSS_H
#define JUDGE_ACROSS_H

#include "harness/judge/result.h"

#include <stddef.h>

/** Sets finding->story of all findings: 0 alone, else the number of its story, from 1. May be
 *  called again when results were added. Findings without a signature of stacks stay alone. */
void across_link(struct scenario_result *const *results, size_t count);

#endif
