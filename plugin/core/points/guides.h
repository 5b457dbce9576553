/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Where the connections of two hosts go: what one of them has shown holds for those that never come to another point.
 * Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_GUIDES_H
#define TCPTRIAGE_CORE_POINTS_GUIDES_H

#include <glib.h>

#include "core/points/state.h"

/** The newest connection of the same two hosts that this point and another have seen, or NULL. */
const tcpt_connection *tcpt_guide_of(const tcpt_points *points, const tcpt_flow *flow);

/** Whether that one, where there is one, is to the same server port. */
bool tcpt_guide_shares_port(const tcpt_points *points, const tcpt_flow *flow);

/** Take the connection for the newest of this flow's hosts and point. */
void tcpt_guides_note(const tcpt_connection *connection, const tcpt_flow *flow);

/** A connection is answered on its way past two points: where it passes one that the hosts' guide does not know, the
 * way is another now. */
void tcpt_guides_note_way(const tcpt_connection *connection);

/** A connection is given back: who is guided by it keeps what is needed for that, if not too many do. */
void tcpt_guides_release(const tcpt_points *points, bool (*leaves)(const tcpt_connection *connection, void *data),
                         void *data);

/** A table of such connections. */
GHashTable *tcpt_guides_new(void);

#endif
