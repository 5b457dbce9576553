/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments followed from capture point to capture point: the writers. For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_COMMIT_H
#define TCPTRIAGE_CORE_POINTS_COMMIT_H

#include "tcptriage/blocks.h"
#include "core/points/points.h"
#include "tcptriage/observation.h"
#include "tcptriage/settings.h"

tcpt_points *tcpt_points_new(const tcpt_settings *settings);
void tcpt_points_free(tcpt_points *points);

/** Call `visit` for each piece of memory that may refer to records, but for what is known of connections. */
void tcpt_points_each_block(const tcpt_points *points, tcpt_block_visit visit, void *data);

/** The same for the connection that a flow is. */
void tcpt_points_each_block_of(const tcpt_flow *flow, tcpt_block_visit visit, void *data);

/** Whether segments of a flow, or of the connection that it is, may still show at other points, or what they will show
 * there may tell more of it. */
bool tcpt_points_expect_more(const tcpt_points *points, const tcpt_flow *flow);

/** Give back the connections whose flows leave: all of one do, or none. What they add up to stays. */
void tcpt_points_release(tcpt_points *points, bool (*leaves)(const tcpt_flow *flow, void *data), void *data);

/** Flows have other numbers, below so many. */
void tcpt_points_number_anew(tcpt_points *points, uint32_t flows);

/** The point of a segment, made when it is new. */
tcpt_point *tcpt_points_at(tcpt_points *points, uint32_t id, uint8_t depth, const char *name);

/** Note the time of a segment, and its checksum, at its point. */
void tcpt_point_commit(tcpt_point *point, const tcpt_segment *segment);

/** Note how many holes have shown in a flow of this point, or were filled by bytes that came late. */
void tcpt_point_commit_holes(tcpt_point *point, int more, int64_t time_ns);

/** A second copy of a captured packet was taken into its flow. */
void tcpt_point_commit_copy(const tcpt_flow *flow);

/** Begin to follow segments; a capture with one point has no use for that. */
void tcpt_points_watch(tcpt_points *points);

/** The same where there may be only one point: given up when no other has shown until the most that is kept is reached.
 */
void tcpt_points_suspect(tcpt_points *points);

/** Take a segment, its flow being advanced already. Marks the records of the same segment at other points. */
void tcpt_points_commit(tcpt_points *points, const tcpt_flow *flow, const tcpt_segment *segment,
                        const tcpt_observation *seen, tcpt_record *record);

#endif
