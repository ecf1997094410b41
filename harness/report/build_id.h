/* SPDX-License-Identifier: MIT
 *
 * The build-id of an ELF file, read without loading it.
 */
#ifndef REPORT_BUILD_ID_H
#define REPORT_BUILD_ID_H

#include <stddef.h>

/** Writes the GNU build-id of the file as lower-case hex, or "" if it has none, cannot be read or
 *  is no ELF file of this machine's kind. The file is not trusted. */
void build_id_read(const char *path, char *text, size_t capacity);

#endif
