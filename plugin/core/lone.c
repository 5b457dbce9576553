/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/lone.h"

#include <glib.h>

#include "core/records.h"
#include "tcptriage/points.h"

/* What a SYN of which nothing else is known is judged to be, as far as its flow takes that in. */
static bool ordinary(const tcpt_observation *seen)
{
    return !seen->other_syn && !seen->stale && !seen->really_bad && !seen->odd_ack && !seen->old_numbers &&
           !seen->provokes && !seen->new_round && !seen->refused && !seen->challenged && !seen->outlived &&
           !seen->receiver.limited && !seen->receiver.tsval_delta && !seen->war_acks && !seen->new_payload &&
           !seen->padding_tells &&
           !(seen->traits & (TCPT_TRAIT_REPEAT | TCPT_TRAIT_CHALLENGE | TCPT_TRAIT_ACKED_AGAIN));
}

static bool plain_syn(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST | TCPT_FIN)) == TCPT_SYN && !segment->odd_flags &&
           segment->end_seq == segment->seq + 1 && segment->checksum_is <= TCPT_CHECKSUM_GOOD && !segment->pad_bytes &&
           !segment->fragment && !segment->options_cut && !segment->sack_count && segment->wscale < 16 &&
           segment->header_bytes < 64 && !segment->ack && !segment->ack_without_flag;
}

bool tcpt_is_lone_syn(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return !flow->last_record && !flow->later && plain_syn(segment);
}

bool tcpt_may_rest(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    return tcpt_is_lone_syn(flow, segment) && !flow->memory && !flow->found && ordinary(seen);
}

void tcpt_rest(tcpt_flows *flows, tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
               tcpt_host *host, tcpt_record *record, uint32_t number, bool tracked)
{
    tcpt_lone *lone = tcpt_flows_rest(flows, flow);

    lone->host = host;
    lone->time_ns = segment->time_ns;
    lone->record_number = number;
    lone->seq = segment->seq;
    lone->tsval = segment->tsval;
    lone->piece = lone->at->piece;
    lone->window = segment->window;
    lone->mss = segment->mss;
    lone->ip_id = segment->ip_id;
    lone->checksum = segment->checksum;
    lone->flags = segment->flags;
    lone->ttl = segment->ttl;
    lone->options = segment->options;
    lone->fast_open_bytes = segment->fast_open_bytes;
    lone->wscale = segment->wscale & 15;
    lone->header_words = segment->header_bytes / 4 & 15;
    lone->from = seen->from & 1;
    lone->crowd = seen->crowd & 3;
    lone->has_ip_id = segment->has_ip_id;
    lone->checksum_good = segment->checksum_is == TCPT_CHECKSUM_GOOD;
    lone->tracked = tracked;
    record->owner = tcpt_lone_owner(lone);
    record->client_state = TCPT_SYN_SENT;
    record->server_state = TCPT_SYN_RECEIVED;
    if (!host)
        return;
    host->good += lone->checksum_good;
    host->bare = true;
}

static tcpt_segment segment_of(const tcpt_lone *lone, uint32_t frame)
{
    return (tcpt_segment){
        .time_ns = lone->time_ns,
        .frame = frame,
        .point = lone->key.point,
        .depth = lone->key.depth,
        .family = lone->key.family,
        .ttl = lone->ttl,
        .has_ip_id = lone->has_ip_id,
        .ip_id = lone->ip_id,
        .src = lone->key.address[lone->from],
        .dst = lone->key.address[!lone->from],
        .src_port = lone->key.port[lone->from],
        .dst_port = lone->key.port[!lone->from],
        .seq = lone->seq,
        .end_seq = lone->seq + 1,
        .flags = lone->flags,
        .header_bytes = (uint8_t)(lone->header_words * 4),
        .window = lone->window,
        .checksum = lone->checksum,
        .options = lone->options,
        .wscale = lone->wscale,
        .fast_open_bytes = lone->fast_open_bytes,
        .mss = lone->mss,
        .tsval = lone->tsval,
        .checksum_is = lone->checksum_good ? TCPT_CHECKSUM_GOOD : TCPT_CHECKSUM_UNKNOWN,
    };
}

/* The flow as it would be had the segment been taken into it when it came. */
static void take_again(tcpt_flow *flow, const tcpt_lone *lone, const tcpt_segment *segment)
{
    tcpt_observation seen = {
        .from = lone->from, .syn_count = 1, .crowd = (tcpt_crowd)lone->crowd, .tracker.blank = lone->tracked};
    tcpt_packet_id packet;

    tcpt_is_copy(&packet, flow, segment, lone->from); /* of none: it tells what the packet is known by */
    tcpt_flow_remember(flow, segment, lone->from, &packet, lone->record_number);
    tcpt_flow_commit_lone_syn(flow, segment, &seen, flow->record);
    flow->ends[lone->from].host = lone->host; /* which has counted the segment already */
    flow->piece = lone->piece;
}

tcpt_flow *tcpt_wake_lone(tcpt_lone *at)
{
    tcpt_lone lone = *at;
    tcpt_record *record = tcpt_records_at(tcpt_flows_records(at->at->flows), lone.record_number);
    tcpt_segment segment = segment_of(&lone, record->frame);
    tcpt_flow *flow = tcpt_flows_wake(at, &segment);

    record->owner = flow;
    flow->record = record;
    take_again(flow, &lone, &segment);
    return flow;
}

tcpt_lone_syn tcpt_lone_at_end(const tcpt_lone *lone)
{
    return (tcpt_lone_syn){
        .waited_ns = lone->at->pieces[lone->piece].newest_ns - lone->time_ns,
        .options = lone->options,
        .crowd = (tcpt_crowd)lone->crowd,
    };
}
