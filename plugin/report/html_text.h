/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * HTML, safely: whatever is written here cannot become markup, and nothing in it is hidden.
 *
 * What steers the direction of writing, is not to be seen or is no UTF-8 stands there as "\u202e" or "\xff".
 */
#ifndef TCPTRIAGE_REPORT_HTML_TEXT_H
#define TCPTRIAGE_REPORT_HTML_TEXT_H

#include <glib.h>

/** Append text: between tags. */
void tcpt_html_text(GString *out, const char *text);

/** The same, taking over an allocated text (g_free). */
void tcpt_html_take(GString *out, char *text);

/** Append ` name="value"`: inside of a tag. */
void tcpt_html_attribute(GString *out, const char *name, const char *value);

/** Append an element that holds a text alone. @param classes  NULL for none */
void tcpt_html_element(GString *out, const char *tag, const char *classes, const char *text);

/** The same, taking over an allocated text (g_free). */
void tcpt_html_take_element(GString *out, const char *tag, const char *classes, char *text);

#endif
