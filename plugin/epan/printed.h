/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is printed of the frames, as far as it can be known before one is dissected.
 */
#ifndef TCPTRIAGE_EPAN_PRINTED_H
#define TCPTRIAGE_EPAN_PRINTED_H

#include <stdbool.h>
#include <stddef.h>

/** Whether this program prints fields of others only ("tshark -T fields"): nobody reads a tree then, visible or not. */
bool tcpt_prints_other_fields(void);

/** The same of a command line: its arguments, each ended by a NUL, in so many bytes. */
bool tcpt_asks_other_fields(const char *arguments, size_t bytes);

#endif
