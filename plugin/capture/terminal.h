/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The terminal that a report goes to.
 */
#ifndef TCPTRIAGE_CAPTURE_TERMINAL_H
#define TCPTRIAGE_CAPTURE_TERMINAL_H

/** Columns that a line of text has there: as many as the terminal, and never more than are easily read (100). */
unsigned tcpt_terminal_columns(void);

#endif
