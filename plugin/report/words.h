/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How the text report writes things.
 */
#ifndef TCPTRIAGE_REPORT_WORDS_H
#define TCPTRIAGE_REPORT_WORDS_H

#include <inttypes.h>

#include <glib.h>

/** Columns before what a flow's entries say. */
enum { LABEL_AT = 4 };

/** "1 segment", "2 segments". */
static inline void append_count(GString *out, uint64_t count, const char *noun)
{
    g_string_append_printf(out, "%" PRIu64 " %s%s", count, noun, count == 1 ? "" : "s");
}

/** How wide lines are, 100 at first. */
void set_columns(unsigned wanted);
unsigned get_columns(void);

/** Write words of `text` from column `at` on, where the line is by now; further lines begin at column `further`. */
void write_wrapped(GString *out, const char *text, unsigned at, unsigned further);

#endif
