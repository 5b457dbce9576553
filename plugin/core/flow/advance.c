/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advance: take a judged segment into the flow's state. The only writer of it. */
#include "core/flow/flow.h"

#include <glib.h>
#include <string.h>

#include "core/flow/advance_ack.h"
#include "core/flow/advance_syn.h"
#include "core/flow/checksums.h"
#include "core/flow/ranges.h"
#include "core/flow/state.h"
#include "core/flow/short_way.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* ---- what the sender sends ---- */

/* Late bytes fill the newest hole from its left, in the order they were sent. */
static void fill_hole(tcpt_flow *flow, tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (!sender->holes || segment->seq != sender->trouble->hole.left ||
        seq_after(segment->end_seq, sender->trouble->hole.right))
        return;
    flow->reordered = true;
    tcpt_trouble_of(sender)->hole.left = segment->end_seq;
    if (segment->end_seq != sender->trouble->hole.right)
        return;
    sender->holes--;
    sender->holed = sender->holes > 0;
}

static void advance_sequence(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];
    bool pure_repeat = seen->traits & TCPT_TRAIT_REPEAT;

    if (!sender->sent) {
        sender->sent = true;
        sender->snd_nxt = segment->end_seq;
        sender->snd_contig = segment->end_seq;
        return;
    }
    if (segment->end_seq != segment->seq) {
        if (seq_after(segment->end_seq, receiver->rcv_nxt) && !seq_after(segment->seq, receiver->rcv_nxt))
            receiver->stands = false; /* what it asks for is on the way again */
        fill_hole(flow, sender, segment);
        tcpt_ranges_add(sender, segment->seq, segment->end_seq);
    }
    if (sender->fin_acked && !sender->fin && segment->payload_bytes && seq_after(segment->end_seq, sender->fin_end)) {
        sender->fin_acked = false; /* what looked like an uncaptured FIN was a byte */
        sender->holed = true;
        tcpt_ranges_skip_to(sender, sender->fin_end);
    }
    if (seq_after(segment->end_seq, sender->snd_nxt)) {
        sender->snd_nxt = segment->end_seq;
        sender->far |= sender->syn && segment->end_seq - sender->iss >= TCPT_SEQ_REACH;
        if (!sender->timed_ns && !pure_repeat) {
            sender->timed_ns = segment->time_ns;
            sender->timed_end = segment->end_seq;
        }
    } else if (pure_repeat) {
        sender->timed_ns = 0; /* Karn: an acknowledgment of repeated bytes times nothing */
    }
}

static void advance_fin(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (sender->fin && segment->end_seq == sender->fin_end) {
        if (tcpt_fin_sent_again(sender, segment))
            sender->fin_repeats++;
        sender->fin_last_ns = segment->time_ns;
        sender->fin_last_ack = segment->ack;
        if (!sender->fin_acked)
            sender->fin_delivered = false;
        return;
    }
    if (sender->fin && !seq_after(segment->end_seq, sender->fin_end))
        return;
    if (sender->fin_acked && !sender->fin && sender->snd_nxt == segment->end_seq) {
        /* Captured behind its acknowledgment. */
        sender->fin_delivered = true;
    } else {
        sender->fin_acked = false;
        sender->fin_delivered = sender->snd_contig == segment->end_seq;
    }
    sender->fin = true;
    sender->fin_end = segment->end_seq;
    sender->fin_ns = sender->fin_last_ns = segment->time_ns;
    sender->fin_last_ack = segment->ack;
    sender->fin_record = record;
    sender->fin_second = receiver->fin && (segment->flags & TCPT_ACK) && !seq_before(segment->ack, receiver->fin_end);
}

/* ---- RST ---- */

