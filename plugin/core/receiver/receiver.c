/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver does with a segment: the entry of the model, its fast path, and what is the same in all states. */
#include "core/receiver/receiver.h"

#include "core/receiver/edges.h"
#include "core/receiver/paws.h"
#include "core/receiver/reception.h"
#include "core/receiver/rst.h"
#include "core/receiver/synchronised.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* Nearly everything: a segment of an open connection that begins where its sender's last one ended, inside the window,
 * with an acknowledgment and a timestamp that move forward or stay. Accepted by every stack. */
static bool ordinary(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if ((segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK)) != TCPT_ACK || seen->really_bad)
        return false;
    if (receiver->state != TCPT_ESTABLISHED || !receiver->acked || !sender->acked)
        return false;
    if (segment->seq != sender->snd_contig || segment->seq != sender->snd_nxt ||
        seq_before(segment->seq, receiver->rcv_nxt))
        return false;
    if (segment->end_seq - receiver->rcv_nxt > receiver->rcv_wnd)
        return false;
    if (segment->ack - sender->rcv_nxt > receiver->snd_nxt - sender->rcv_nxt)
        return false;
    return !(segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns ||
           !seq_before(segment->tsval, sender->tsval_highest);
}

static tcpt_confidence quality(const tcpt_flow *flow, const tcpt_endpoint *sender, const tcpt_endpoint *receiver)
{
    if (!flow->both_ways || sender->holed || receiver->holed)
        return TCPT_LOW;
    return sender->syn && receiver->syn && !flow->reordered ? TCPT_HIGH : TCPT_MEDIUM;
}

static tcpt_reception reception_of(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                                   const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];
    uint32_t acked = receiver->rcv_nxt;
    uint32_t sent = sender->sent ? seq_max(sender->snd_contig, acked) : acked;
    /* Whoever has sent beyond the window without a gap knew a larger one: the capture lacks that ACK. */
    bool outrun = seq_after(sent, receiver->rcv_edge + 1);

    return (tcpt_reception){
        .flow = flow,
        .sender = sender,
        .receiver = receiver,
        .segment = segment,
        .seen = seen,
        .stack = settings->receiver_stack,
        .time_wait_ns = tcpt_seconds_ns(settings->time_wait_seconds),
        .acked = acked,
        .next = tcpt_next_of(sender, receiver),
        .edge = acked + receiver->rcv_wnd,
        .edge_most = receiver->rcv_edge,
        .edge_known = sender->syn && receiver->syn && !flow->options_cut && !tcpt_window_is_full(receiver) && !outrun,
        .space = segment->end_seq - segment->seq,
    };
}

/* Whoever it was has no socket of this connection any more: Linux answers everything but a RST with a RST. A listener
 * on the port answers the same but for a SYN, under another reason. */
static void judge_closed(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_endpoint *receiver = at->receiver;
    bool listens = at->receiver != &at->flow->ends[at->flow->client] || !at->flow->client_known;
    tcpt_drop drop = listens ? TCPT_DROP_NONE : TCPT_DROP_NO_SOCKET;
    bool gone;

    /* Its own RST counts too, if its numbers were right: others are often forged. */
    gone = receiver->reset ? at->sender->reset_peer || receiver->reset_peer
                           : receiver->fin && receiver->fin_acked && receiver->fin_acked_ns >= receiver->fin_ns;
    if (!gone)
        return; /* it never was open, or may be open still */
    view->confidence = view->confidence > TCPT_MEDIUM ? TCPT_MEDIUM : view->confidence;
    if (at->segment->flags & TCPT_RST)
        tcpt_decide(view, TCPT_VERDICT_IGNORED, drop);
    else if (!listens || (at->segment->flags & TCPT_ACK))
        tcpt_decide(view, TCPT_VERDICT_RESET, drop);
}

/* A SYN that begins a life meets what the life before has left at its receiver: nothing, a request that waits for
 * another handshake's end, or a TIME-WAIT entry. */
