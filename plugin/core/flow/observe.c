/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judge: a segment against its flow as it was before. Nothing here writes to the flow. */
#include "core/flow/flow.h"

#include <glib.h>

#include "core/flow/checksums.h"
#include "core/flow/final_ack.h"
#include "core/flow/inferred_fin.h"
#include "core/flow/observe_answers.h"
#include "core/flow/observe_repeat.h"
#include "core/flow/rst_loop.h"
#include "core/flow/rst_outcome.h"
#include "core/flow/short_way.h"
#include "core/flow/stale.h"
#include "core/receiver/receiver.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

/* The bytes of a segment that were sent before: everything up to the sender's SND.NXT, gaps excepted. */
static bool repeats(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return sender->sent && segment->end_seq != segment->seq && seq_before(segment->seq, sender->snd_nxt);
}

static bool fills_gap(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    const tcpt_range *hole = &sender->trouble->hole;
    uint32_t left = sender->snd_contig;

    if (sender->holes && hole->left != hole->right && !seq_before(segment->seq, hole->left) &&
        !seq_after(segment->end_seq, hole->right))
        return true; /* captured behind its acknowledgment */
    for (unsigned i = 0; i < sender->above_count; i++) {
        if (!seq_before(segment->seq, left) && !seq_after(segment->end_seq, sender->trouble->above[i].left))
            return true;
        left = sender->trouble->above[i].right;
    }
    return false;
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

/* Far from anything that the receiver has sent, on either side: farther than a hole of the capture can hide. */
static bool odd_sack(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    uint32_t window = sender->max_wnd > 65535 ? sender->max_wnd : 65535;
    uint32_t lowest = receiver->syn ? tcpt_lowest_seq(receiver) : sender->rcv_nxt - window;

    if (!sender->syn)
        return false; /* its window's scale is not known (RFC 7323, section 2.3: up to 14) */
    if (!receiver->sent || !sender->acked ||
        receiver->snd_nxt - lowest + 2 * (uint64_t)window >= 2 * (uint64_t)TCPT_SEQ_REACH)
        return false; /* too much is possible to tell what is beside it */
    for (unsigned i = 0; i < segment->sack_count; i++) {
        uint32_t left = segment->sack_left[i], right = segment->sack_right[i];

        if (right - left - 1 >= window)
            return false; /* no block */
        if (seq_before(left, receiver->snd_nxt + window) && seq_after(right, lowest - window))
            return false;
    }
    return true;
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
    seen->infers_fin = tcpt_infers_fin(receiver, segment->ack);
    if (!sender->acked || seq_after(segment->ack, sender->rcv_nxt))
        seen->traits |= TCPT_TRAIT_ACKS_NEW;
    if (segment->sack_count && odd_sack(sender, receiver, segment))
        seen->traits |= TCPT_TRAIT_SACK_ODD;
}

/* What the other side acknowledged first: the handshake's own, captured behind what was sent after it. A connection
 * that a RST has ended since it does not open again. */
static bool was_answered(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *receiver = &flow->ends[!from];

    return !flow->ends[from].rst_count && !receiver->rst_count && receiver->ack_step_count &&
           receiver->ack_steps[0].ack == segment->seq + 1;
}

/* SYN or SYN-ACK in a synchronised flow, other than its own handshake's and their repeats. */
static bool other_syn(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (!flow->synchronised)
        return false;
    if (sender->syn)
        return segment->seq != sender->iss;
    return sender->segment_count > 0 && !(sender->sent && segment->seq + 1 == sender->snd_nxt) &&
           !was_answered(flow, segment, from);
}

/* Without timestamps that tell: so soon, compared with what the tries before it had, that the way cannot be as long as
 * the client's patience. If it is, the retry's own answer comes, too (Linux answers each SYN). */
static bool comes_at_once(int64_t waited_ns, int64_t answered_ns)
{
    enum { AT_ONCE_MS = 500 };

    return answered_ns <= MIN(waited_ns / 4, AT_ONCE_MS * TCPT_MS_NS);
}

static tcpt_syn_delay syn_delay(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *client = &flow->ends[!from];
    int64_t waited_ns = client->syn_ns - flow->first_ns;
    int64_t answered_ns = segment->time_ns - client->syn_ns;
    bool stamped = segment->options & client->syn_options & TCPT_OPTION_TIMESTAMPS;

    if (client->syn_count < 2 || flow->ends[from].segment_count ||
        segment->ack - client->iss - 1 > client->syn_payload_bytes)
        return TCPT_SYN_DELAY_NONE;
    if (waited_ns < TCPT_SHORTEST_RTO_MS * TCPT_MS_NS || answered_ns < 0 || answered_ns >= waited_ns)
        return TCPT_SYN_DELAY_NONE;
    if (stamped && client->newest_tsval != client->syn_tsval && segment->tsecr == client->newest_tsval)
        return TCPT_SYN_DELAY_CERTAIN;
    if (!comes_at_once(waited_ns, answered_ns))
        return TCPT_SYN_DELAY_NONE;
    return stamped && client->newest_tsval != client->syn_tsval && segment->tsecr == client->syn_tsval
               ? TCPT_SYN_DELAY_ANSWER_LOST
               : TCPT_SYN_DELAY_LIKELY;
}

static void observe_syn(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    seen->syn_count = flow->ends[seen->from].syn_count + 1;
    seen->other_syn = other_syn(flow, segment, seen->from);
    if (seen->other_syn || flow->later)
        seen->traits |= TCPT_TRAIT_OTHER_SYN;
    if (!(segment->flags & TCPT_ACK))
        return;
    if (seen->from != flow->client)
        seen->syn_delay = syn_delay(flow, segment, seen->from);
    if (seen->syn_delay != TCPT_SYN_DELAY_NONE || (flow->ending && flow->ends[seen->from].rst_count))
        seen->traits |= TCPT_TRAIT_SYN_MORE;
    if (!tcpt_final_ack_ignored(flow, segment, seen->from))
        return;
    seen->timestamps_wanted = tcpt_lacks_timestamps(flow, flow->client);
    seen->final_ack_ignored = !seen->timestamps_wanted; /* else it is not valid for a server that insists on them */
    seen->traits |= TCPT_TRAIT_SYN_MORE;
}

/* Whether a FIN seen before is sent again for want of an ACK. A stack in FIN-WAIT-1 may also put the FIN on every ACK
 * of new data: those come sooner than any timer, with another ACK number, and do not count. */
static bool fin_sent_again(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (segment->time_ns - sender->fin_last_ns >= TCPT_SHORTEST_RTO_MS * TCPT_MS_NS)
        return true;
    return !(segment->flags & TCPT_ACK) || !seq_after(segment->ack, sender->fin_last_ack);
}

static void observe_fin(tcpt_observation *seen, const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (!sender->fin || segment->end_seq != sender->fin_end)
        return;
    seen->fin_again = fin_sent_again(sender, segment);
    seen->fin_repeats = sender->fin_repeats + seen->fin_again;
    if (seen->fin_again)
        seen->traits |= TCPT_TRAIT_FIN_AGAIN;
}

/* An ACK that later segments have overtaken, the FIN or a single byte, has the number of a probe. A keep-alive
 * comes a second behind its sender's last segment or later (Linux, TCP_KEEPIDLE and TCP_KEEPINTVL). */
static bool overtaken(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    int64_t behind_ns = segment->time_ns - sender->last_ns;

    if (behind_ns < 0 || behind_ns >= TCPT_FIRST_RTO_SECONDS * TCPT_SECOND_NS)
        return false;
    return (sender->acked && receiver->sent && seq_before(segment->ack, sender->rcv_nxt)) ||
           (sender->fin && segment->seq == sender->fin_end - 1 &&
            segment->time_ns - sender->fin_ns < TCPT_FIRST_RTO_SECONDS * TCPT_SECOND_NS);
}

static bool probe(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (segment->payload_bytes > 1 || (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST)) || !receiver->acked)
        return false;
    return sender->sent && segment->seq == receiver->rcv_nxt - 1 && !seq_after(segment->end_seq, sender->snd_nxt) &&
           !overtaken(sender, receiver, segment) && !tcpt_denies_fin(flow, segment, from);
}

