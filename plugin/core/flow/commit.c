/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Take a judged segment into its flow: the only writer, with the files that it calls. */
#include "core/flow/commit.h"

#include "core/flow/commit_ack.h"
#include "core/flow/commit_answers.h"
#include "core/flow/commit_checksums.h"
#include "core/flow/commit_rst.h"
#include "core/flow/commit_sent.h"
#include "core/flow/commit_syn.h"
#include "core/flow/rst_loop.h"
#include "core/flow/rst_outcome.h"
#include "core/flow/port.h"
#include "core/flow/said_close.h"
#include "core/flow/short_way.h"
#include "core/flow/state.h"
#include "core/flow/trouble.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"

static void commit_handshake_before_capture(tcpt_flow *flow, const tcpt_segment *segment)
{
    if (flow->client_known || !(segment->flags & TCPT_ACK))
        return;
    flow->ends[0].handshake = flow->ends[1].handshake = TCPT_ESTABLISHED; /* begun before the capture */
}

/* RSTs often come from another path of code, or from another host: they are compared, and do not count. */
static void commit_ttl(tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if (!segment->ttl || (segment->flags & TCPT_RST))
        return;
    if ((segment->flags & TCPT_SYN) && !sender->syn_ttl)
        sender->syn_ttl = segment->ttl;
    if (!sender->ttl_least || segment->ttl < sender->ttl_least)
        sender->ttl_least = segment->ttl;
    if (segment->ttl > sender->ttl_most)
        sender->ttl_most = segment->ttl;
}

static void commit_counts(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                          tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (segment->time_ns < flow->last_ns)
        flow->reordered = true;
    if (segment->time_ns > flow->last_ns)
        flow->last_ns = segment->time_ns;
    flow->last_record = record;
    commit_ttl(sender, segment);
    sender->segment_count++;
    if (segment->time_ns > sender->last_ns)
        sender->last_ns = segment->time_ns;
    sender->last_record = record;
    flow->both_ways = flow->ends[0].segment_count && flow->ends[1].segment_count;
    flow->padded = flow->padded || segment->pad_bytes;
    if (segment->pad_bytes && (segment->flags & TCPT_SYN) && !seen->really_bad)
        sender->syn_padded = true;
    if (tcpt_short_on_the_wire(segment))
        sender->short_segments++;
    if (segment->options & TCPT_OPTION_TIMESTAMPS)
        sender->newest_tsval = segment->tsval;
    if (!segment->payload_bytes && sender->host)
        sender->host->bare = true;
    if (!segment->payload_bytes || seen->stale)
        return;
    sender->payload_segments = seen->payload_segments;
    if (seen->traits & TCPT_TRAIT_REPEAT)
        sender->payload_repeats++;
    if (!seen->new_payload)
        return;
    sender->payload_ns = segment->time_ns;
    sender->payload_record = record;
    if (!flow->handshake_done && seen->from != flow->client && sender->syn && flow->ends[flow->client].syn) {
        flow->early_data = true;
        if (!flow->rare->early_record)
            tcpt_rarities_of(flow)->early_record = record;
    }
}

/* TS.Recent moves with segments that cover the last ACK sent (RFC 7323, section 4.3), so never beyond a gap. A request
 * keeps the timestamp of the first SYN. */
