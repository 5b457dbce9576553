/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver in a synchronised state does with a segment other than a RST: RFC 9293 section 3.10.7.4 with
 * RFC 5961 and RFC 7323; Linux: tcp_validate_incoming(), tcp_sequence(), tcp_ack(), tcp_data_queue(),
 * tcp_rcv_state_process(). */
#include "core/receiver/synchronised.h"

#include "core/receiver/edges.h"
#include "core/receiver/linux.h"
#include "core/receiver/old_ack.h"
#include "core/receiver/paws.h"
#include "tcptriage/sequence.h"

/* ---- by the RFCs, and FreeBSD ---- */

/* The four cases of RFC 9293 section 3.10.7.4, with RCV.NXT at `next`. */
static bool acceptable(const tcpt_reception *at, uint32_t next)
{
    uint32_t window = at->edge - next;
    uint32_t from = at->segment->seq - next, to = at->segment->end_seq - 1 - next;

    if (seq_before(at->edge, next) || window == 0)
        return tcpt_pure(at) && from == 0;
    return tcpt_pure(at) ? from < window : from < window || to < window;
}

/* @return true when the window has decided it */
static bool rfc_sequence(tcpt_receiver_view *view, const tcpt_reception *at)
{
    bool early = acceptable(at, at->acked), late = acceptable(at, at->next);
    const tcpt_segment *segment = at->segment;

    if (early && late)
        return false;
    if (early != late)
        return true;
    if (seq_before(segment->seq, at->next))
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_OLD_SEQUENCE);
    else if (at->edge_known && !seq_before(segment->seq, at->edge_most))
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_INVALID_SEQUENCE);
    return true;
}

/* @return true when the timestamp has decided it */
static bool rfc_paws(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_stamp stamp = tcpt_stamp_of(at, 0);

    if (stamp.paws == TCPT_PAWS_PASSES)
        return false;
    if (stamp.paws == TCPT_PAWS_UNSURE)
        return true;
    view->tsval_delta = stamp.proven;
    if (at->stack == TCPT_STACK_FREEBSD && !at->segment->payload_bytes)
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_RFC7323_PAWS); /* tcp_do_segment() answers data only */
    else
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
    return true;
}

/* RFC 793 resets on a SYN in the window; RFC 5961 section 4.2 asks, wherever it lies. @return true when it is a SYN */
static bool rfc_syn(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (!(at->segment->flags & TCPT_SYN))
        return false;
    if (at->stack != TCPT_STACK_RFC793)
        tcpt_decide_limited(view, TCPT_VERDICT_CHALLENGE_ACK, TCPT_DROP_TCP_INVALID_SYN);
    else if (!rfc_sequence(view, at))
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_TCP_INVALID_SYN);
    return true;
}

/* @return true when the acknowledgment has decided it */
static bool rfc_ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint32_t ack = at->segment->ack;
    bool asks = at->stack == TCPT_STACK_RFC5961;

    if (!at->receiver->sent || !at->sender->acked)
        return false;
    if (!seq_before(ack, at->sender->rcv_nxt) && seq_after(ack, at->receiver->snd_nxt)) {
        if (at->seen->odd_ack) /* else the capture may lack those bytes */
            tcpt_decide_limited(view, asks ? TCPT_VERDICT_CHALLENGE_ACK : TCPT_VERDICT_DUPLICATE_ACK,
                                TCPT_DROP_TCP_ACK_UNSENT_DATA);
        return true;
    }
    return asks && seq_before(ack, at->sender->rcv_nxt) && tcpt_judge_old_ack(view, at);
}

static void judge_by_rfc(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (rfc_syn(view, at) || rfc_paws(view, at) || rfc_sequence(view, at))
        return;
    if (!(segment->flags & TCPT_ACK)) {
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_FLAGS);
        return;
    }
    if (rfc_ack(view, at))
        return;
    if (!tcpt_pure(at) && (tcpt_took_fin(at) || tcpt_may_be_closed(at)))
        return;
    if (!seq_after(segment->end_seq, at->edge))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

void tcpt_judge_synchronised(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_receiver_view entry = *view;

    if (at->stack != TCPT_STACK_LINUX) {
        judge_by_rfc(view, at);
        return;
    }
    tcpt_judge_linux(view, at);
    if (at->receiver->state != TCPT_FIN_WAIT_2 || at->receiver->took_payload)
        return;
    /* The application may have gone. */
    tcpt_judge_fin_wait_2_entry(&entry, at);
    tcpt_agree(view, &entry);
}
