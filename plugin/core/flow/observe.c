/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judge: a segment against its flow as it was before. Nothing here writes to the flow. */
#include <glib.h>

#include "core/flow/checksums.h"
#include "core/receiver/receiver.h"
#include "core/flow/short_way.h"
#include "core/flow/stale.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum {
    /* A run of acknowledged data sent again is one story; a gap longer than any timeout begins another. */
    RUN_GAP_SECONDS = TCPT_LONGEST_RTO_SECONDS + 5,
    /* Five rounds of nothing but the same ACKs. They come as fast as the path allows; what comes later than two
     * seconds, and two RTT, was sent by a timer. */
    WAR_ACKS = 10,
    WAR_GAP_SECONDS = 2,
};

/* The bytes of a segment that were sent before: everything up to the sender's SND.NXT, gaps excepted. */
static bool repeats(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return sender->sent && segment->end_seq != segment->seq && seq_before(segment->seq, sender->snd_nxt);
}

static bool fills_gap(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    uint32_t left = sender->snd_contig;

    if (sender->holes && !seq_before(segment->seq, sender->trouble->hole.left) &&
        !seq_after(segment->end_seq, sender->trouble->hole.right))
        return true; /* captured behind its acknowledgment */
    for (unsigned i = 0; i < sender->above_count; i++) {
        if (!seq_before(segment->seq, left) && !seq_after(segment->end_seq, sender->trouble->above[i].left))
            return true;
        left = sender->trouble->above[i].right;
    }
    return false;
}

/* First step at which everything up to `end` was acknowledged; the caller knows that there is one or none. */
static const tcpt_ack_step *step_covering(const tcpt_endpoint *acker, uint32_t end)
{
    unsigned low = 0, high = acker->ack_step_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (seq_before(acker->ack_steps[middle].ack, end))
            low = middle + 1;
        else
            high = middle;
    }
    return low < acker->ack_step_count ? &acker->ack_steps[low] : NULL;
}

static bool continues_run(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    return flow->again && flow->again->from == from &&
           segment->time_ns - flow->again->last_ns <= tcpt_seconds_ns(RUN_GAP_SECONDS);
}

static void observe_acked_again(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                                int64_t tolerance_ns)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];
    uint32_t payload_end = segment->seq + segment->payload_bytes;
    const tcpt_ack_step *step;
    int64_t ago_ns, least_ns;

    if (!segment->payload_bytes || (segment->flags & (TCPT_SYN | TCPT_RST)) || seen->probe)
        return;
    if (!receiver->acked || seq_after(payload_end, receiver->rcv_nxt) || !sender->sent ||
        seq_after(payload_end, sender->snd_nxt))
        return;
    /* What lies before the flow's own numbers belongs to an earlier life or to another number space (rule I.8). */
    if (sender->syn && !seq_after(segment->seq, tcpt_lowest_seq(sender)))
        return;
    step = step_covering(receiver, payload_end);
    if (!step)
        return;
    ago_ns = segment->time_ns - step->time_ns;
    /* "Well before": a sender cannot have missed it by a hair. */
    least_ns = flow->ends[0].rtt_ns && flow->ends[1].rtt_ns ? tcpt_rtt_ns(flow) : TCPT_SHORTEST_RTO_MS * TCPT_MS_NS;
    least_ns = MAX(MAX(least_ns, TCPT_TICK_MS * TCPT_MS_NS), tolerance_ns);
    if (ago_ns < least_ns)
        return;
    seen->traits |= TCPT_TRAIT_ACKED_AGAIN;
    seen->acked_in = step->record;
    seen->acked_ago_ns = ago_ns;
    seen->again_count = continues_run(flow, segment, seen->from) ? flow->again->count + 1 : 1;
}

/* An ACK number that the sender cannot have meant for this life: beyond anything the other end can have sent in
 * the window it was given, or before the other end's first byte. A capture that lost more than a window is told by
 * the other end's own SEQ, which moves SND.NXT. */
static bool impossible_ack(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, uint32_t ack)
{
    uint32_t window = sender->max_wnd > 65535 ? sender->max_wnd : 65535;

    if (!receiver->sent)
        return false;
    /* RFC 5961, section 5.2: older than anything that a window can have held up. */
    if (sender->acked && sender->syn && receiver->syn && seq_before(ack, sender->rcv_nxt - sender->max_wnd))
        return true;
    if (receiver->syn && seq_before(ack, tcpt_lowest_seq(receiver) + 1))
        return true;
    return seq_after(ack, receiver->snd_nxt) && seq_delta(ack, receiver->snd_nxt) > (int32_t)window;
}