static void advance_rst(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];
    bool exact = seen->rst.position == TCPT_RST_EXACT || seen->rst.position == TCPT_RST_EXACT_UNACKED ||
                 seen->rst.position == TCPT_RST_SYN_SENT_OK;

    sender->rst_count++;
    sender->rst_ns = segment->time_ns;
    sender->rst_record = record;
    /* It resets the old life's answer to this life's SYN, not this life. */
    if (sender->syn && sender->handshake == TCPT_SYN_SENT &&
        (seq_before(segment->seq, sender->iss) || seq_after(segment->seq, sender->snd_nxt)))
        return;
    if (seen->rst.position != TCPT_RST_SYN_SENT_BAD_ACK && seen->rst.position != TCPT_RST_SYN_SENT_NO_ACK)
        sender->reset = true;
    if (exact)
        sender->reset_peer = true;
    if (exact || seen->rst.verdict == TCPT_VERDICT_RESET || seen->rst.position == TCPT_RST_NONE ||
        seen->rst.position == TCPT_RST_AT_ACK)
        receiver->reset = true;
}

/* After a RST its sender and its taker are closed. A segment that comes so much later was not on the way already: its
 * sender lives on. */
static void revive(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];
    int64_t rst_ns = sender->rst_ns > receiver->rst_ns ? sender->rst_ns : receiver->rst_ns;

    if (!sender->reset || segment->time_ns - rst_ns < tcpt_rtt_ns(flow) + TCPT_REACT_MS * TCPT_MS_NS)
        return;
    sender->reset = false;
}

/* ---- all together ---- */

static void advance_open(tcpt_flow *flow, const tcpt_segment *segment)
{
    if (flow->client_known || !(segment->flags & TCPT_ACK))
        return;
    flow->ends[0].handshake = flow->ends[1].handshake = TCPT_ESTABLISHED; /* begun before the capture */
}

/* What was sent since the other end was last heard. */
static void advance_unanswered(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                               tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (receiver->unanswered_ns) {
        receiver->unanswered_ns = 0;
        receiver->unanswered_repeats = receiver->unanswered_probes = receiver->unanswered_fins = 0;
    }
    if (!(segment->payload_bytes || seen->probe || (segment->flags & TCPT_FIN)) ||
        (segment->flags & (TCPT_RST | TCPT_SYN)))
        return;
    if (!sender->unanswered_ns) {
        sender->unanswered_ns = segment->time_ns;
        sender->idle_before_ns = seen->since_ns;
        sender->unanswered_record = record;
        sender->unanswered_probes = seen->probe;
        sender->ending_before = flow->ending;
        sender->unanswered_fin = !segment->payload_bytes && !seen->probe;
        sender->round_ns = segment->time_ns;
        return;
    }
    /* A second probe within the limit of answers may rightly go unanswered. */
    if (seen->probe && segment->time_ns - sender->round_ns >= TCPT_ANSWER_LIMIT_MS * TCPT_MS_NS) {
        sender->unanswered_probes++;
        sender->round_ns = segment->time_ns;
    }
    if (seen->probe || !(seen->traits & TCPT_TRAIT_UNANSWERED))
        return;
    sender->unanswered_fins += !segment->payload_bytes;
    sender->unanswered_repeats += segment->payload_bytes > 0;
    sender->round_ns = segment->time_ns;
}

static void forget_provocation(tcpt_endpoint *end)
{
    if (end->trouble->provoked.record)
        tcpt_trouble_of(end)->provoked.record = NULL;
}

static void advance_provocation(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                                tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if ((seen->traits & TCPT_TRAIT_CHALLENGE) || (segment->flags & TCPT_SYN))
        forget_provocation(sender);
    if (seen->provokes)
        tcpt_trouble_of(receiver)->provoked = (tcpt_provocation){record, segment->time_ns};
    else if (seen->probe || (segment->payload_bytes && !(segment->flags & TCPT_RST)) || (segment->flags & TCPT_FIN))
        forget_provocation(receiver); /* whatever is acknowledged from now on may answer this instead */
}

static void advance_counts(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                           tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (segment->time_ns < flow->last_ns)
        flow->reordered = true;
    if (segment->time_ns > flow->last_ns)
        flow->last_ns = segment->time_ns;
    flow->last_record = record;
    sender->segment_count++;
    if (segment->time_ns > sender->last_ns)
        sender->last_ns = segment->time_ns;
    sender->last_record = record;
    flow->both_ways = flow->ends[0].segment_count && flow->ends[1].segment_count;
    flow->padded = flow->padded || segment->pad_bytes;
    sender->short_segments += tcpt_short_on_the_wire(segment);
    if (segment->options & TCPT_OPTION_TIMESTAMPS)
        sender->newest_tsval = segment->tsval;
    if (!segment->payload_bytes && sender->host)
        sender->host->bare = true;
    if (!segment->payload_bytes || seen->stale)
        return;
    sender->payload_segments++;
    sender->payload_repeats += !!(seen->traits & TCPT_TRAIT_REPEAT);
    if (!seen->new_payload)
        return;
    sender->payload_ns = segment->time_ns;
    sender->payload_record = record;
    if (!flow->handshake_done && seen->from != flow->client && sender->syn && flow->ends[flow->client].syn) {
        flow->early_data = true;
        if (!flow->early_record)
            flow->early_record = record;
    }
}

