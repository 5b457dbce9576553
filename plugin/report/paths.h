/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a report tells of capture points, whatever its form.
 */
#ifndef TCPTRIAGE_REPORT_PATHS_H
#define TCPTRIAGE_REPORT_PATHS_H

#include <glib.h>

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/** Why no segment was recognised at two interfaces. */
typedef enum tcpt_apart {
    TCPT_APART_NOT,        /**< some was, or there is one interface only */
    TCPT_APART_TRAFFIC,    /**< no connection has the same addresses and ports there */
    TCPT_APART_DIRECTIONS, /**< each saw one direction of those that have */
    TCPT_APART_TIMES,      /**< connections that have were seen at other times */
    TCPT_APART_SEGMENTS,   /**< their segments differ */
} tcpt_apart;

/** @return tcpt_path of each pair of points between which segments were recognised; to be freed */
GArray *tcpt_paths(const tcpt_analysis *analysis);

/** Why there is no path. */
tcpt_apart tcpt_paths_apart(const tcpt_analysis *analysis);

#endif