static void observe_ack(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (!(segment->flags & TCPT_ACK) || (segment->flags & TCPT_RST))
        return;
    seen->pure_ack = !segment->payload_bytes && !(segment->flags & (TCPT_SYN | TCPT_FIN));
    seen->odd_ack = impossible_ack(sender, receiver, segment->ack);
    if (!sender->syn && receiver->handshake == TCPT_SYN_SENT && !(segment->flags & TCPT_SYN) &&
        segment->ack != receiver->snd_nxt && segment->ack != receiver->iss + 1)
        seen->old_numbers = true;
    if (seen->odd_ack || seen->old_numbers)
        return;
    if (!sender->acked || seq_after(segment->ack, sender->rcv_nxt))
        seen->traits |= TCPT_TRAIT_ACKS_NEW;
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
    return ago_ns >= sender->rtt_ns / 2 && ago_ns <= MAX(2 * tcpt_rtt_ns(flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

/* A pure ACK that tells nothing new, soon after its sender was provoked: the challenge ACK. */
static void observe_challenge(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    int64_t ago_ns = segment->time_ns - sender->trouble->provoked.time_ns;

    if (!sender->trouble->provoked.record || !seen->pure_ack || seen->probe)
        return;
    if (!seen->old_numbers && (segment->ack != sender->rcv_nxt || (sender->sent && segment->seq != sender->snd_nxt)))
        return;
    if (!seen->old_numbers && window_update(sender, &flow->ends[!seen->from], segment))
        return;
    if (!in_time_to_answer(flow, sender, ago_ns))
        return;
    seen->traits |= TCPT_TRAIT_CHALLENGE;
    seen->challenged = sender->trouble->provoked.record;
}

/* The duplicate ACK for a segment that PAWS refused: nothing new in it, TSecr included. */
static void observe_refusal(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    int64_t ago_ns = segment->time_ns - sender->trouble->refused.time_ns;

    if (!seen->pure_ack || seen->probe || segment->ack != sender->rcv_nxt || segment->tsecr != sender->ts_echoed)
        return;
    if (!in_time_to_answer(flow, sender, ago_ns))
        return;
    seen->traits |= TCPT_TRAIT_PAWS_ANSWER;
    seen->refused = sender->trouble->refused.record;
}

/* Pure ACKs from both ends in turn, each end's always the same. Probes and their answers are none. */
static void observe_exchange(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_ack_exchange *acks = &flow->acks;
    unsigned from = seen->from;

    if (!seen->pure_ack || seen->probe)
        return;
    seen->war_acks = 1;
    if (!acks->count || acks->from == from ||
        seen->since_ns > MAX(2 * tcpt_rtt_ns(flow), tcpt_seconds_ns(WAR_GAP_SECONDS)))
        return;
    seen->war_acks = 2;
    if (acks->count < 2)
        return;
    if (acks->seq[from] != segment->seq || acks->ack[from] != segment->ack || acks->window[from] != segment->window)
        return;
    seen->war_acks = acks->count + 1;
    if (seen->war_acks >= WAR_ACKS)
        seen->traits |= TCPT_TRAIT_ACK_WAR;
}

/* SYN or SYN-ACK in a synchronised flow, other than the repeats of its own handshake. */
static bool other_syn(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (!(segment->flags & TCPT_SYN) || !flow->synchronised)
        return false;
    if (sender->syn)
        return segment->seq != sender->iss;
    return sender->segment_count > 0 && !(sender->sent && segment->seq + 1 == sender->snd_nxt);
}

bool tcpt_fin_sent_again(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (segment->time_ns - sender->fin_last_ns >= TCPT_SHORTEST_RTO_MS * TCPT_MS_NS)
        return true;
    return !(segment->flags & TCPT_ACK) || !seq_after(segment->ack, sender->fin_last_ack);
}

static bool probe(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return segment->payload_bytes <= 1 && !(segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST)) && receiver->acked &&
           sender->sent && segment->seq == receiver->rcv_nxt - 1 && !seq_after(segment->end_seq, sender->snd_nxt);
}

/* What is sent again within one RTT is one round, however many segments: no answer can have come. */
static bool new_round(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    int64_t least_ns = MAX(tcpt_rtt_ns(flow), TCPT_TICK_MS * TCPT_MS_NS);

    return (seen->traits & TCPT_TRAIT_REPEAT) && segment->time_ns - flow->ends[seen->from].round_ns >= least_ns;
}

void tcpt_observe(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                  const tcpt_settings *settings, int64_t tolerance_ns)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];

    if (flow->short_way && tcpt_observe_short_way(seen, flow, segment, from, settings))
        return;
    tcpt_clear_observation(seen);
    seen->from = (uint8_t)from;
    seen->traits = tcpt_plain_traits(flow, segment);
    if (seen->traits & TCPT_TRAIT_CHECKSUM)
        tcpt_observe_checksum(seen, flow, segment);
    if (flow->last_record)
        seen->since_ns = MAX(0, segment->time_ns - flow->last_ns);
    if (seen->since_ns >= tcpt_seconds_ns(settings->stall_seconds))
        seen->traits |= TCPT_TRAIT_SILENCE;

    if (flow->previous && tcpt_is_stale(flow, segment, from)) {
        seen->stale = true;
        seen->traits |= TCPT_TRAIT_STALE;
        tcpt_judge_receiver(seen, flow, segment, settings);
        return;
    }
    seen->probe = probe(sender, receiver, segment);
    seen->other_syn = other_syn(flow, segment, from);
    if (seen->other_syn || ((segment->flags & TCPT_SYN) && flow->previous))
        seen->traits |= TCPT_TRAIT_OTHER_SYN;
    observe_ack(seen, flow, segment);
    if (!seen->probe && !seen->other_syn && repeats(sender, segment) && !fills_gap(sender, segment)) {
        seen->traits |= TCPT_TRAIT_REPEAT;
        observe_acked_again(seen, flow, segment, tolerance_ns);
    }
    if (receiver->unanswered_probes)
        seen->traits |= TCPT_TRAIT_PROBED;
    if (sender->unanswered_ns && (seen->probe || new_round(flow, segment, seen)))
        seen->traits |= TCPT_TRAIT_UNANSWERED;
    seen->new_payload = segment->payload_bytes && !(seen->traits & TCPT_TRAIT_REPEAT) && !seen->probe;
    if (sender->sent && seq_after(segment->seq, sender->snd_nxt))
        seen->traits |= TCPT_TRAIT_SEQUENCE_ODD;
    if (sender->trouble->provoked.record)
        observe_challenge(seen, flow, segment);
    if (sender->trouble->refused.record)
        observe_refusal(seen, flow, segment);
    observe_exchange(seen, flow, segment);
    if (flow->damaged)
        tcpt_observe_damages(seen, flow, segment);
    tcpt_judge_receiver(seen, flow, segment, settings);
}
