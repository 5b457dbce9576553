/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What this program is going to do with frames, as far as that can be known before one is dissected.
 */
#ifndef TCPTRIAGE_EPAN_COMMAND_LINE_H
#define TCPTRIAGE_EPAN_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

/** Whether this program prints fields of others only ("tshark -T fields"): nobody reads a tree then, visible or not. */
bool tcpt_prints_other_fields(void);

/** Whether it dissects each frame once in each pass, and leaves none out: a tshark without a read filter ("-R"). */
bool tcpt_dissects_once(void);

/** The same of a command line: its arguments, each ended by a NUL, in so many bytes. */
bool tcpt_asks_other_fields(const char *arguments, size_t bytes);
bool tcpt_asks_for_all_once(const char *arguments, size_t bytes);

#endif
