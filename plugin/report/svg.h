/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Parts of inline SVG. Colours and lines are classes (picture.c has the style sheet): a page's policy allows no style
 * in the elements themselves. Coordinates are whole pixels: no decimal sign of some language gets in.
 */
#ifndef TCPTRIAGE_REPORT_SVG_H
#define TCPTRIAGE_REPORT_SVG_H

#include <glib.h>

/** Append text, escaped. @param classes  of the style sheet; "e" ends at x, "c" is centred there */
void tcpt_svg_text(GString *out, int x, int y, const char *classes, const char *text);

/** The same, taking over an allocated text (g_free). */
void tcpt_svg_take(GString *out, int x, int y, const char *classes, char *text);

void tcpt_svg_line(GString *out, int x1, int y1, int x2, int y2, const char *classes);

void tcpt_svg_box(GString *out, int x, int y, int width, int height, const char *classes);

/** A line with a head at its end. */
void tcpt_svg_arrow(GString *out, int x1, int y1, int x2, int y2, const char *classes);

/** A cross at its middle. */
void tcpt_svg_cross(GString *out, int x, int y, int arm, const char *classes);

/** An allocated text, which is taken over, in lines of at most `most` characters. @return the y below them */
int tcpt_svg_take_lines(GString *out, int x, int y, int line_height, unsigned most, const char *classes, char *text);

/** A text of at most `most` characters: of a longer one the middle gives way to an ellipsis. To be freed. */
char *tcpt_svg_short(const char *text, unsigned most);

/** The same, taking over an allocated text (g_free). */
char *tcpt_svg_shortened(char *text, unsigned most);

#endif
