/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver does with a segment before it is synchronised and after it has closed: SYN-SENT, SYN-RECEIVED,
 * FIN-WAIT-2 without an application, TIME-WAIT. RFC 9293 sections 3.10.7.3 and 3.10.7.4; Linux:
 * tcp_rcv_synsent_state_process(), tcp_check_req(), tcp_timewait_state_process(). */
#include "core/receiver/edges.h"

#include "core/receiver/paws.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* ---- SYN-SENT ---- */

/* The echo must be of a SYN that was sent. @return true when it is of none */
static bool echoes_nothing(const tcpt_reception *at)
{
    return (at->segment->options & TCPT_OPTION_TIMESTAMPS) && at->segment->tsecr && at->receiver->tsval_ns &&
           at->receiver->syn_count == 1 && seq_before(at->segment->tsecr, at->receiver->tsval_highest);
}

static bool acks_the_syn(const tcpt_reception *at)
{
    return seq_after(at->segment->ack, at->receiver->iss) && !seq_after(at->segment->ack, at->receiver->snd_nxt);
}

void tcpt_judge_syn_sent(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint8_t flags = at->segment->flags;

    view->confidence = TCPT_HIGH;
    if ((flags & TCPT_ACK) && !acks_the_syn(at)) {
        tcpt_decide(view, flags & TCPT_RST ? TCPT_VERDICT_IGNORED : TCPT_VERDICT_RESET,
                    TCPT_DROP_TCP_INVALID_ACK_SEQUENCE);
        return;
    }
    if ((flags & TCPT_ACK) && at->stack == TCPT_STACK_LINUX && echoes_nothing(at)) {
        tcpt_decide(view, flags & TCPT_RST ? TCPT_VERDICT_IGNORED : TCPT_VERDICT_RESET, TCPT_DROP_TCP_RFC7323_PAWS);
        return;
    }
    if (flags & TCPT_RST)
        tcpt_decide(view, flags & TCPT_ACK ? TCPT_VERDICT_RESET : TCPT_VERDICT_IGNORED,
                    flags & TCPT_ACK ? TCPT_DROP_NONE : TCPT_DROP_TCP_RESET);
    else if (flags & TCPT_SYN)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
    else
        tcpt_decide(view, TCPT_VERDICT_IGNORED, flags & TCPT_ACK ? TCPT_DROP_TCP_FLAGS : TCPT_DROP_NONE);
}

/* ---- windows of small entries ---- */

/* Requests and TIME-WAIT entries ask tcp_in_window(): the right edge is inside for a segment without sequence numbers.
 */
static bool in_window(const tcpt_reception *at, uint32_t next, uint32_t edge)
{
    const tcpt_segment *segment = at->segment;

    if (segment->seq == next)
        return true;
    if (seq_after(segment->end_seq, next) && seq_before(segment->seq, edge))
        return true;
    return segment->seq == edge && at->space == 0;
}

/* ---- SYN-RECEIVED ---- */

static bool in_offered_window(const tcpt_reception *at)
{
    uint32_t next = at->receiver->rcv_nxt;

    return in_window(at, next, next + at->receiver->rcv_wnd);
}

static bool acks_its_syn(const tcpt_reception *at)
{
    return at->segment->ack == at->receiver->iss + 1;
}

/* A request drops a RST that is outside in silence. Inside, but not exact, older versions give up, newer ones (6.1.191,
 * 6.12.105) challenge; those also let one with a wrong ACK end it. */
static void syn_received_rst(tcpt_receiver_view *view, const tcpt_reception *at)
{
    switch (tcpt_stamp_of(at, 0).paws) {
    case TCPT_PAWS_UNSURE:
        return;
    case TCPT_PAWS_FAILS:
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_RFC7323_PAWS);
        return;
    case TCPT_PAWS_PASSES:
        break;
    }
    if (!in_offered_window(at))
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_OVERWINDOW);
    else if (at->segment->seq == at->receiver->rcv_nxt && (!(at->segment->flags & TCPT_ACK) || acks_its_syn(at)))
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_NONE);
}

static void syn_received_in_time(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint8_t flags = at->segment->flags;

    if (!in_offered_window(at))
        tcpt_decide_limited(view, TCPT_VERDICT_DUPLICATE_ACK, TCPT_DROP_TCP_OVERWINDOW);
    else if (flags & TCPT_SYN)
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_NONE);
    else if (!(flags & TCPT_ACK))
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_NONE);
    else /* it completes the handshake wherever it lies in the window */
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

static void syn_received_by_stamp(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_stamp stamp = tcpt_stamp_of(at, 0);
    tcpt_receiver_view refused = *view;

    if (stamp.paws != TCPT_PAWS_FAILS)
        syn_received_in_time(view, at);
    if (stamp.paws == TCPT_PAWS_PASSES)
        return;
    refused.tsval_delta = stamp.proven;
    tcpt_decide_limited(&refused, TCPT_VERDICT_DUPLICATE_ACK, TCPT_DROP_TCP_RFC7323_PAWS);
    if (stamp.paws == TCPT_PAWS_FAILS)
        *view = refused;
    else
        tcpt_agree(view, &refused);
}

