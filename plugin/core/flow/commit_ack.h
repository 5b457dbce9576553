/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The acknowledgment's part of a commit. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_ACK_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_ACK_H

#include "core/flow/ack_steps.h"
#include "tcptriage/observation.h"
#include "tcptriage/segment.h"
#include "tcptriage/sequence.h"

/** Take the window field, with the ACK field that it counts from. */
static inline void tcpt_take_window(tcpt_endpoint *sender, const tcpt_segment *segment)
{
    uint32_t window = segment->flags & TCPT_SYN ? segment->window : (uint32_t)segment->window << sender->wscale;

    sender->rcv_wnd = window;
    if (window > sender->max_wnd)
        sender->max_wnd = window;
    if (!sender->acked || seq_after(segment->ack + window, sender->rcv_edge))
        sender->rcv_edge = segment->ack + window;
}

/** Note where the other end took this window from. */
static inline void tcpt_note_window_seq(tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (!sender->acked || seq_after(segment->seq, sender->window_seq))
        sender->window_seq = segment->seq;
}

/** An ACK that does not move although the segment that is being timed must have arrived by then: the receiver lacks the
 * byte that it asks for, or had no room for it. Twice the shortest round trip, for those that took longer. */
static inline void tcpt_note_standing(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (receiver->timed_ns && segment->ack == sender->rcv_nxt && sender->rtt_ns &&
        segment->time_ns - receiver->timed_ns >= 2 * sender->rtt_ns)
        sender->stands = true;
}

/** Tell from the round trips on which side the capture was taken, once both are known. */
void tcpt_guess_side(tcpt_flow *flow);

/** Take a segment's ACK, window and SACK blocks into the flow. */
void tcpt_commit_ack(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                     const tcpt_observation *seen, tcpt_record *record);

#endif
