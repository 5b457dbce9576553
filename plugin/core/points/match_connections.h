/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which flows are one connection, seen at several capture points? Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_MATCH_CONNECTIONS_H
#define TCPTRIAGE_CORE_POINTS_MATCH_CONNECTIONS_H

#include "core/points/state.h"

/** A table of SYNs by their numbers. */
GHashTable *tcpt_syns_new(void);

/** Forget those of flows that leave. */
void tcpt_syns_release(tcpt_points *points, bool (*leaves)(const tcpt_flow *flow, void *data), void *data);

/** The connection of a flow that has none yet, and the flow as its member. */
tcpt_connection *tcpt_match_connection(tcpt_points *points, const tcpt_flow *flow, int64_t now_ns);

#endif
