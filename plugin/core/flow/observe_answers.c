/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/observe_answers.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* Five rounds of nothing but the same ACKs. They come as fast as the path allows; what comes later than two
     * seconds, and two RTT, was sent by a timer. */
    WAR_ACKS = 10,
    WAR_GAP_SECONDS = 2,
    /* Where no round trip is known. Two Linux ends answer each other twice a second at most. */
    WAR_LEAST_MS = 200,
    /* On the shortest ways a round trip says little: the handshake's is a scheduler's, or a virtual machine's. */
    SHORT_WAY_MS = 1,
    /* A connection is not much further when its handshake is not even captured. */
    NEAR_BYTES = 1 << 20,
};

/* What was sent since the other end was last heard, this one included. What asks within a round trip, or a probe within
 * the limit of answers, may rightly go unanswered: no round of its own. */
static void observe_unanswered(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];

    seen->unanswered_repeats = sender->unanswered_repeats;
    seen->unanswered_fins = sender->unanswered_fins;
    seen->unanswered_probes = sender->unanswered_probes;
    if (segment->flags & (TCPT_RST | TCPT_SYN))
        seen->new_round = false;
    else if (seen->probe)
        seen->new_round =
            !sender->unanswered_ns || segment->time_ns - sender->round_ns >= TCPT_ANSWER_LIMIT_MS * TCPT_MS_NS;
    if (!seen->new_round)
        return;
    seen->unanswered_probes += seen->probe;
    seen->unanswered_repeats += !seen->probe && segment->payload_bytes;
    seen->unanswered_fins += !seen->probe && !segment->payload_bytes;
}

/* An ACK sent to open the window says so: the window has doubled (Linux, tcp_cleanup_rbuf()) or grown by two full
 * segments (RFC 9293, section 3.8.6.2.2). */
static bool window_update(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    uint64_t window = (uint64_t)segment->window << sender->wscale;
    uint32_t mss = receiver->mss ? receiver->mss : 1460;

    return window > sender->rcv_wnd &&
           (window >= 2 * (uint64_t)sender->rcv_wnd || window - sender->rcv_wnd >= 2 * (uint64_t)mss);
}

/* Whether a segment comes when an answer to what happened `ago_ns` before is due. What was sent before that arrived is
 * none; half the RTT allows for a slow first one. */
