/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver in a synchronised state does with a segment other than a RST: RFC 9293 section 3.10.7.4 with
 * RFC 5961 and RFC 7323; Linux: tcp_validate_incoming(), tcp_sequence(), tcp_ack(), tcp_data_queue(),
 * tcp_rcv_state_process(). */
#include "core/receiver/synchronised.h"

#include "core/receiver/paws.h"
#include "tcptriage/sequence.h"

/* One tick behind TS.Recent still passes in Linux (TCP_PAWS_WINDOW). */
enum { LINUX_PAWS_SLACK = 1 };

static bool pure(const tcpt_reception *at)
{
    return at->space == 0;
}

/* A repeated answer: Linux limits it unless the segment takes sequence numbers. */
static void duplicate_ack(tcpt_receiver_view *view, const tcpt_reception *at, tcpt_drop drop)
{
    tcpt_decide(view, TCPT_VERDICT_DUPLICATE_ACK, drop);
    view->limited = pure(at);
}

/* ---- Linux ---- */

/* A refused pure ACK. Since 6.14 an old one gets no answer; a duplicate of the newest may even pass, by the window and
 * by how far it is behind in the sender's ticks (tcp_disordered_ack_check()). */
static void linux_paws_pure(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (seq_before(segment->seq, at->acked)) {
        tcpt_decide_limited(view, TCPT_VERDICT_UNDETERMINED, TCPT_DROP_NONE);
        return;
    }
    if (seq_after(segment->seq, at->next) || (at->acked == at->next && segment->ack != at->sender->rcv_nxt)) {
        duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
        return;
    }
    view->limited = true;
}

/* The small entry that FIN-WAIT-2 becomes when the application has gone allows no slack. */
static tcpt_paws linux_paws_of(const tcpt_reception *at, int32_t *delta)
{
    tcpt_paws paws = tcpt_paws_of(at, LINUX_PAWS_SLACK, delta);
    int32_t strict_delta = 0;

    if (at->receiver->state != TCPT_FIN_WAIT_2 || at->receiver->took_payload || paws != TCPT_PAWS_PASSES)
        return paws;
    return tcpt_paws_of(at, 0, &strict_delta) == paws ? paws : TCPT_PAWS_UNSURE;
}

/* @return true when the timestamp has settled it */
static bool linux_paws(tcpt_receiver_view *view, const tcpt_reception *at)
{
    switch (linux_paws_of(at, &view->tsval_delta)) {
    case TCPT_PAWS_PASSES:
        return false;
    case TCPT_PAWS_UNSURE:
        view->limited = true;
        return true;
    case TCPT_PAWS_FAILS:
        break;
    }
    if (pure(at))
        linux_paws_pure(view, at);
    else
        duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
    return true;
}

/* Left edge is the last ACK sent, the right edge itself is inside. @return true when that has settled it */
static bool linux_sequence(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (seq_before(segment->end_seq, at->acked)) {
        duplicate_ack(view, at, TCPT_DROP_TCP_OLD_SEQUENCE);
        return true;
    }
    if (!seq_after(segment->seq, at->edge))
        return false;
    view->limited = true;
    if (seq_after(segment->seq, at->edge_most) && at->edge_known)
        duplicate_ack(view, at, TCPT_DROP_TCP_INVALID_SEQUENCE);
    return true;
}

/* Acknowledgments older than the largest window, or than all that was ever acknowledged, are a blind attacker's
 * (RFC 5961, section 5.2); of the SYN only the end that began counts it. @return true when that settled it */
static bool old_ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint32_t behind = at->sender->rcv_nxt - at->segment->ack;
    bool began = at->receiver == &at->flow->ends[at->flow->client];
    uint32_t counted = at->sender->rcv_nxt - at->receiver->iss - !began;
    uint32_t most = at->sender->max_wnd < counted ? at->sender->max_wnd : counted;
    uint32_t least = at->sender->rcv_wnd < counted ? at->sender->rcv_wnd : counted;

    if (!at->receiver->syn || !at->sender->syn || at->receiver->holed) {
        view->limited = true;
        return behind > at->sender->rcv_wnd;
    }
    if (behind > most) {
        /* Linux queues data in order before it looks (header prediction): taken, and challenged all the same. */
        bool taken = at->segment->payload_bytes && at->segment->seq == at->next && at->stack == TCPT_STACK_LINUX;

        tcpt_decide_limited(view, taken ? TCPT_VERDICT_UNDETERMINED : TCPT_VERDICT_CHALLENGE_ACK,
                            taken ? TCPT_DROP_NONE : TCPT_DROP_TCP_TOO_OLD_ACK);
        return true;
    }
    if (behind <= least)
        return false;
    view->limited = true;
    return true;
}

