/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A RST and an ACK that answer each other, round after round (rule K.3). Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_RST_LOOP_H
#define TCPTRIAGE_CORE_FLOW_RST_LOOP_H

#include "tcptriage/observation.h"

/** Tell, of a flow that has seen a RST, which round of such a run a RST or pure ACK is part of. */
void tcpt_observe_rst_loop(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment);

/** Note it: `record` is the segment's. Before the rest of the flow is brought up to date. */
void tcpt_commit_rst_loop(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
