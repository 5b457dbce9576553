/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The receiver model: what the chosen stack does with a segment. Inside the core only.
 *
 * What a capture can know of a receiver: the last ACK it was seen to send (A), how far its peer has sent without a gap
 * (N), the right edge it has advertised (R). What it really expects next lies in [A, N]; a verdict that would change
 * within that range is "undetermined".
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_RECEIVER_H
#define TCPTRIAGE_CORE_RECEIVER_RECEIVER_H

#include "core/flow/flow.h"

/** A segment at its receiver's door. */
typedef struct tcpt_reception {
    const tcpt_flow *flow;
    const tcpt_endpoint *sender;
    const tcpt_endpoint *receiver;
    const tcpt_segment *segment;
    const tcpt_observation *seen;
    tcpt_stack stack;
    int64_t time_wait_ns; /**< how long the receiver holds TIME-WAIT */
    uint32_t acked;       /**< A */
    uint32_t next;        /**< N, never before A */
    uint32_t edge;        /**< right edge of the newest window */
    uint32_t edge_most;   /**< largest right edge ever, R: a shrunk window leaves a doubt between the two */
    bool edge_known;      /**< beyond edge_most is beyond the window: scale known, window field not at its limit */
    uint32_t space;       /**< sequence numbers the segment takes: payload, SYN, FIN */
} tcpt_reception;

/** What the timestamp says about a segment (RFC 7323, section 5). */
typedef enum tcpt_paws { TCPT_PAWS_PASSES, TCPT_PAWS_FAILS, TCPT_PAWS_UNSURE } tcpt_paws;

/** The receiver's view of a RST. */
void tcpt_judge_rst(tcpt_rst_view *view, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                    tcpt_stack stack);

/** Whether a receiver of any stack may answer this segment with a challenge ACK. */
bool tcpt_provokes(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** The receiver's view of any segment; everything else of `seen` is filled in. */
void tcpt_judge_receiver(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_observation *seen, const tcpt_settings *settings);

/** A segment other than a RST in a synchronised state (ESTABLISHED and later, TIME-WAIT excepted). */
void tcpt_judge_synchronised(tcpt_receiver_view *view, const tcpt_reception *at);

/** A segment, RST included, for SYN-SENT, SYN-RECEIVED and TIME-WAIT. */
void tcpt_judge_syn_sent(tcpt_receiver_view *view, const tcpt_reception *at);
void tcpt_judge_syn_received(tcpt_receiver_view *view, const tcpt_reception *at);
void tcpt_judge_time_wait(tcpt_receiver_view *view, const tcpt_reception *at);

/** Compare the timestamp with what the receiver holds; `slack` ticks behind it still pass. */
tcpt_paws tcpt_paws_of(const tcpt_reception *at, int32_t slack, int32_t *delta);

/** Settle a view. The confidence stays what the capture's quality allows. */
static inline void tcpt_decide(tcpt_receiver_view *view, tcpt_verdict verdict, tcpt_drop drop)
{
    view->verdict = verdict;
    view->drop = drop;
}

/** As tcpt_decide(), for an answer that the stack limits. */
static inline void tcpt_decide_limited(tcpt_receiver_view *view, tcpt_verdict verdict, tcpt_drop drop)
{
    tcpt_decide(view, verdict, drop);
    view->limited = true;
}

#endif
