/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A handshake's final ACK that had no effect. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_FINAL_ACK_H
#define TCPTRIAGE_CORE_FLOW_FINAL_ACK_H

#include "tcptriage/flow.h"
#include "tcptriage/segment.h"

/** Whether this segment is a SYN-ACK sent again although the client's final ACK and data had time to arrive. */
bool tcpt_final_ack_ignored(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

#endif