/* The oldest byte that is not acknowledged: while others are sent again loss recovery may be under way. */
static bool carries_oldest(const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return !receiver->acked ||
           (!seq_after(segment->seq, receiver->rcv_nxt) && seq_after(segment->end_seq, receiver->rcv_nxt));
}

/* A tail loss probe (RFC 8985, section 7): the newest segment, once, before any timer sends the oldest one again. */
static bool tail_probe(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return sender->unanswered_ns && !sender->unanswered_repeats && segment->end_seq == sender->snd_nxt;
}

/* What is sent again within one RTT is one round, however many segments: no answer can have come. The first segment
 * since the other end was heard begins one if it is a repeat itself. */
static bool new_round(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    int64_t least_ns = MAX(tcpt_rtt_ns(flow), TCPT_TICK_MS * TCPT_MS_NS);

    if (!(seen->traits & TCPT_TRAIT_REPEAT) ||
        !(carries_oldest(&flow->ends[!seen->from], segment) || tail_probe(sender, segment)))
        return false;
    return !sender->unanswered_ns || segment->time_ns - sender->round_ns >= least_ns;
}

/* A RST's window says nothing. */
static bool shut(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!segment->window && (segment->flags & (TCPT_ACK | TCPT_RST)) == TCPT_ACK)
        return true;
    return tcpt_window_is_shut(sender) || tcpt_window_is_shut(receiver);
}

