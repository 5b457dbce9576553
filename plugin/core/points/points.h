/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments followed from capture point to capture point: what was found.
 *
 * commit.c knows the points and notes each segment; match_connections.c finds the flows that are one connection,
 * match_segments.c recognises a segment at the next point, sightings.c keeps it until then, nearer.c tells which point
 * is nearer to the sender, losses.c counts what did not get from one to the next, paths.c sums up two points.
 */
#ifndef TCPTRIAGE_CORE_POINTS_POINTS_H
#define TCPTRIAGE_CORE_POINTS_POINTS_H

#include "tcptriage/points.h"

typedef struct tcpt_points tcpt_points;

bool tcpt_points_watching(const tcpt_points *points);
void tcpt_points_each_path(const tcpt_points *points, void (*visit)(const tcpt_path *, void *), void *data);
unsigned tcpt_points_count(const tcpt_points *points);
uint32_t tcpt_points_kept(const tcpt_points *points);
const tcpt_point *tcpt_points_first(const tcpt_points *points);

#endif
