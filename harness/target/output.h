/* SPDX-License-Identifier: MIT
 *
 * What goes out of a connection: gathered in its loop's buffer, written to the transport, and kept
 * with the connection only as far as the socket does not take it.
 */
#ifndef TARGET_OUTPUT_H
#define TARGET_OUTPUT_H

#include <stddef.h>

struct connection;
struct loop;

/** What the loop's buffer can still take. */
size_t output_room(const struct loop *loop);

/** Adds to the loop's buffer; length is at most output_room. */
void output_add(struct loop *loop, const void *bytes, size_t length);

/** Writes the rest of an earlier piece. 1: there is none left; 0: the socket is full; -1: nothing
 *  can be written any more. Call it before the loop's buffer is filled. */
int output_resume(struct connection *connection);

/** Writes what the loop's buffer holds, keeping what the socket does not take. 1: all of it went;
 *  0: the socket is full; -1. */
int output_write(struct connection *connection);

#endif