/* An ACK of bytes that were never sent is dropped, and answered since 2026 only; or the capture lacks those bytes.
 * @return true when the acknowledgment has settled it */
static bool linux_ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint32_t ack = at->segment->ack;

    if (!at->receiver->sent || !at->sender->acked)
        return false;
    if (seq_before(ack, at->sender->rcv_nxt))
        return old_ack(view, at);
    if (!seq_after(ack, at->receiver->snd_nxt))
        return false;
    tcpt_decide_limited(view, TCPT_VERDICT_UNDETERMINED,
                        at->seen->odd_ack ? TCPT_DROP_TCP_ACK_UNSENT_DATA : TCPT_DROP_NONE);
    return true;
}

static bool fin_received(const tcpt_reception *at)
{
    tcpt_state state = at->receiver->state;

    return state == TCPT_CLOSE_WAIT || state == TCPT_CLOSING || state == TCPT_LAST_ACK;
}

static bool own_fin_first(const tcpt_reception *at)
{
    return at->receiver->state == TCPT_FIN_WAIT_1 || at->receiver->state == TCPT_FIN_WAIT_2;
}

/* Bytes or a FIN, all of it sent before. What the receiver lacks of it is not visible above its last ACK. */
static void linux_old_data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (at->segment->end_seq == at->acked) {
        duplicate_ack(view, at, at->acked == at->next ? TCPT_DROP_TCP_OLD_DATA : TCPT_DROP_NONE);
        return;
    }
    /* It said that it misses just these. */
    if (at->receiver->sack_held && at->segment->seq == at->acked && at->receiver->state == TCPT_ESTABLISHED)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

/* New bytes for an end that has sent its FIN: taken after shutdown(), answered with a RST after close(). */
static bool may_be_closed(const tcpt_reception *at)
{
    if (!own_fin_first(at) || at->receiver->took_payload)
        return false;
    return at->segment->payload_bytes || at->segment->seq != at->next;
}

/* Beyond a gap, but not beyond everything that was sent: it may be there already. What fills the gap's beginning is
 * not. */
static bool may_be_held(const tcpt_reception *at)
{
    const tcpt_endpoint *sender = at->sender;

    if (!sender->above_count || !seq_before(at->segment->seq, sender->snd_nxt))
        return false;
    return seq_after(at->segment->seq, at->acked) || seq_after(at->segment->end_seq, sender->trouble->above[0].left);
}

/* Bytes behind the sender's own FIN are passed over; a piece that begins before it is an abort. */
static void linux_after_fin(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (at->acked != at->next || seq_after(segment->end_seq, at->edge))
        return;
    if (!seq_before(segment->seq, at->acked))
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_NONE);
    else
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_TCP_ABORT_ON_DATA);
}

static void linux_new_data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (fin_received(at)) {
        linux_after_fin(view, at);
        return;
    }
    if (may_be_closed(at) || may_be_held(at))
        return;
    if (segment->seq == at->edge && at->edge == at->edge_most && at->edge_known) {
        /* Behind the window, which may be closed: an answer in any case, its reason depends on what the application
         * has read. Some senders put their FIN into a closed window, and newer kernels take that. More than a probe,
         * in order, was sent by somebody who knew a larger window. */
        if (segment->payload_bytes && (segment->payload_bytes == 1 || segment->seq != at->next))
            duplicate_ack(view, at, TCPT_DROP_NONE);
        return;
    }
    if (!seq_after(segment->end_seq, at->edge))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

static void linux_data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (pure(at)) {
        if (!seq_before(segment->end_seq, at->next))
            tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
        else
            view->limited = true;
        return;
    }
    if (!seq_after(segment->end_seq, at->next))
        linux_old_data(view, at);
    else
        linux_new_data(view, at);
}

/* The application has gone and only a small entry waits for the FIN, or it has not: the first tells its reasons
 * otherwise, and takes every RST and SYN in the window. Linux, tcp_timewait_state_process() in FIN_WAIT2. */
