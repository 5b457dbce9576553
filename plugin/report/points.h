/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points in the text report, and as lines for scripts.
 */
#ifndef TCPTRIAGE_REPORT_POINTS_H
#define TCPTRIAGE_REPORT_POINTS_H

#include <glib.h>

#include "model.h"

/** What is listed: a capture may have a million points, which are only counted then. */
enum {
    TCPT_POINTS_LISTED = 8,     /**< where nothing was seen at two of them */
    TCPT_PATHS_LISTED = 32,     /**< pairs of points */
    TCPT_PATHS_IN_SENTENCE = 8, /**< of a clean capture */
    TCPT_POINTS_IN_JSON = 4096,
};

/** A section with each pair of points that have seen the same segments, or why none has; nothing for one interface. */
void tcpt_report_points(GString *out, const tcpt_model *model);

/** The same as part of a sentence: "; of 29 segments 0 lost between a and b ...". */
void tcpt_report_points_briefly(GString *out, const tcpt_model *model);

/** What there is to say of a pair of points beside how many segments passed: sentences' rests, char *; to be freed. */
GPtrArray *tcpt_path_remarks(const tcpt_path *path);

/** Why nothing was seen at more than one point, as a sentence. To be freed. */
char *tcpt_apart_sentence(const tcpt_model *model);

/** A point's name, segments and times: clocks that differ show here. To be freed. */
char *tcpt_point_line(const tcpt_point *point);

#endif
