/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A segment at its receiver's door, and how the model says what becomes of it. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_RECEPTION_H
#define TCPTRIAGE_CORE_RECEIVER_RECEPTION_H

#include "tcptriage/observation.h"
#include "tcptriage/sequence.h"
#include "tcptriage/settings.h"

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

/** Say what becomes of it. The confidence stays what the capture's quality allows. */
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

/** Where the receiver stands when all arrived that was sent and not refused, N; at A where it has said that the next
 * byte is missing. */
static inline uint32_t tcpt_next_of(const tcpt_endpoint *sender, const tcpt_endpoint *receiver)
{
    const tcpt_range *unwanted = &sender->trouble->unwanted;
    uint32_t acked = receiver->rcv_nxt;

    if (receiver->stands || !sender->sent || !seq_after(sender->snd_contig, acked))
        return acked;
    if (unwanted->left == unwanted->right || seq_before(unwanted->left, acked) ||
        !seq_before(unwanted->left, sender->snd_contig))
        return sender->snd_contig;
    return unwanted->left;
}

/** Whether the segment takes no sequence numbers. */
static inline bool tcpt_pure(const tcpt_reception *at)
{
    return at->space == 0;
}

/** A repeated answer: Linux limits it unless the segment takes sequence numbers. */
static inline void tcpt_decide_duplicate_ack(tcpt_receiver_view *view, const tcpt_reception *at, tcpt_drop drop)
{
    tcpt_decide(view, TCPT_VERDICT_DUPLICATE_ACK, drop);
    view->limited = tcpt_pure(at);
}

/** Keep of `view` what `other` says as well: both are possible. */
static inline void tcpt_agree(tcpt_receiver_view *view, const tcpt_receiver_view *other)
{
    if (view->verdict != other->verdict)
        view->verdict = TCPT_VERDICT_UNDETERMINED;
    if (view->drop != other->drop)
        view->drop = TCPT_DROP_NONE;
    view->limited |= other->limited;
}

/** Whether its peer's FIN has reached the receiver. */
static inline bool tcpt_took_fin(const tcpt_reception *at)
{
    tcpt_state state = at->receiver->state;

    return state == TCPT_CLOSE_WAIT || state == TCPT_CLOSING || state == TCPT_LAST_ACK;
}

/** New bytes for an end that has sent its FIN: taken after shutdown(), answered with a RST after close(). */
static inline bool tcpt_may_be_closed(const tcpt_reception *at)
{
    tcpt_state state = at->receiver->state;

    if ((state != TCPT_FIN_WAIT_1 && state != TCPT_FIN_WAIT_2) || at->receiver->took_payload)
        return false;
    return at->segment->payload_bytes || at->segment->seq != at->next;
}

#endif