/* ---- what the receiver made of it ---- */

/* TS.Recent moves with segments that cover the last ACK sent (RFC 7323, section 4.3), so never beyond a gap. A request
 * keeps the timestamp of the first SYN. */
static void advance_tsval(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!sender->tsval_ns ||
        (!seq_before(segment->tsval, sender->tsval_highest) && !seq_after(segment->seq, sender->snd_contig))) {
        sender->tsval_highest = segment->tsval;
        sender->tsval_ns = segment->time_ns;
    }
    if ((segment->flags & TCPT_SYN) || !receiver->acked || seq_after(segment->seq, receiver->rcv_nxt) ||
        (sender->counts && seq_before(segment->tsval, sender->tsval_counted)))
        return;
    sender->tsval_counted = segment->tsval;
    sender->counts = true;
}

static void advance_timestamps(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (!(segment->options & TCPT_OPTION_TIMESTAMPS) || (segment->flags & TCPT_RST) ||
        seen->receiver.drop == TCPT_DROP_TCP_RFC7323_PAWS)
        return;
    advance_tsval(sender, &flow->ends[!seen->from], segment);
    if ((segment->flags & TCPT_ACK) && (!sender->echoes || seq_after(segment->tsecr, sender->ts_echoed))) {
        sender->ts_echoed = segment->tsecr;
        sender->echoes = true;
    }
}

static void advance_verdict(tcpt_endpoint *receiver, const tcpt_segment *segment, const tcpt_observation *seen,
                            tcpt_record *record)
{
    const tcpt_receiver_view *view = &seen->receiver;

    record->receiver_verdict = (uint8_t)view->verdict;
    record->receiver_drop = (uint8_t)view->drop;
    record->over_limit = view->over_limit;
    if (!view->limited || view->over_limit)
        return;
    receiver->limited_ns = segment->time_ns;
    receiver->limited_in = (uint8_t)receiver->state;
    receiver->limited_surely = view->verdict != TCPT_VERDICT_UNDETERMINED;
}

/* Bytes, or a FIN, that PAWS refuses. What lies before the newest bytes may just have been overtaken on the way; what
 * begins at the receiver's ACK was not, as TS.Recent does not move past a gap. */
static void advance_refusal(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                            tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (sender->trouble->refused.record && (seen->refused || seen->new_payload))
        tcpt_trouble_of(sender)->refused.record = NULL;
    if (seen->receiver.drop != TCPT_DROP_TCP_RFC7323_PAWS || segment->end_seq == segment->seq)
        return;
    if (!seen->stale && segment->seq != receiver->rcv_nxt &&
        !(sender->sent && !seq_before(segment->seq, sender->snd_nxt)))
        return;
    tcpt_trouble_of(receiver)->refused = (tcpt_refusal){record, segment->time_ns, seen->receiver.tsval_delta};
}

/* An ACK of bytes that the other end, asked again and again, says it never sent: no hole of the capture. */
static void close_false_hole(tcpt_endpoint *acked, uint32_t ack, uint32_t its_seq)
{
    if (!acked->holed || acked->trouble->hole.right != ack || acked->trouble->hole.left != its_seq)
        return;
    acked->snd_contig = its_seq;
    acked->holes--;
    acked->holed = acked->holes > 0;
}