static void judge_first_syn(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment,
                            const tcpt_observation *seen, const tcpt_settings *settings)
{
    const tcpt_flow *previous = tcpt_life_before(flow);
    tcpt_reception at;

    if (!previous)
        return; /* whether anybody listens there is not known yet */
    at = reception_of(previous, segment, seen, settings);
    view->confidence = TCPT_MEDIUM;
    if (at.receiver->state == TCPT_TIME_WAIT)
        tcpt_judge_time_wait(view, &at);
    else if (at.receiver->state == TCPT_SYN_RECEIVED)
        tcpt_judge_syn_received(view, &at);
}

static tcpt_drop rst_drop(const tcpt_rst_view *rst)
{
    if (rst->verdict == TCPT_VERDICT_CHALLENGE_ACK)
        return TCPT_DROP_TCP_RESET;
    if (rst->verdict != TCPT_VERDICT_IGNORED)
        return TCPT_DROP_NONE;
    switch (rst->position) {
    case TCPT_RST_STALE:
    case TCPT_RST_OFF_BY_ONE_AFTER_FIN:
        return TCPT_DROP_TCP_OLD_SEQUENCE;
    case TCPT_RST_SYN_SENT_BAD_ACK:
        return TCPT_DROP_TCP_INVALID_ACK_SEQUENCE;
    case TCPT_RST_SYN_SENT_NO_ACK:
        return TCPT_DROP_TCP_RESET;
    default:
        return TCPT_DROP_TCP_INVALID_SEQUENCE;
    }
}

static void judge_by_state(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_rst_view *rst = &at->seen->rst;

    switch (at->receiver->state) {
    case TCPT_CLOSED:
    case TCPT_LISTEN:
        judge_closed(view, at);
        return;
    case TCPT_SYN_SENT:
        tcpt_judge_syn_sent(view, at);
        return;
    case TCPT_SYN_RECEIVED:
        tcpt_judge_syn_received(view, at);
        return;
    case TCPT_TIME_WAIT:
        tcpt_judge_time_wait(view, at);
        return;
    default:
        break;
    }
    if (!at->receiver->acked)
        return; /* one direction only: no telling what the receiver expects */
    if (!(at->segment->flags & TCPT_RST)) {
        tcpt_judge_synchronised(view, at);
        return;
    }
    /* Only the entry that is left of FIN-WAIT-2 when the application has gone looks at a RST's timestamp. */
    if (at->receiver->state == TCPT_FIN_WAIT_2 && !at->receiver->took_payload &&
        tcpt_stamp_of(at, 0).paws != TCPT_PAWS_PASSES)
        return;
    view->confidence = rst->confidence;
    tcpt_decide(view, rst->verdict, at->receiver->state == TCPT_FIN_WAIT_2 ? TCPT_DROP_NONE : rst_drop(rst));
    view->limited = rst->verdict == TCPT_VERDICT_CHALLENGE_ACK || rst->verdict == TCPT_VERDICT_UNDETERMINED;
}

/* A request, a full socket and a TIME-WAIT entry each keep a limit of their own. */
static bool same_keeper(tcpt_state a, tcpt_state b)
{
    return (a < TCPT_ESTABLISHED) == (b < TCPT_ESTABLISHED) && (a == TCPT_TIME_WAIT) == (b == TCPT_TIME_WAIT);
}

