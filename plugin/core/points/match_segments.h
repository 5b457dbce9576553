/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The same segment at another point. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_MATCH_SEGMENTS_H
#define TCPTRIAGE_CORE_POINTS_MATCH_SEGMENTS_H

#include "core/points/state.h"

/**
 * Find what a segment at `member` is the copy of, and note where it has got to.
 *
 * @param now  the segment as a sighting of its own, not in any list; its `seq` moves past what was seen elsewhere
 * @return true when all of it was seen at another point
 */
bool tcpt_match_segment(tcpt_points *points, tcpt_sighting *now, const tcpt_segment *segment);

#endif
