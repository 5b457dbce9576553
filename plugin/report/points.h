/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points in the text report, and as lines for scripts.
 */
#ifndef TCPTRIAGE_REPORT_POINTS_H
#define TCPTRIAGE_REPORT_POINTS_H

#include <glib.h>

#include "model.h"

/** A section with each pair of points that have seen the same segments, or why none has; nothing for one interface. */
void tcpt_report_points(GString *out, const tcpt_model *model);

/** The same as part of a sentence: "; of 29 segments 0 lost between a and b ...". */
void tcpt_report_points_briefly(GString *out, const tcpt_model *model);

#endif
