/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * When a point saw a connection's bytes sent again: what a lost ACK leads to. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_REPEATS_H
#define TCPTRIAGE_CORE_POINTS_REPEATS_H

#include "core/points/connection.h"
#include "tcptriage/observation.h"

/** Note what is sent again. Costs nothing else. */
void tcpt_repeats_note(tcpt_member *member, unsigned way, const tcpt_segment *segment, const tcpt_observation *seen);

/** Whether bytes of a way below `ack` were seen again at a point after some time of its clock, or may have been: those
 *  of long ago are forgotten. */
bool tcpt_repeated_since(const tcpt_member *member, unsigned way, uint32_t ack, int64_t time_ns);

#endif
