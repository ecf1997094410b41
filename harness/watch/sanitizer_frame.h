/* SPDX-License-Identifier: MIT
 *
 * One line of a stack as the sanitizers write it.
 */
#ifndef WATCH_SANITIZER_FRAME_H
#define WATCH_SANITIZER_FRAME_H

#include "harness/watch/stack.h"

#include <stdbool.h>

/** True if the line begins as a frame does: blanks, '#', a digit. */
bool sanitizer_frame_is(const char *line);

/** Reads a frame: its place in the stack goes to *number, the rest to *frame, whose texts point
 *  into line. line is written to (texts are ended in it). 0, or -1 if it is no whole frame.
 *
 *  Known forms, each also with " (BuildId: HEX)" at its end:
 *      #0 0x1234 in FUNCTION FILE:LINE:COLUMN       #0 0x1234 in FUNCTION (MODULE+0x12)
 *      #0 0x1234  (MODULE+0x12)                     #0 FUNCTION FILE:LINE (MODULE+0x12)
 *      #0 FUNCTION <null> (MODULE+0x12)             #0 0x1234 in FUNCTION FILE:LINE (MODULE+0x12)
 *  FUNCTION may hold blanks and brackets. */
int sanitizer_frame_parse(char *line, uint32_t *number, struct stack_frame *frame);

#endif