static void doubt_fin_wait_2(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (at->receiver->state != TCPT_FIN_WAIT_2 || at->receiver->took_payload)
        return;
    if (at->segment->flags & TCPT_SYN)
        view->verdict = TCPT_VERDICT_UNDETERMINED;
    if (view->verdict == TCPT_VERDICT_CHALLENGE_ACK)
        view->verdict = TCPT_VERDICT_UNDETERMINED;
    view->drop = TCPT_DROP_NONE;
}

/* The acknowledgment of its FIN moves the receiver on, whatever else the segment brings: out of CLOSING and LAST-ACK
 * without an answer, from FIN-WAIT-1 it depends on whether the application has gone. */
static bool acks_own_fin(const tcpt_reception *at)
{
    tcpt_state state = at->receiver->state;

    if (state != TCPT_FIN_WAIT_1 && state != TCPT_CLOSING && state != TCPT_LAST_ACK)
        return false;
    return at->receiver->fin && at->segment->ack == at->receiver->fin_end;
}

static void linux_own_fin(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (seq_after(segment->end_seq, at->edge))
        return;
    /* The FIN that comes with it is the ordinary close. */
    if (at->receiver->state != TCPT_FIN_WAIT_1 || pure(at) || (!segment->payload_bytes && segment->seq == at->acked))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

static void judge_linux(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (!(at->segment->flags & (TCPT_ACK | TCPT_SYN))) {
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_FLAGS);
        return;
    }
    if (at->segment->flags & TCPT_SYN) { /* whatever its numbers and timestamp */
        tcpt_decide_limited(view, TCPT_VERDICT_CHALLENGE_ACK, TCPT_DROP_TCP_INVALID_SYN);
        return;
    }
    if (linux_paws(view, at) || linux_sequence(view, at) || linux_ack(view, at))
        return;
    if (acks_own_fin(at)) {
        linux_own_fin(view, at);
        return;
    }
    linux_data(view, at);
}

/* ---- by the RFCs, and FreeBSD ---- */

/* The four cases of RFC 9293 section 3.10.7.4, with RCV.NXT at `next`. */
static bool acceptable(const tcpt_reception *at, uint32_t next)
{
    uint32_t window = at->edge - next;
    uint32_t from = at->segment->seq - next, to = at->segment->end_seq - 1 - next;

    if (seq_before(at->edge, next) || window == 0)
        return pure(at) && from == 0;
    return pure(at) ? from < window : from < window || to < window;
}

/* @return true when the window has settled it */
static bool rfc_sequence(tcpt_receiver_view *view, const tcpt_reception *at)
{
    bool early = acceptable(at, at->acked), late = acceptable(at, at->next);
    const tcpt_segment *segment = at->segment;

    if (early && late)
        return false;
    if (early != late)
        return true;
    if (seq_before(segment->seq, at->next))
        duplicate_ack(view, at, TCPT_DROP_TCP_OLD_SEQUENCE);
    else if (at->edge_known && !seq_before(segment->seq, at->edge_most))
        duplicate_ack(view, at, TCPT_DROP_TCP_INVALID_SEQUENCE);
    return true;
}

/* @return true when the timestamp has settled it */
static bool rfc_paws(tcpt_receiver_view *view, const tcpt_reception *at)
{
    switch (tcpt_paws_of(at, 0, &view->tsval_delta)) {
    case TCPT_PAWS_PASSES:
        return false;
    case TCPT_PAWS_UNSURE:
        return true;
    case TCPT_PAWS_FAILS:
        break;
    }
    if (at->stack == TCPT_STACK_FREEBSD && !at->segment->payload_bytes)
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_RFC7323_PAWS); /* tcp_do_segment() answers data only */
    else
        duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
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

/* @return true when the acknowledgment has settled it */
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
    return asks && seq_before(ack, at->sender->rcv_nxt) && old_ack(view, at);
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
    if (!pure(at) && (fin_received(at) || may_be_closed(at)))
        return;
    if (!seq_after(segment->end_seq, at->edge))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

void tcpt_judge_synchronised(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (at->stack != TCPT_STACK_LINUX) {
        judge_by_rfc(view, at);
        return;
    }
    judge_linux(view, at);
    doubt_fin_wait_2(view, at);
}