static bool in_time_to_answer(const tcpt_flow *flow, const tcpt_endpoint *sender, int64_t ago_ns)
{
    return ago_ns >= sender->rtt_ns / 2 - SHORT_WAY_MS * TCPT_MS_NS &&
           ago_ns <= MAX(2 * tcpt_rtt_ns(flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

/* Whether the ACK can only answer what provoked it, and not the newest bytes before that: it is due by a whole round
 * trip, and theirs was due a quarter of one before. */
static bool answers_nothing_else(const tcpt_flow *flow, const tcpt_endpoint *sender, const tcpt_endpoint *receiver,
                                 const tcpt_segment *segment)
{
    int64_t ago_ns = segment->time_ns - sender->trouble->provoked.time_ns;
    int64_t sent_ns = MAX(receiver->payload_ns, receiver->fin_last_ns);

    return sender->rtt_ns && ago_ns >= sender->rtt_ns - SHORT_WAY_MS * TCPT_MS_NS &&
           ago_ns <= 2 * tcpt_rtt_ns(flow) + TCPT_TICK_MS * TCPT_MS_NS &&
           segment->time_ns - sent_ns >= sender->rtt_ns + sender->rtt_ns / 4;
}

/* A FIN is acknowledged at once, whatever comes behind it: the first ACK to do so is its own, if it was not due before
 * the other was even sent. */
static bool is_of_fin(const tcpt_flow *flow, const tcpt_endpoint *sender, const tcpt_endpoint *receiver,
                      const tcpt_segment *segment)
{
    return receiver->fin && !receiver->fin_acked && !seq_before(segment->ack, receiver->fin_end) &&
           sender->trouble->provoked.time_ns - receiver->fin_last_ns < tcpt_rtt_ns(flow);
}

/* The challenge ACK carries RCV.NXT, which may be ahead of the last ACK: anything up to what the other end has sent
 * without a gap (rule A.5). Where bytes are on their way an ACK may be theirs. */
static bool may_carry(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    bool moves = segment->ack != sender->rcv_nxt;

    if (sender->sent && segment->seq != sender->snd_nxt)
        return false;
    if (moves && (seq_before(segment->ack, sender->rcv_nxt) || seq_after(segment->ack, receiver->snd_contig)))
        return false;
    if (moves && is_of_fin(flow, sender, receiver, segment))
        return false;
    if (moves && sender->trouble->provoked.by_data_too &&
        segment->time_ns - receiver->payload_ns < sender->rtt_ns + TCPT_DELAYED_ACK_MOST_MS * TCPT_MS_NS)
        return false; /* of the bytes before the RST, which may be answered late: to whom has them it is exact */
    return (!moves && !sender->trouble->provoked.by_data_too) || answers_nothing_else(flow, sender, receiver, segment);
}

/* A pure ACK that tells nothing new, soon after its sender was provoked: the challenge ACK. */
static void observe_challenge(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    int64_t ago_ns = segment->time_ns - sender->trouble->provoked.time_ns;

    if (!sender->trouble->provoked.record || !seen->pure_ack || seen->probe)
        return;
    if (!seen->old_numbers && !may_carry(flow, segment, seen->from))
        return;
    if (!seen->old_numbers && window_update(sender, &flow->ends[!seen->from], segment))
        return;
    if (!in_time_to_answer(flow, sender, ago_ns))
        return;
    seen->traits |= TCPT_TRAIT_CHALLENGE;
    seen->challenged = sender->trouble->provoked.record;
}

/* What lies near to the SYN's own number may be of this connection, and the capture lacks what it acknowledges: but a
 * client that sends its SYN again is not further, and a device that begins each life with the same number has its
 * earlier connections near. */
static bool of_this_connection(const tcpt_flow *flow, const tcpt_endpoint *client, uint32_t ack)
{
    const tcpt_old_refusal *before = &flow->rare->refusal;

    return ack - client->iss <= NEAR_BYTES && !(client->syn_count > 1 && before->seen && before->ack == ack);
}

/* A SYN has met a connection that its receiver still has and the capture has not seen: the ACK has that one's
 * numbers. */
static void observe_answer_to_syn(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *client = &flow->ends[!seen->from];

    if (!seen->pure_ack || seen->challenged || !client->syn || client->last_ns != client->syn_ns)
        return;
    if (!client->last_record)
        return; /* the SYN was captured in the life before */
    if (of_this_connection(flow, client, segment->ack) ||
        segment->time_ns - client->syn_ns >= tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS))
        return;
    seen->traits |= TCPT_TRAIT_CHALLENGE;
    seen->challenged = client->last_record;
}

/* It does not echo what was refused, nor anything older. What it echoes may have come in a bare ACK, for which there
 * was no answer to show it; the newer echo is then no sign of an ACK that only opens the window. */
static bool echoes_as_before(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (segment->tsecr == sender->ts_echoed)
        return true;
    return sender->echoes && seq_after(segment->tsecr, sender->ts_echoed) &&
           !seq_after(segment->tsecr, receiver->tsval_highest) && !window_update(sender, receiver, segment);
}

/* The duplicate ACK for a segment that PAWS refused: it tells nothing of that. */
static void observe_refusal(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    int64_t ago_ns = segment->time_ns - sender->trouble->refused.time_ns;

    if (!seen->pure_ack || seen->probe || segment->ack != sender->rcv_nxt ||
        !echoes_as_before(flow, segment, seen->from))
        return;
    if (!in_time_to_answer(flow, sender, ago_ns))
        return;
    seen->traits |= TCPT_TRAIT_PAWS_ANSWER;
    seen->refused = sender->trouble->refused.record;
}

/* Five rounds begin four RTT apart; an eighth less for jitter. What is faster is no answer of the other end. */
static bool lasts(const tcpt_flow *flow, const tcpt_segment *segment)
{
    int64_t rtt_ns = tcpt_rtt_ns(flow);

    return segment->time_ns - flow->acks_first_ns >= (rtt_ns ? rtt_ns * 7 / 2 : WAR_LEAST_MS * TCPT_MS_NS);
}

/* A packet that its sender has made anew: not one that goes in circles, or is captured on two sides of a router. An ID
 * of 0 tells nothing (RFC 6864). */
static bool fresh(const tcpt_pure_ack *last, const tcpt_segment *segment)
{
    return !segment->has_ip_id || !segment->ip_id || segment->ip_id != last->ip_id;
}

/* Pure ACKs from both ends in turn, each end's always the same. Probes and their answers are none. */
static void observe_exchange(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_ack_exchange *acks = &flow->acks;
    const tcpt_pure_ack *last = &flow->ends[seen->from].pure_ack;

    if (!seen->pure_ack || seen->probe)
        return;
    seen->war_acks = 1;
    if (!acks->count || acks->from == seen->from ||
        seen->since_ns > MAX(2 * tcpt_rtt_ns(flow), tcpt_seconds_ns(WAR_GAP_SECONDS)))
        return;
    seen->war_acks = 2;
    if (acks->count < 2)
        return;
    if (last->seq != segment->seq || last->ack != segment->ack || last->window != segment->window ||
        !fresh(last, segment))
        return;
    seen->war_acks = acks->count + 1;
    if (seen->war_acks >= WAR_ACKS && lasts(flow, segment))
        seen->traits |= TCPT_TRAIT_ACK_WAR;
}

void tcpt_observe_answers(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_trouble *trouble = flow->ends[seen->from].trouble;

    observe_unanswered(seen, flow, segment);
    if (trouble->provoked.record)
        observe_challenge(seen, flow, segment);
    if (seen->old_numbers)
        observe_answer_to_syn(seen, flow, segment);
    if (trouble->refused.record)
        observe_refusal(seen, flow, segment);
    observe_exchange(seen, flow, segment);
}
