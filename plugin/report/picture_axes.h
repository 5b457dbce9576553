/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Axes of a plot, with ticks at round numbers. For picture*.c only.
 */
#ifndef TCPTRIAGE_REPORT_PICTURE_AXES_H
#define TCPTRIAGE_REPORT_PICTURE_AXES_H

#include <stdint.h>

#include <glib.h>

typedef struct tcpt_axes {
    int64_t from_ns; /**< time at the left, and at the right: later */
    int64_t to_ns;
    int64_t low; /**< value at the bottom, and at the top: more */
    int64_t high;
    int64_t zero_ns; /**< times are told from here on */
} tcpt_axes;

/** Pixels of what lies between the axes. */
enum { TCPT_PLOT_LEFT = 58, TCPT_PLOT_RIGHT = 470, TCPT_PLOT_TOP = 34, TCPT_PLOT_BOTTOM = 224 };

/** Where a time, and a value, are drawn; at the edge what lies beyond it. */
int tcpt_axes_x(const tcpt_axes *axes, int64_t time_ns);
int tcpt_axes_y(const tcpt_axes *axes, int64_t value);

/** Draw them. @param what  the values are, with their unit */
void tcpt_axes_draw(GString *out, const tcpt_axes *axes, const char *what);

/** A row of a legend: draw a sample of 20 pixels at x and y, with its words behind it. @return the x behind it */
int tcpt_legend_words(GString *out, int x, int y, const char *words);

#endif
