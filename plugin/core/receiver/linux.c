/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Linux does in a synchronised state with a segment other than a RST: tcp_validate_incoming(), tcp_sequence(),
 * tcp_ack(), tcp_data_queue(), tcp_rcv_state_process(). Where versions from 4.11 on differ it is undetermined. */
#include "core/receiver/linux.h"

#include "core/receiver/old_ack.h"
#include "core/receiver/paws.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum {
    /* One tick behind TS.Recent still passes (TCP_PAWS_WINDOW). */
    PAWS_SLACK = 1,
    /* A duplicate ACK may be as old as the retransmission timeout (tcp_disordered_ack()), in milliseconds for ticks,
     * newer versions grant a fifth more: below the shortest timeout always, above the longest never. */
    REPLAY_SURELY = TCPT_SHORTEST_RTO_MS,
    REPLAY_NEVER = TCPT_LONGEST_RTO_SECONDS * 1200,
    /* Nor where nothing has been sent again, which doubles the timeout: no path takes this long. */
    REPLAY_NEVER_UNDOUBLED = 36000,
};

/* ---- timestamps ---- */

/* Older than any duplicate that was held up on the way. */
static bool too_old_for_replay(const tcpt_reception *at, const tcpt_stamp *stamp)
{
    bool doubled = at->receiver->unanswered_repeats || at->receiver->unanswered_fins;

    return stamp->behind_least > (doubled ? REPLAY_NEVER : REPLAY_NEVER_UNDOUBLED);
}

/* Whether the receiver would take a window from this pure ACK (tcp_may_update_window()): it lies beyond the segment
 * that brought the last one, or offers more. */
static bool brings_window(const tcpt_reception *at)
{
    uint64_t window = (uint64_t)at->segment->window << at->sender->wscale;

    return seq_after(at->segment->seq, at->sender->window_seq) || window > at->sender->rcv_wnd;
}

/* A refused pure ACK. Since 6.14 one before RCV.NXT gets no answer; a duplicate of the newest passes all the same while
 * it is not too old. */
static void refused_pure(tcpt_receiver_view *view, const tcpt_reception *at, const tcpt_stamp *stamp)
{
    const tcpt_segment *segment = at->segment;

    view->limited = true;
    if (seq_before(segment->seq, at->next))
        return;
    if (segment->seq != at->next || segment->ack != at->sender->rcv_nxt || brings_window(at) ||
        too_old_for_replay(at, stamp))
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
    else if (at->acked == at->next && segment->window && stamp->behind_most <= REPLAY_SURELY)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

static void refused_for_stamp(tcpt_receiver_view *view, const tcpt_reception *at, const tcpt_stamp *stamp)
{
    if (tcpt_pure(at))
        refused_pure(view, at, stamp);
    else
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_RFC7323_PAWS);
}

/* ---- sequence and acknowledgment numbers ---- */

/* Left edge is the last ACK sent, the right edge itself is inside. @return true when that has decided it */
static bool sequence(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (seq_before(segment->end_seq, at->acked)) {
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_OLD_SEQUENCE);
        return true;
    }
    if (!seq_after(segment->seq, at->edge))
        return false;
    view->limited = true;
    if (seq_after(segment->seq, at->edge_most) && at->edge_known)
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_INVALID_SEQUENCE);
    return true;
}

/* Data in order is queued before its acknowledgment is looked at (header prediction), while nothing is missing. */
static bool may_be_predicted(const tcpt_reception *at)
{
    return at->segment->payload_bytes && at->segment->seq == at->next && at->receiver->state == TCPT_ESTABLISHED &&
           !at->receiver->sack_held;
}

/* Behind its FIN an end sends nothing: no hole of the capture explains an acknowledgment beyond it. */
static bool never_sent(const tcpt_reception *at)
{
    return at->seen->odd_ack || (at->receiver->fin && seq_after(at->segment->ack, at->receiver->fin_end));
}

/* An ACK of bytes that were never sent is dropped. Once a FIN has come or gone it is answered, in ESTABLISHED since
 * 2026 only. Or the capture lacks those bytes. */
static void ack_of_unsent(tcpt_receiver_view *view, const tcpt_reception *at)
{
    bool sure = never_sent(at);

    tcpt_decide_limited(
        view, sure && at->receiver->state != TCPT_ESTABLISHED ? TCPT_VERDICT_CHALLENGE_ACK : TCPT_VERDICT_UNDETERMINED,
        sure ? TCPT_DROP_TCP_ACK_UNSENT_DATA : TCPT_DROP_NONE);
}

/* @return true when the acknowledgment has decided it */
static bool ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint32_t ack = at->segment->ack;

    if (!at->receiver->sent || !at->sender->acked)
        return false;
    if (seq_before(ack, at->sender->rcv_nxt)) {
        if (!tcpt_judge_old_ack(view, at))
            return false;
        if (view->verdict == TCPT_VERDICT_CHALLENGE_ACK &&
            may_be_predicted(at)) /* taken, and challenged all the same */
            tcpt_decide_limited(view, TCPT_VERDICT_UNDETERMINED, TCPT_DROP_NONE);
        return true;
    }
    if (!seq_after(ack, at->receiver->snd_nxt))
        return false;
    ack_of_unsent(view, at);
    return true;
}

