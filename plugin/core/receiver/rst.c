/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a receiver does with a RST, by RFC 9293 section 3.10.7, RFC 5961 section 3.2 and the rules of the chosen
 * stack (Linux: tcp_validate_incoming(), tcp_reset_check(), tcp_check_req(), tcp_timewait_state_process()). */
#include "core/receiver/rst.h"

#include "core/receiver/reception.h"
#include "tcptriage/sequence.h"

/* In SYN-SENT only the acknowledgment counts (RFC 9293, section 3.10.7.3). */
static void judge_syn_sent(tcpt_rst_view *view, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    view->confidence = TCPT_HIGH;
    if (!(segment->flags & TCPT_ACK)) {
        view->position = TCPT_RST_SYN_SENT_NO_ACK;
    } else if (seq_after(segment->ack, receiver->iss) && !seq_after(segment->ack, receiver->snd_nxt)) {
        view->position = TCPT_RST_SYN_SENT_OK;
        view->verdict = TCPT_VERDICT_RESET;
        return;
    } else {
        view->position = TCPT_RST_SYN_SENT_BAD_ACK;
    }
    view->verdict = TCPT_VERDICT_IGNORED;
    view->mismatch = true;
}

/* `next` is N: where the receiver stands when all that was sent arrived; `acked` is A. */
static tcpt_rst_position place(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment,
                               uint32_t acked, uint32_t next)
{
    uint32_t seq = segment->seq;

    if (seq == acked)
        return acked == tcpt_next_of(sender, receiver) ? TCPT_RST_EXACT : TCPT_RST_AT_ACK;
    /* A close that leaves data unread numbers its RST,ACK with SND.NXT, lost data or not. */
    if (seq == next || (sender->sent && seq == sender->snd_nxt && (segment->flags & TCPT_ACK)))
        return TCPT_RST_EXACT_UNACKED;
    if (sender->fin && seq == acked - 1 && sender->fin_end == acked)
        return TCPT_RST_OFF_BY_ONE_AFTER_FIN;
    if (sender->fin && seq == next - 1 && sender->fin_end == next)
        return TCPT_RST_OFF_BY_ONE_FIN_UNACKED;
    if (receiver->sack_held && seq == receiver->sack_edge)
        return TCPT_RST_SACK_EDGE;
    if (seq_before(seq, acked))
        return TCPT_RST_STALE;
    if (seq_before(seq, next))
        return TCPT_RST_IN_FLIGHT;
    return seq_after(seq, receiver->rcv_edge) ? TCPT_RST_BEYOND_WINDOW : TCPT_RST_IN_WINDOW;
}

/* RFC 9293 section 3.10.7.4 without RFC 5961: in the window resets. The right edge itself is outside. */
static tcpt_verdict by_rfc793(tcpt_rst_position position, bool at_edge)
{
    switch (position) {
    case TCPT_RST_STALE:
    case TCPT_RST_OFF_BY_ONE_AFTER_FIN:
    case TCPT_RST_BEYOND_WINDOW:
        return TCPT_VERDICT_IGNORED;
    case TCPT_RST_NONE:
        return TCPT_VERDICT_UNDETERMINED;
    default:
        return at_edge ? TCPT_VERDICT_IGNORED : TCPT_VERDICT_RESET;
    }
}

static tcpt_verdict by_rfc5961(tcpt_rst_position position, bool at_edge)
{
    switch (position) {
    case TCPT_RST_EXACT:
    case TCPT_RST_EXACT_UNACKED:
    case TCPT_RST_SYN_SENT_OK:
        return TCPT_VERDICT_RESET;
    case TCPT_RST_AT_ACK:
    case TCPT_RST_NONE:
        return TCPT_VERDICT_UNDETERMINED;
    case TCPT_RST_STALE:
    case TCPT_RST_OFF_BY_ONE_AFTER_FIN:
    case TCPT_RST_BEYOND_WINDOW:
        return TCPT_VERDICT_IGNORED;
    default:
        return at_edge ? TCPT_VERDICT_IGNORED : TCPT_VERDICT_CHALLENGE_ACK;
    }
}