/* Linux, __tcp_oow_rate_limited(): one answer at a time, whatever drew it. */
static void apply_limit(tcpt_receiver_view *view, const tcpt_reception *at)
{
    const tcpt_endpoint *receiver = at->receiver;
    int64_t ago_ns = at->segment->time_ns - receiver->trouble->limited_ns;

    if (at->stack != TCPT_STACK_LINUX || !receiver->trouble->limited_ns ||
        !same_keeper((tcpt_state)receiver->trouble->limited_in, receiver->state))
        return;
    if (view->verdict == TCPT_VERDICT_UNDETERMINED || ago_ns >= (TCPT_ANSWER_LIMIT_MS + TCPT_TICK_MS) * TCPT_MS_NS)
        return;
    if (!receiver->trouble->limited_surely || ago_ns > (TCPT_ANSWER_LIMIT_MS - TCPT_TICK_MS) * TCPT_MS_NS ||
        ago_ns < 0) {
        view->verdict = TCPT_VERDICT_UNDETERMINED;
        return;
    }
    view->verdict = TCPT_VERDICT_IGNORED;
    view->over_limit = true;
    view->confidence = view->confidence > TCPT_MEDIUM ? TCPT_MEDIUM : view->confidence; /* that answer may be lost */
}

/* Whether the capture's order and numbers can be relied on: a segment that was stamped before its predecessor has been
 * handed over late, and across holes of a quarter of the number space nobody knows what lies before what. */
static bool reliable(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];
    int32_t away = seq_delta(segment->seq, receiver->rcv_nxt);

    if (segment->time_ns < flow->last_ns)
        return false;
    return !(sender->holed || receiver->holed) || !receiver->acked || (away > -TCPT_SEQ_NEAR && away < TCPT_SEQ_NEAR);
}

/* Apart from the fast path, which needs no stack frame of this size. */
static void TCPT_NOINLINE judge_odd(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment,
                                    const tcpt_observation *seen, const tcpt_settings *settings)
{
    tcpt_reception at;

    if (segment->odd_flags) {
        view->confidence = TCPT_LOW; /* stacks differ in what they look at first */
        return;
    }
    if (seen->really_bad) {
        tcpt_decide(view, TCPT_VERDICT_IGNORED, TCPT_DROP_TCP_CSUM);
    } else if (!flow->last_record && (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST)) == TCPT_SYN) {
        judge_first_syn(view, flow, segment, seen, settings);
    } else if ((segment->flags & TCPT_RST) || reliable(flow, segment, seen)) {
        at = reception_of(flow, segment, seen, settings);
        judge_by_state(view, &at);
        if (view->limited)
            apply_limit(view, &at);
    }
    if (view->verdict == TCPT_VERDICT_UNDETERMINED)
        view->confidence = TCPT_LOW;
}

static void judge_segment(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment,
                          const tcpt_observation *seen, const tcpt_settings *settings)
{
    if (ordinary(flow, segment, seen)) {
        view->verdict = TCPT_VERDICT_ACCEPTED;
        view->confidence = TCPT_HIGH;
        return;
    }
    view->confidence = quality(flow, &flow->ends[seen->from], &flow->ends[!seen->from]);
    judge_odd(view, flow, segment, seen, settings);
}

void tcpt_judge_receiver(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_settings *settings)
{
    bool rst = segment->flags & TCPT_RST;

    if (rst)
        tcpt_judge_rst(&seen->rst, flow, segment, seen->from, settings->receiver_stack);
    judge_segment(&seen->receiver, flow, segment, seen, settings);
    /* The rules for a RST's numbers do not look at timestamps, nor at how often was answered. */
    if (rst && flow->ends[!seen->from].state > TCPT_LISTEN && seen->rst.position != TCPT_RST_NONE)
        seen->rst.verdict = seen->receiver.verdict;
    seen->provokes = tcpt_provokes(flow, segment, seen);
}

void tcpt_judge_old_data(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    view->confidence = quality(flow, sender, receiver);
    view->verdict = TCPT_VERDICT_DUPLICATE_ACK;
    if (segment->end_seq != receiver->rcv_nxt)
        view->drop = TCPT_DROP_TCP_OLD_SEQUENCE;
    else if (tcpt_next_of(sender, receiver) == receiver->rcv_nxt)
        view->drop = TCPT_DROP_TCP_OLD_DATA;
}