/* Only a request waits there, until the handshake's last ACK makes it a socket. */
void tcpt_judge_syn_received(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_endpoint *receiver = at->receiver;
    const tcpt_segment *segment = at->segment;
    uint8_t flags = segment->flags;

    /* Not answered so far; crossed SYNs; Fast Open, which makes it a socket at once. */
    if (!receiver->syn || !receiver->acked || at->sender->state == TCPT_SYN_RECEIVED || at->sender->fast_open)
        return;
    if (at->stack != TCPT_STACK_LINUX) {
        if (flags & TCPT_RST)
            tcpt_decide(view, at->seen->rst.verdict, TCPT_DROP_NONE);
        else if (segment->seq == receiver->rcv_nxt && acks_its_syn(at) && !(flags & TCPT_SYN))
            tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
        return;
    }
    if (flags & TCPT_RST)
        syn_received_rst(view, at);
    else if ((flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN && segment->seq + 1 == receiver->rcv_nxt)
        tcpt_decide_limited(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE); /* the SYN-ACK is sent again */
    else if ((flags & TCPT_ACK) && !acks_its_syn(at))
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_NONE);
    else
        syn_received_by_stamp(view, at);
}

/* ---- FIN-WAIT-2 without an application ---- */

/* The ACK of an entry that is asked out of turn. */
static void entry_ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_decide(view, at->segment->flags & TCPT_SYN ? TCPT_VERDICT_CHALLENGE_ACK : TCPT_VERDICT_DUPLICATE_ACK,
                TCPT_DROP_NONE);
    view->limited = at->space == 0 || (at->segment->flags & TCPT_SYN);
}

static void fin_wait_2_in_time(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;
    uint32_t next = at->next;

    if (at->acked != next || (in_window(at, next, at->edge) != in_window(at, next, at->edge_most)) ||
        (!at->edge_known && seq_after(segment->seq, at->edge_most))) {
        view->limited = true;
        return;
    }
    if (!in_window(at, next, at->edge))
        entry_ack(view, at);
    else if ((segment->flags & TCPT_SYN) && !seq_before(segment->seq, next))
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_NONE);
    else if (!(segment->flags & TCPT_ACK))
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_NONE);
    else if (!seq_after(segment->end_seq, next) || at->space == 0)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE); /* passed over, whatever it acknowledges */
    else if ((segment->flags & TCPT_FIN) && segment->end_seq == next + 1)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
    else
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_NONE);
}

void tcpt_judge_fin_wait_2_entry(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_stamp stamp = tcpt_stamp_of(at, 0);
    tcpt_receiver_view refused = *view;

    if (stamp.paws != TCPT_PAWS_FAILS)
        fin_wait_2_in_time(view, at);
    if (stamp.paws == TCPT_PAWS_PASSES)
        return;
    entry_ack(&refused, at);
    if (stamp.paws == TCPT_PAWS_FAILS)
        *view = refused;
    else
        tcpt_agree(view, &refused);
}

/* ---- TIME-WAIT ---- */

static void judge_time_wait_syn(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;
    bool has_stamp = (segment->options & TCPT_OPTION_TIMESTAMPS) && at->sender->tsval_ns && at->receiver->echoes;

    if (seq_before(at->acked, segment->seq) || (has_stamp && seq_after(segment->tsval, at->sender->tsval_highest)))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
    else if (has_stamp && seq_after(segment->tsval, at->receiver->ts_echoed))
        view->limited = true; /* newer than the last echo, not than the last segment */
    else
        tcpt_decide_limited(view, TCPT_VERDICT_CHALLENGE_ACK, TCPT_DROP_NONE);
}

/* RFC 9293 asks for the plain rule: the FIN sent again is acknowledged. Linux answers with the old numbers. */
void tcpt_judge_time_wait(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;
    bool rst = segment->flags & TCPT_RST;
    tcpt_paws paws;

    if (segment->time_ns - at->flow->last_ns >= at->time_wait_ns)
        return;
    if (!rst && at->acked != at->next)
        return; /* the FIN that would make it TIME-WAIT is not acknowledged yet */
    if (at->stack != TCPT_STACK_LINUX && !rst && (segment->flags & TCPT_SYN))
        return; /* a matter of taste: RFC 9293 section 3.6.1, RFC 6191 */
    paws = tcpt_stamp_of(at, 0).paws;
    if (paws == TCPT_PAWS_UNSURE)
        return;
    if (rst) {
        if (paws == TCPT_PAWS_PASSES)
            tcpt_decide(view, at->seen->rst.verdict, TCPT_DROP_NONE);
        else
            tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_RFC7323_TW_PAWS);
        return;
    }
    if (paws == TCPT_PAWS_PASSES && segment->seq == at->acked && at->space == 0) {
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE); /* the wait begins anew, nothing is sent */
        return;
    }
    if (paws == TCPT_PAWS_PASSES && (segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN) {
        judge_time_wait_syn(view, at);
        return;
    }
    tcpt_decide(view, segment->flags & TCPT_SYN ? TCPT_VERDICT_CHALLENGE_ACK : TCPT_VERDICT_DUPLICATE_ACK,
                paws == TCPT_PAWS_FAILS ? TCPT_DROP_TCP_RFC7323_TW_PAWS : TCPT_DROP_NONE);
    view->limited = at->space == 0 || (segment->flags & TCPT_SYN);
}