static void advance_exchange(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                             tcpt_record *record)
{
    enum { SURE = 4 }; /* each end has repeated itself */
    tcpt_ack_exchange *acks = &flow->acks;
    unsigned from = seen->from;

    if (!seen->war_acks) {
        acks->count = 0; /* the rest means nothing then */
        return;
    }
    if (seen->war_acks == 1) {
        acks->first = record;
        acks->first_ns = segment->time_ns;
    } else if (seen->war_acks == 2 && acks->count != 1) {
        acks->first = flow->ends[!from].last_record;
        acks->first_ns = flow->ends[!from].last_ns;
    }
    acks->count = seen->war_acks;
    acks->from = (uint8_t)from;
    acks->seq[from] = segment->seq;
    acks->ack[from] = segment->ack;
    acks->window[from] = segment->window;
    if (acks->count != SURE)
        return;
    close_false_hole(&flow->ends[0], acks->ack[1], acks->seq[0]);
    close_false_hole(&flow->ends[1], acks->ack[0], acks->seq[1]);
}

static void advance_again(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                          tcpt_record *record)
{
    if (!flow->again)
        flow->again = g_new0(tcpt_again, 1);
    if (seen->again_count == 1) {
        flow->again->bytes = 0;
        flow->again->from = seen->from;
        flow->again->first = record;
        flow->again->first_ns = segment->time_ns;
        flow->again->ignored_ack = seen->acked_in;
    }
    flow->again->count = seen->again_count;
    flow->again->bytes += segment->payload_bytes;
    flow->again->last_ns = segment->time_ns;
}

static void advance_tracker(tcpt_flow *flow, const tcpt_observation *seen, tcpt_record *record)
{
    if (seen->tracker.scale_reset)
        flow->scale_reset = true;
    if (seen->tracker.divergent)
        flow->divergent[seen->from] = record;
}

/* What an old life's ACK, a SYN of the next one or a stray says has no place in this life's numbers. */
static bool foreign(const tcpt_segment *segment, const tcpt_observation *seen)
{
    return seen->stale || seen->old_numbers || seen->other_syn || (seen->odd_ack && !segment->payload_bytes);
}

static void advance(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    bool open = flow->synchronised && !flow->ending; /* ordinary data and ACKs change no state then */

    tcpt_advance_checksums(flow, segment, seen, record);
    advance_verdict(&flow->ends[!seen->from], segment, seen, record);
    if (seen->really_bad) {
        flow->short_way = tcpt_may_take_short_way(flow);
        return; /* hosts drop it */
    }
    advance_tracker(flow, seen, record);
    if (seen->traits & TCPT_TRAIT_ACKED_AGAIN)
        advance_again(flow, segment, seen, record);
    if (!seen->stale) {
        advance_provocation(flow, segment, seen, record);
        advance_unanswered(flow, segment, seen, record);
    }
    if (seen->receiver.tsval_delta || sender->trouble->refused.record)
        advance_refusal(flow, segment, seen, record);
    if (seen->other_syn)
        tcpt_note_next_syn(flow, segment, seen->from);
    if (segment->flags & TCPT_RST) {
        advance_rst(flow, segment, seen, record);
    } else if (!foreign(segment, seen)) {
        revive(flow, segment, seen->from);
        advance_open(flow, segment);
        if (segment->flags & TCPT_SYN)
            tcpt_advance_syn(flow, segment, seen);
        if (seen->new_payload)
            tcpt_read_payload(sender, segment, record);
        advance_sequence(flow, segment, seen);
        if (segment->flags & TCPT_FIN)
            advance_fin(flow, segment, seen, record);
        if ((segment->flags & TCPT_ACK) && !seen->odd_ack)
            tcpt_advance_ack(flow, segment, seen, record);
        if (flow->handshake_done || !flow->client_known)
            flow->synchronised = true;
        advance_timestamps(flow, segment, seen);
    }
    if (seen->war_acks || flow->acks.count)
        advance_exchange(flow, segment, seen, record);
    advance_counts(flow, segment, seen, record);
    flow->ending = flow->ending || (segment->flags & (TCPT_FIN | TCPT_RST)) || flow->ends[!seen->from].fin_acked;
    if (!open || flow->ending)
        tcpt_derive_states(flow);
    flow->short_way = tcpt_may_take_short_way(flow);
}

void tcpt_flow_advance(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    if (!seen->short_way) {
        advance(flow, segment, seen, record);
        return;
    }
    advance_tracker(flow, seen, record);
    tcpt_advance_short_way(flow, segment, seen, record);
}