/* Linux takes the RST that counts the peer's FIN as nothing (since 4.11), the one at the right edge of its SACK
 * blocks (since 4.7), and counts the window's right edge itself as inside. */
static tcpt_verdict by_linux(tcpt_rst_position position)
{
    switch (position) {
    case TCPT_RST_OFF_BY_ONE_AFTER_FIN:
    case TCPT_RST_OFF_BY_ONE_FIN_UNACKED:
    case TCPT_RST_SACK_EDGE:
        return TCPT_VERDICT_RESET;
    default:
        return by_rfc5961(position, false);
    }
}

/* FreeBSD compares with the last ACK it sent; a RST behind data it has not acknowledged yet may be challenged. */
static tcpt_verdict by_freebsd(tcpt_rst_position position, bool at_edge)
{
    if (position == TCPT_RST_EXACT_UNACKED)
        return TCPT_VERDICT_UNDETERMINED;
    if (position == TCPT_RST_AT_ACK)
        return TCPT_VERDICT_RESET;
    return by_rfc5961(position, at_edge);
}

static tcpt_verdict by_stack(tcpt_stack stack, tcpt_rst_position position, bool at_edge)
{
    switch (stack) {
    case TCPT_STACK_RFC793:
        return by_rfc793(position, at_edge);
    case TCPT_STACK_RFC5961:
        return by_rfc5961(position, at_edge);
    case TCPT_STACK_FREEBSD:
        return by_freebsd(position, at_edge);
    default:
        return by_linux(position);
    }
}

static tcpt_verdict judge_state(const tcpt_rst_view *view, const tcpt_endpoint *receiver, tcpt_stack stack,
                                bool at_edge)
{
    switch (receiver->state) {
    case TCPT_CLOSED:
    case TCPT_LISTEN:
        return TCPT_VERDICT_IGNORED;
    case TCPT_TIME_WAIT:
        return tcpt_rst_is_exact(view->position) ? TCPT_VERDICT_RESET : TCPT_VERDICT_IGNORED;
    case TCPT_SYN_RECEIVED: /* in the window but not exact: older Linux drops the request, newer challenge */
        return tcpt_rst_is_exact(view->position) ? TCPT_VERDICT_RESET : TCPT_VERDICT_UNDETERMINED;
    default:
        return by_stack(stack, view->position, at_edge);
    }
}

static tcpt_confidence confidence_of(const tcpt_flow *flow, const tcpt_endpoint *sender, const tcpt_endpoint *receiver,
                                     tcpt_rst_position position, uint32_t seq)
{
    bool scale_known = sender->syn && receiver->syn && !flow->options_cut;

    if (sender->holed || !flow->both_ways)
        return TCPT_LOW;
    if (position != TCPT_RST_SACK_EDGE && sender->above_count && seq == sender->snd_nxt)
        return TCPT_LOW; /* the gap may be the capture's */
    switch (position) {
    case TCPT_RST_EXACT:
    case TCPT_RST_OFF_BY_ONE_AFTER_FIN:
    case TCPT_RST_STALE:
        return TCPT_HIGH;
    case TCPT_RST_IN_WINDOW:
    case TCPT_RST_BEYOND_WINDOW:
        return scale_known ? TCPT_HIGH : TCPT_LOW;
    case TCPT_RST_IN_FLIGHT:
        return TCPT_LOW;
    default:
        return TCPT_MEDIUM;
    }
}