static void commit_tsval(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
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

static void commit_timestamps(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (!(segment->options & TCPT_OPTION_TIMESTAMPS) || (segment->flags & TCPT_RST) ||
        seen->receiver.drop == TCPT_DROP_TCP_RFC7323_PAWS)
        return;
    commit_tsval(sender, &flow->ends[!seen->from], segment);
    if ((segment->flags & TCPT_ACK) && (!sender->echoes || seq_after(segment->tsecr, sender->ts_echoed))) {
        sender->ts_echoed = segment->tsecr;
        sender->echoes = true;
    }
}

/* The answer that its receiver gives counts against a limit of its stack. */
static void commit_limit(tcpt_endpoint *receiver, const tcpt_segment *segment, const tcpt_receiver_view *view)
{
    tcpt_trouble *trouble;

    if (!view->limited || view->over_limit)
        return;
    trouble = tcpt_trouble_of(receiver);
    trouble->limited_ns = segment->time_ns;
    trouble->limited_in = (uint8_t)receiver->state;
    trouble->limited_surely = view->verdict != TCPT_VERDICT_UNDETERMINED;
}

static void commit_tracker(tcpt_flow *flow, const tcpt_observation *seen, tcpt_record *record)
{
    if (seen->tracker.scale_reset)
        flow->scale_reset = true;
    if (seen->tracker.divergent)
        tcpt_rarities_of(flow)->divergent[seen->from] = record;
}

/* What an old life's ACK, a SYN of the next one or a stray says has no place in this life's numbers. */
static bool foreign(const tcpt_segment *segment, const tcpt_observation *seen)
{
    if (!(segment->flags & (TCPT_SYN | TCPT_ACK)))
        return true; /* hosts drop it (RFC 9293, section 3.10.7) */
    return seen->stale || seen->old_numbers || seen->other_syn || (seen->odd_ack && !segment->payload_bytes);
}

/* A segment of this life that its receiver takes up, whatever it makes of it. */
static void commit_taken(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_observation *seen, tcpt_record *record)
{
    if (flow->toward)
        tcpt_commit_rst_outcome(flow, segment, seen);
    tcpt_commit_revival(flow, segment, seen);
    commit_handshake_before_capture(flow, segment);
    if (segment->flags & TCPT_SYN)
        tcpt_commit_syn(flow, segment, seen);
    if (seen->new_payload)
        tcpt_read_payload(&flow->ends[seen->from], &flow->ends[!seen->from], segment, record);
    tcpt_commit_sequence(flow, segment, seen);
    if (segment->flags & TCPT_FIN)
        tcpt_commit_fin(flow, segment, seen, record);
    tcpt_commit_unwanted(flow, segment, seen);
    if ((segment->flags & TCPT_ACK) && !seen->odd_ack)
        tcpt_commit_ack(room, flow, segment, seen, record);
    if (flow->handshake_done || !flow->client_known)
        flow->synchronised = true;
    commit_timestamps(flow, segment, seen);
}

static void commit_long_way(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                            const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    bool open = flow->synchronised && !flow->ending; /* ordinary data and ACKs change no state then */

    if (flow->acks.as_sent)
        tcpt_keep_pure_ack(flow);
    tcpt_commit_checksums(flow, segment, seen, record);
    commit_limit(&flow->ends[!seen->from], segment, &seen->receiver);
    if (seen->really_bad) {
        flow->short_way = tcpt_may_take_short_way(flow);
        return; /* hosts drop it */
    }
    commit_tracker(flow, seen, record);
    if (seen->traits & TCPT_TRAIT_ACKED_AGAIN)
        tcpt_commit_again(flow, segment, seen, record);
    if (!seen->stale) {
        tcpt_commit_provocation(flow, segment, seen, record);
        tcpt_commit_unanswered(flow, segment, seen, record);
    }
    if (seen->receiver.tsval_delta || sender->trouble->refused.record)
        tcpt_commit_refusal(flow, segment, seen, record);
    if (seen->other_syn)
        tcpt_note_next_syn(flow, segment, seen->from);
    if (seen->old_numbers || flow->rare->refusal.seen)
        tcpt_commit_old_refusal(flow, segment, seen);
    if (flow->toward)
        tcpt_commit_rst_loop(flow, segment, seen);
    if (segment->flags & TCPT_RST) {
        tcpt_commit_rst(flow, segment, seen, record);
    } else if (!foreign(segment, seen)) {
        commit_taken(room, flow, segment, seen, record);
    }
    if (seen->war_acks || flow->acks.count)
        tcpt_commit_exchange(flow, segment, seen);
    commit_counts(flow, segment, seen, record);
    flow->ending = flow->ending || (segment->flags & (TCPT_FIN | TCPT_RST)) || flow->ends[!seen->from].fin_acked;
    if (!open || flow->ending)
        tcpt_derive_states(flow);
    flow->short_way = tcpt_may_take_short_way(flow);
}

/* While the handshake is not finished it is paid from a budget that all flows share. */
static void commit_padding_told(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from];

    flow->padding_spent += sender->padding_told == TCPT_PADDING_UNTOLD && !flow->handshake_done;
    sender->padding_told = segment->flags & TCPT_FIN ? TCPT_PADDING_FIN : TCPT_PADDING_FIRST;
}

/* What all segments leave. */
static inline void commit_any(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                              tcpt_host *host)
{
    flow->ends[seen->from].host = host;
    flow->piece = flow->at->piece;
    if (flow->tracker_lags != seen->tracker.lags)
        flow->tracker_lags = seen->tracker.lags;
    if (flow->tracker_blank != seen->tracker.blank)
        flow->tracker_blank = seen->tracker.blank;
    if (seen->padding_tells)
        commit_padding_told(flow, segment, seen->from);
}

void tcpt_flow_commit(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                      const tcpt_observation *seen, tcpt_host *host, tcpt_record *record)
{
    commit_any(flow, segment, seen, host);
    commit_long_way(room, flow, segment, seen, record);
    if (flow->handshake_done)
        flow->padding_spent = 0;
    tcpt_commit_port(flow, segment, seen);
}

void tcpt_flow_commit_lone_syn(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                               tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    commit_any(flow, segment, seen, NULL);
    sender->checksums_good = segment->checksum_is == TCPT_CHECKSUM_GOOD;
    tcpt_commit_syn(flow, segment, seen);
    sender->snd_contig = sender->snd_nxt = sender->timed_end = segment->end_seq;
    sender->timed_ns = segment->time_ns;
    commit_timestamps(flow, segment, seen);
    commit_counts(flow, segment, seen, record);
    tcpt_derive_states(flow);
}

void tcpt_flow_commit_short_way(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                                const tcpt_observation *seen, tcpt_host *host, tcpt_record *record)
{
    commit_any(flow, segment, seen, host);
    commit_tracker(flow, seen, record);
    if (seen->short_repeat)
        tcpt_commit_short_repeat(flow, segment, seen, record);
    else
        tcpt_commit_short_way(room, flow, segment, seen, record);
}

void tcpt_flow_commit_opening(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                              const tcpt_observation *seen, tcpt_host *host, tcpt_record *record)
{
    commit_any(flow, segment, seen, host);
    commit_tracker(flow, seen, record);
    tcpt_commit_opening(room, flow, segment, seen, record);
}
