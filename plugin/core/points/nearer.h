/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which of two capture points is nearer to the sender. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_NEARER_H
#define TCPTRIAGE_CORE_POINTS_NEARER_H

#include "core/points/connection.h"

/** Which of two members is nearer to the sender of a way: 1 the first, -1 the second, 0 not known.
 *  `assumed` is set where that takes both clocks for one. */
int tcpt_nearer(const tcpt_connection *connection, unsigned a, unsigned b, unsigned way, bool *assumed);

/** The member that a segment of a way comes to next behind another, or that one itself where there is none. */
unsigned tcpt_next_member(const tcpt_connection *connection, unsigned from, unsigned way, bool *assumed);

/** Whether its segments tell that of all members that have any in common, whatever will be known of clocks. */
bool tcpt_order_is_certain(const tcpt_connection *connection);

#endif