static bool close_due(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    for (unsigned end = 0; end < 2; end++)
        if (flow->ends[end].fin_acked && segment->time_ns - flow->ends[end].fin_acked_ns > TCPT_SECOND_NS)
            return true;
    return !(segment->flags & TCPT_RST) && (!segment->window || tcpt_window_is_shut(&flow->ends[from]));
}

/* Its sender was silent for long: without that nobody asks where the numbers have gone in the meantime. */
static bool after_stall(const tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_settings *settings)
{
    return segment->time_ns - sender->last_ns >= tcpt_seconds_ns(settings->stall_seconds);
}

/* Of a flow that is closing, or by a RST. */
static void observe_ending(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    bool rst = segment->flags & TCPT_RST;

    if (rst && (!sender->rst_count || !flow->handshake_done))
        seen->traits |= TCPT_TRAIT_RST_FIRST;
    if ((flow->ending || (seen->traits & TCPT_TRAIT_TTL_ODD)) && (rst || sender->rst_count))
        seen->traits |= TCPT_TRAIT_RST_SENDER;
    if (tcpt_has_short_frames(flow, segment))
        seen->traits |= TCPT_TRAIT_SHORT_FRAMES;
    if (!flow->ending)
        return;
    if ((rst || (sender->sent && seq_after(segment->seq, sender->snd_nxt))) && after_stall(sender, segment, settings))
        seen->traits |= TCPT_TRAIT_ENDING_ODD;
    if (close_due(flow, segment, seen->from))
        seen->traits |= TCPT_TRAIT_CLOSE_DUE;
}

/* Against what came before, of whatever life. */
static void observe_change(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];

    if (flow->last_record)
        seen->since_ns = tcpt_silence_ns(flow, segment->time_ns);
    seen->traits |= tcpt_pause_traits(flow, segment, seen->from, seen->since_ns, settings);
    if (shut(sender, receiver, segment))
        seen->traits |= TCPT_TRAIT_SHUT;
    if (sender->ttl_least && !tcpt_ttl_is_usual(sender, segment))
        seen->traits |= TCPT_TRAIT_TTL_ODD;
    if (flow->ending || (segment->flags & (TCPT_FIN | TCPT_RST)))
        observe_ending(seen, flow, segment, settings);
    if ((segment->flags & TCPT_SYN) && sender->syn)
        seen->traits |= TCPT_TRAIT_SYN_MORE;
}

