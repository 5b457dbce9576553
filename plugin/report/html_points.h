/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points on a page.
 */
#ifndef TCPTRIAGE_REPORT_HTML_POINTS_H
#define TCPTRIAGE_REPORT_HTML_POINTS_H

#include "model.h"

/** What of a case's worst connection is missing at the next point, by what segments have in common; nothing where
 * nothing is. */
void tcpt_html_missing(GString *out, const tcpt_model *model, const tcpt_case *made);

/** A section with each pair of points that have seen the same segments, or why none has; nothing for one interface. */
void tcpt_html_points(GString *out, const tcpt_model *model);

#endif
