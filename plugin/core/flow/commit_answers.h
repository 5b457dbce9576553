/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Committing a segment: what it asks of the other end, and what it answers. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_ANSWERS_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_ANSWERS_H

#include "tcptriage/observation.h"

/** What was sent since the other end was last heard. */
void tcpt_commit_unanswered(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                            tcpt_record *record);

/** What calls for a challenge ACK, or is one. */
void tcpt_commit_provocation(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                             tcpt_record *record);

/** What was refused for its timestamp, or answers such a one. */
void tcpt_commit_refusal(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                         tcpt_record *record);

/** Keep what the flow's newest segment was, a pure ACK that went the short way (tcpt_ack_exchange.as_sent), before its
 * sender can be told anything else. */
void tcpt_keep_pure_ack(tcpt_flow *flow);

/** A run of pure ACKs. */
void tcpt_commit_exchange(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** A run of acknowledged data sent again. */
void tcpt_commit_again(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record);

#endif