static void observe_payload(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    seen->new_payload = segment->payload_bytes && !(seen->traits & TCPT_TRAIT_REPEAT) && !seen->probe;
    if (flow->ending && seen->new_payload)
        seen->traits |= TCPT_TRAIT_ENDING_PAYLOAD;
}

/* What nearly every segment is. */
static bool observe_shortly(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                            const tcpt_settings *settings)
{
    if (flow->short_way && (tcpt_observe_short_way(seen, flow, segment, from, settings) ||
                            tcpt_observe_short_repeat(seen, flow, segment, from, settings)))
        return true;
    return flow->tracker_blank && tcpt_observe_opening(seen, flow, segment, from, settings);
}

void tcpt_observe(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                  const tcpt_host *host, const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];

    if (observe_shortly(seen, flow, segment, from, settings))
        return;
    tcpt_clear_observation(seen);
    seen->from = (uint8_t)from;
    seen->traits = tcpt_plain_traits(flow, segment);
    if (seen->traits & TCPT_TRAIT_CHECKSUM)
        tcpt_observe_checksum(seen, flow, segment, host);
    observe_change(seen, flow, segment, settings);
    if (flow->later && tcpt_is_stale(flow, segment, from)) {
        seen->stale = true;
        seen->traits |= TCPT_TRAIT_STALE;
        tcpt_judge_receiver(seen, flow, segment, settings);
        return;
    }
    seen->payload_segments = sender->payload_segments + (segment->payload_bytes > 0);
    seen->traits |= tcpt_first_payload_traits(sender, segment, seen->payload_segments);
    seen->probe = probe(flow, segment, from);
    if (segment->flags & TCPT_SYN)
        observe_syn(seen, flow, segment);
    if (segment->flags & TCPT_FIN)
        observe_fin(seen, sender, segment);
    observe_ack(seen, flow, segment);
    if (!seen->probe && !seen->other_syn && repeats(sender, segment) && !fills_gap(sender, segment))
        tcpt_observe_repeat(seen, flow, segment);
    if (receiver->unanswered_probes)
        seen->traits |= TCPT_TRAIT_PROBED;
    if (receiver->unanswered_repeats || receiver->unanswered_fins)
        seen->traits |= TCPT_TRAIT_HEARD_AGAIN;
    seen->new_round = !seen->probe && new_round(flow, segment, seen);
    if (sender->unanswered_ns && (seen->probe || seen->new_round))
        seen->traits |= TCPT_TRAIT_UNANSWERED;
    observe_payload(seen, flow, segment);
    if (seen->new_payload && tcpt_is_freed(flow, segment, from))
        seen->traits |= TCPT_TRAIT_FREED;
    if (sender->sent && seq_after(segment->seq, sender->snd_nxt) &&
        ((segment->flags & TCPT_FIN) || after_stall(sender, segment, settings)))
        seen->traits |= TCPT_TRAIT_SEQUENCE_ODD;
    tcpt_observe_answers(seen, flow, segment);
    if (flow->toward) {
        tcpt_observe_rst_outcome(seen, flow, segment);
        tcpt_observe_rst_loop(seen, flow, segment);
    }
    if (flow->damaged)
        tcpt_observe_damages(seen, flow, segment);
    tcpt_judge_receiver(seen, flow, segment, settings);
}

void tcpt_observe_first_syn(tcpt_observation *seen, unsigned from)
{
    tcpt_clear_observation(seen); /* whether anybody listens there is not known: no verdict */
    seen->from = (uint8_t)from;
    seen->traits = TCPT_TRAIT_SYN | TCPT_TRAIT_HANDSHAKE;
    seen->syn_count = 1;
    seen->receiver.confidence = TCPT_LOW;
}
