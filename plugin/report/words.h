/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How the text report writes things.
 */
#ifndef TCPTRIAGE_REPORT_WORDS_H
#define TCPTRIAGE_REPORT_WORDS_H

#include <inttypes.h>

#include <glib.h>

enum {
    LABEL_AT = 4, /**< columns before what a flow's entries say */
    TEXT_AT = 15, /**< columns before what stands behind a label */
};

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

/** A label and what stands behind it; nothing where the text is empty or NULL. */
void write_labelled(GString *out, const char *label, const char *text);

/** A filter is copied from the terminal: it stays on one line, and nothing else does. Takes the filter over. */
void write_filter_line(GString *out, const char *label, char *filter);

#endif
