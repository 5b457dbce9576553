/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What every page has, whatever it tells: head, style, script, foot, and what can be copied.
 *
 * A page is one file. Its policy (Content-Security-Policy) forbids every request, and runs no other script and takes no
 * other style than its own, by their sums: what got into it from a capture could do nothing even if it were markup.
 * Colours are variables that :root sets for light and dark (page.css): --bg --fg --muted --line --panel --accent --warn
 * --note --chat --good --client --server.
 */
#ifndef TCPTRIAGE_REPORT_HTML_PAGE_H
#define TCPTRIAGE_REPORT_HTML_PAGE_H

#include <glib.h>

/** Everything before the page's own headings, up to <main>.
 *  @param style  further style sheet, NULL for none */
void tcpt_page_begin(GString *out, const char *title, const char *style);

/** Everything behind them. @param made_by  what has made the page, NULL where that is not told */
void tcpt_page_end(GString *out, const char *made_by);

/** Text that is made to be pasted elsewhere, with a button where there is script.
 *  @param what  what is copied: the button's name for those who do not see where it stands */
void tcpt_page_copyable(GString *out, const char *what, const char *text);

/** A heading (<h3> by level 3, ...) beside what belongs to it: begun, and ended by tcpt_page_row_end(). */
void tcpt_page_row(GString *out, unsigned level, const char *heading);
void tcpt_page_row_end(GString *out);

/** Both with what is between them, taking that over; nothing without any. */
void tcpt_page_take_row(GString *out, unsigned level, const char *heading, GString *content);

#endif