/* Bytes or a FIN, all of it sent before. What the receiver lacks of it is not visible above its last ACK. */
static void old_data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (at->segment->end_seq == at->acked) {
        tcpt_decide_duplicate_ack(view, at, at->acked == at->next ? TCPT_DROP_TCP_OLD_DATA : TCPT_DROP_NONE);
        return;
    }
    /* It said that it misses just these. */
    if (at->receiver->sack_held && at->segment->seq == at->acked && at->receiver->state == TCPT_ESTABLISHED)
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

/* Whether the receiver has said that it holds all that was sent behind the one gap. */
static bool said_what_it_holds(const tcpt_reception *at)
{
    const tcpt_endpoint *sender = at->sender, *receiver = at->receiver;
    const tcpt_range *above = &sender->trouble->above[0];

    return receiver->sack_held && sender->above_count == 1 && above->right == receiver->sack_edge &&
           above->left == receiver->trouble->sack_left;
}

static bool is_held(const tcpt_reception *at)
{
    return said_what_it_holds(at) && !seq_before(at->segment->seq, at->receiver->trouble->sack_left) &&
           !seq_after(at->segment->end_seq, at->receiver->sack_edge);
}

/* Beyond a gap, but not beyond everything that was sent: it may be there already. What fills the gap's beginning is
 * not. */
static bool may_be_held(const tcpt_reception *at)
{
    const tcpt_endpoint *sender = at->sender;

    if (said_what_it_holds(at))
        return false;
    if (!sender->above_count || !seq_before(at->segment->seq, sender->snd_nxt))
        return false;
    return seq_after(at->segment->seq, at->acked) || seq_after(at->segment->end_seq, sender->trouble->above[0].left);
}

/* Bytes behind the sender's own FIN are passed over; a piece that begins before it is an abort. */
static void after_fin(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (at->acked != at->next || seq_after(segment->end_seq, at->edge))
        return;
    if (!seq_before(segment->seq, at->acked))
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_NONE);
    else
        tcpt_decide(view, TCPT_VERDICT_RESET, TCPT_DROP_TCP_ABORT_ON_DATA);
}

static void new_data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (tcpt_took_fin(at)) {
        after_fin(view, at);
        return;
    }
    if (tcpt_may_be_closed(at) || may_be_held(at))
        return;
    if (is_held(at)) {
        tcpt_decide_duplicate_ack(view, at, TCPT_DROP_TCP_OFOMERGE);
        return;
    }
    if (segment->seq == at->edge && at->edge == at->edge_most && at->edge_known) {
        /* Behind the window, which may be closed: an answer in any case, its reason depends on what the application
         * has read. Some senders put their FIN into a closed window, and newer kernels take that. More than a probe,
         * in order, was sent by somebody who knew a larger window. */
        if (segment->payload_bytes && (segment->payload_bytes == 1 || segment->seq != at->next))
            tcpt_decide_duplicate_ack(view, at, TCPT_DROP_NONE);
        return;
    }
    if (!seq_after(segment->end_seq, at->edge))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

static void data(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (tcpt_pure(at)) {
        if (!seq_before(segment->end_seq, at->next))
            tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
        else
            view->limited = true;
        return;
    }
    if (!seq_after(segment->end_seq, at->next))
        old_data(view, at);
    else
        new_data(view, at);
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

static void own_fin(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_segment *segment = at->segment;

    if (seq_after(segment->end_seq, at->edge))
        return;
    if (at->receiver->state == TCPT_FIN_WAIT_1 && (segment->flags & TCPT_FIN) && segment->end_seq == at->next) {
        old_data(view, at); /* kept for the FIN's sake */
        return;
    }
    /* The FIN that comes with it is the ordinary close. */
    if (at->receiver->state != TCPT_FIN_WAIT_1 || tcpt_pure(at) ||
        (!segment->payload_bytes && segment->seq == at->acked))
        tcpt_decide(view, TCPT_VERDICT_ACCEPTED, TCPT_DROP_NONE);
}

/* ---- all together ---- */

static void judge_in_time(tcpt_receiver_view *view, const tcpt_reception *at)
{
    if (sequence(view, at) || ack(view, at))
        return;
    if (acks_own_fin(at))
        own_fin(view, at);
    else
        data(view, at);
}

/* Whether TS.Recent has moved past the timestamp cannot be told. */
static void judge_either_way(tcpt_receiver_view *view, const tcpt_reception *at, const tcpt_stamp *stamp)
{
    tcpt_receiver_view refused = *view;

    judge_in_time(view, at);
    refused_for_stamp(&refused, at, stamp);
    tcpt_agree(view, &refused);
}

void tcpt_judge_linux(tcpt_receiver_view *view, const tcpt_reception *at)
{
    tcpt_stamp stamp;

    if (!(at->segment->flags & (TCPT_ACK | TCPT_SYN))) {
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_FLAGS);
        return;
    }
    if (at->segment->flags & TCPT_SYN) { /* whatever its numbers and timestamp */
        tcpt_decide_limited(view, TCPT_VERDICT_CHALLENGE_ACK, TCPT_DROP_TCP_INVALID_SYN);
        return;
    }
    stamp = tcpt_stamp_of(at, PAWS_SLACK);
    switch (stamp.paws) {
    case TCPT_PAWS_PASSES:
        judge_in_time(view, at);
        return;
    case TCPT_PAWS_FAILS:
        view->tsval_delta = stamp.proven;
        refused_for_stamp(view, at, &stamp);
        return;
    case TCPT_PAWS_UNSURE:
        judge_either_way(view, at, &stamp);
        return;
    }
}
