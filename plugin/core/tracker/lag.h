/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * An entry may lag behind: on an open connection in order the two ends of the flow say all that it would hold. Inside
 * the room only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_LAG_H
#define TCPTRIAGE_CORE_TRACKER_LAG_H

#include "core/tracker/entry.h"
#include "tcptriage/observation.h"

/** Whether a segment is the ordinary SYN-ACK, that a SYN which no entry was made of is answered with: VALID by both
 * rule sets, and the entry would be SYN_RECV. */
bool tcpt_ct_answers_blank(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** The same for the ordinary ACK behind those: the entry would be ESTABLISHED, and lag from then on. */
bool tcpt_ct_opens_blank(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** Make the entry, all zero so far, of what the ends tell of that handshake, as far as it has come. */
void tcpt_ct_make(tcpt_ct_entry *entry, const tcpt_flow *flow);

/** Whether an entry that lags need not take a segment, either; it is VALID by both rule sets then. */
bool tcpt_ct_lags_on(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** The same for one that does not lag so far, and has learned from the packet before, of a segment that goes the
 * entry's short way. */
bool tcpt_ct_may_lag(const tcpt_ct_entry *entry, const tcpt_flow *flow, const tcpt_observation *seen);

/** Let an entry that lags be what it would be by now. */
void tcpt_ct_catch_up(tcpt_ct_entry *entry, const tcpt_flow *flow);

#endif
