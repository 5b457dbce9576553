/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a room keeps, as pieces of memory that may refer to records and flows: what tcpt_release() looks through. Inside
 * the core only.
 */
#ifndef TCPTRIAGE_BLOCKS_H
#define TCPTRIAGE_BLOCKS_H

#include <stddef.h>

/** @param block  so many bytes, aligned as a pointer; for the length of the call */
typedef void (*tcpt_block_visit)(const void *block, size_t bytes, void *data);

#endif