/* Where the verdict hangs on what no packet shows. */
static bool doubtful(const tcpt_rst_view *view, const tcpt_endpoint *sender, const tcpt_endpoint *receiver,
                     const tcpt_segment *segment, tcpt_stack stack)
{
    /* A window that shrank: some compare with the newest edge, some with the largest. */
    if (seq_after(segment->seq, receiver->rcv_nxt + receiver->rcv_wnd) && !seq_after(segment->seq, receiver->rcv_edge))
        return true;
    if (view->position == TCPT_RST_EXACT_UNACKED && tcpt_next_of(sender, receiver) != segment->seq &&
        !sender->above_count)
        return true; /* bytes before it are missing */
    /* Behind bytes that may be missing; at the edge of those held behind them it does not matter to Linux. */
    if (view->position == TCPT_RST_EXACT_UNACKED && sender->above_count)
        return stack != TCPT_STACK_LINUX || !receiver->sack_held || segment->seq != receiver->sack_edge;
    /* Once the application has gone, Linux keeps an entry that takes any RST in the window and answers the others. */
    return stack == TCPT_STACK_LINUX && receiver->state == TCPT_FIN_WAIT_2 && !receiver->took_payload && view->mismatch;
}

void tcpt_judge_rst(tcpt_rst_view *view, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                    tcpt_stack stack)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];
    uint32_t acked = receiver->rcv_nxt;
    uint32_t next = sender->sent ? seq_max(sender->snd_contig, acked) : acked;
    bool scale_known = sender->syn && receiver->syn && !flow->options_cut;

    *view = (tcpt_rst_view){.position = TCPT_RST_NONE, .confidence = TCPT_LOW};
    if (receiver->state == TCPT_SYN_SENT) {
        judge_syn_sent(view, receiver, segment);
        return;
    }
    if (!receiver->acked)
        return; /* one direction only: no telling what the receiver expects */

    view->position = place(sender, receiver, segment, acked, next);
    view->expected_seq = sender->holed ? acked : next;
    view->mismatch = !tcpt_rst_is_exact(view->position);
    view->confidence = confidence_of(flow, sender, receiver, view->position, segment->seq);
    view->verdict = judge_state(view, receiver, stack, segment->seq == receiver->rcv_edge);
    if (doubtful(view, sender, receiver, segment, stack) || (view->position == TCPT_RST_BEYOND_WINDOW && !scale_known))
        view->verdict = TCPT_VERDICT_UNDETERMINED; /* the window may be larger than it looks */
}

/* The small entry that Linux keeps of FIN-WAIT-2 answers what is outside of its window, a RST too. */
static bool may_be_entry(const tcpt_endpoint *receiver)
{
    return receiver->state == TCPT_FIN_WAIT_2 && !receiver->took_payload;
}

/* A RST between the last ACK and the right edge that is not exact, a SYN in a live flow, its own handshake's included
 * (RFC 5961, sections 3.2 and 4.2), an ACK of bytes never sent (section 5.2; Linux answers it since 2026). Where it
 * acknowledges one more than was seen only an answer to its data shows that this was no FIN. */
bool tcpt_provokes(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    if (seen->other_syn)
        return true;
    if (segment->flags & TCPT_SYN) {
        if (flow->synchronised)
            return !(segment->flags & TCPT_ACK); /* a SYN-ACK sent again asks for the handshake's last ACK */
        return flow->later;                      /* the SYN that meets a TIME-WAIT entry of the previous life */
    }
    switch (seen->rst.position) {
    case TCPT_RST_EXACT_UNACKED: /* the bytes before it may be lost, or not have come yet */
    case TCPT_RST_AT_ACK:
        return !flow->ends[seen->from].reset_peer;
    case TCPT_RST_OFF_BY_ONE_FIN_UNACKED:
    case TCPT_RST_SACK_EDGE:
    case TCPT_RST_IN_FLIGHT:
    case TCPT_RST_IN_WINDOW:
        return true;
    case TCPT_RST_STALE:
    case TCPT_RST_BEYOND_WINDOW:
        return may_be_entry(&flow->ends[!seen->from]);
    default:
        return seen->odd_ack || (seen->infers_fin && segment->payload_bytes && !flow->ends[!seen->from].holed);
    }
}
