/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The receiver's view of a RST's numbers. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_RST_H
#define TCPTRIAGE_CORE_RECEIVER_RST_H

#include "tcptriage/observation.h"
#include "tcptriage/settings.h"

/** The receiver's view of a RST. */
void tcpt_judge_rst(tcpt_rst_view *view, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                    tcpt_stack stack);

/** Whether a receiver of any stack may answer this segment with a challenge ACK. */
bool tcpt_provokes(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
