/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The report's part on capture points.
 */
#ifndef TCPTRIAGE_REPORT_POINTS_H
#define TCPTRIAGE_REPORT_POINTS_H

#include <glib.h>

#include "tcptriage/analysis.h"

/** A section with each pair of points that have seen the same segments; nothing for a capture with one point. */
void tcpt_report_points(GString *out, const tcpt_analysis *analysis);

/** The same as part of a sentence: "; of 29 segments 0 lost between a and b ...". */
void tcpt_report_points_briefly(GString *out, const tcpt_analysis *analysis);

#endif
