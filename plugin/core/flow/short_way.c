/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/short_way.h"

#include <stdlib.h>

#include "core/flow/commit_ack.h"
#include "core/flow/commit_answers.h"
#include "core/flow/commit_syn.h"
#include "core/flow/observe_repeat.h"
#include "core/flow/said_close.h"
#include "core/flow/stale.h"
#include "core/receiver/receiver.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"

/* No more than the largest window in flight; within that, comparisons of sequence numbers hold. What was acknowledged
 * is possible, so no ACK beyond it is impossible. */
static bool in_step(const tcpt_endpoint *end, const tcpt_endpoint *peer)
{
    if (peer->syn && seq_before(end->rcv_nxt, tcpt_lowest_seq(peer) + 1))
        return false;
    return peer->snd_nxt - end->rcv_nxt < UINT32_C(1) << 30;
}

static bool quiet(const tcpt_endpoint *end)
{
    if (end->state != TCPT_ESTABLISHED || end->handshake != TCPT_ESTABLISHED || end->reset || end->fin ||
        end->fin_acked)
        return false;
    if (!end->sent || !end->acked || !end->rcv_wnd || end->above_count || end->snd_contig != end->snd_nxt)
        return false;
    if (end->trouble->unwanted.left != end->trouble->unwanted.right || end->trouble->unsure_bytes)
        return false;
    return !end->trouble->provoked.record && !end->trouble->refused.record && !end->unanswered_repeats &&
           !end->unanswered_fins && !end->unanswered_probes;
}

bool tcpt_may_take_short_way(const tcpt_flow *flow)
{
    const tcpt_endpoint *ends = flow->ends;

    return flow->synchronised && flow->handshake_done && !flow->ending && !flow->damaged && flow->last_record &&
           quiet(&ends[0]) && quiet(&ends[1]) && in_step(&ends[0], &ends[1]) && in_step(&ends[1], &ends[0]);
}

/* The receiver takes it: in order, within the window, its ACK and timestamp not behind (receiver.c, ordinary()). */
static bool fits(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (segment->seq != sender->snd_nxt || segment->end_seq - receiver->rcv_nxt > receiver->rcv_wnd)
        return false;
    if (segment->ack - sender->rcv_nxt > receiver->snd_nxt - sender->rcv_nxt)
        return false;
    return !(segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns ||
           !seq_before(segment->tsval, sender->tsval_highest);
}

/* What the long way looks at besides, and finds. */
static bool odd(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (sender->holes && segment->seq == sender->trouble->hole.left)
        return true; /* fills it */
    if (!segment->payload_bytes && flow->acks.count && flow->acks.from != from)
        return true; /* an exchange of pure ACKs */
    return flow->later && tcpt_is_stale(flow, segment, from);
}

enum {
    /* What a host takes to send what waits for an ACK, once it has that. */
    FREED_MS = 1,
    /* The smallest segment that all hosts take (RFC 9293, section 3.7.1), where no SYN says more. */
    MSS_LEAST = 536,
};

/* The newest ACK has covered no more than one segment. */
static bool acked_one(const tcpt_endpoint *receiver, uint32_t mss)
{
    const tcpt_ack_step *steps = receiver->ack_steps;
    uint16_t count = receiver->ack_step_count;

    return count >= 2 && steps[count - 1].ack - steps[count - 2].ack <= mss;
}

bool tcpt_freed_by(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from, int64_t held_ns)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    int64_t delayed_ns = held_ns - receiver->rtt_ns;
    uint32_t mss = receiver->mss ? receiver->mss : MSS_LEAST;

    if (!sender->payload_ns || segment->seq != sender->snd_nxt || receiver->rcv_nxt != sender->snd_nxt)
        return false;
    if (delayed_ns < TCPT_DELAYED_ACK_MS * TCPT_MS_NS || delayed_ns > TCPT_DELAYED_ACK_MOST_MS * TCPT_MS_NS ||
        tcpt_rtt_ns(flow) > delayed_ns)
        return false;
    if (segment->payload_bytes + segment->header_bytes - TCPT_TCP_HEADER_BYTES >= mss && !acked_one(receiver, mss))
        return false; /* Nagle holds back nothing that fills a segment; a sender that has no room for two does */
    if (llabs(segment->time_ns - flow->last_ns - sender->rtt_ns) > FREED_MS * TCPT_MS_NS)
        return false;
    return receiver->ack_step_count && receiver->ack_steps[receiver->ack_step_count - 1].time_ns == flow->last_ns;
}

/* A pure ACK or data that needs no more than a look at its numbers, in the order of capture. */
static bool plain(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK)) == TCPT_ACK && segment->window &&
           !segment->sack_count && !segment->fragment && !segment->options_cut &&
           segment->checksum_is <= TCPT_CHECKSUM_GOOD && segment->time_ns >= flow->last_ns;
}

bool tcpt_observe_short_way(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                            const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (!plain(flow, segment))
        return false;
    if (!fits(sender, &flow->ends[!from], segment) || !tcpt_ttl_is_usual(sender, segment) || odd(flow, segment, from))
        return false;

    tcpt_clear_observation(seen);
    seen->short_way = true;
    seen->from = (uint8_t)from;
    seen->traits = tcpt_padding_traits(flow, segment); /* of tcpt_plain_traits() there are no others on an open flow */
    seen->since_ns = tcpt_silence_ns(flow, segment->time_ns);
    seen->traits |= tcpt_pause_traits(flow, segment, from, seen->since_ns, settings);
    if (segment->ack != sender->rcv_nxt)
        seen->traits |= TCPT_TRAIT_ACKS_NEW;
    seen->new_payload = segment->payload_bytes > 0;
    if (seen->new_payload && tcpt_is_freed(flow, segment, from))
        seen->traits |= TCPT_TRAIT_FREED;
    seen->payload_segments = sender->payload_segments + seen->new_payload;
    seen->traits |= tcpt_first_payload_traits(sender, segment, seen->payload_segments);
    seen->pure_ack = !seen->new_payload;
    seen->war_acks = seen->pure_ack;
    seen->receiver.verdict = TCPT_VERDICT_ACCEPTED;
    seen->receiver.confidence = TCPT_HIGH;
    return true;
}

/* Nothing but a SYN and its SYN-ACK has come, in order, and what they leave is as it should be. The lines of the ends
 * that only a handshake asks for are not looked at. */
static bool answered(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (!server->syn || !server->acked || client->acked || client->fast_open || !server->rcv_wnd)
        return false;
    if (server->rcv_nxt != client->snd_nxt || server->snd_contig != server->snd_nxt ||
        client->snd_contig != client->snd_nxt)
        return false;
    return client->handshake == TCPT_ESTABLISHED && server->handshake == TCPT_SYN_RECEIVED && flow->both_ways &&
           !flow->handshake_done && !flow->later && !flow->ending && !flow->damaged && !flow->padded &&
           !flow->reordered && !flow->acks.count;
}

/* Nor is its timestamp, if it has one (edges.c, syn_received_by_stamp()). */
static bool is_not_behind(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!(segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns)
        return true;
    return !seq_before(segment->tsval, sender->tsval_highest) &&
           (!receiver->echoes || !seq_before(segment->tsval, receiver->ts_echoed));
}

bool TCPT_NOINLINE tcpt_observe_opening(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                                        unsigned from, const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (from != flow->client || !plain(flow, segment) || segment->end_seq != segment->seq || segment->odd_flags ||
        segment->pad_bytes || !answered(flow))
        return false;
    if (segment->seq != sender->snd_nxt || segment->ack != receiver->snd_nxt ||
        !is_not_behind(sender, receiver, segment) || !tcpt_ttl_is_usual(sender, segment))
        return false;

    tcpt_clear_observation(seen);
    seen->opens = true;
    seen->from = (uint8_t)from;
    seen->since_ns = tcpt_silence_ns(flow, segment->time_ns);
    seen->traits =
        TCPT_TRAIT_HANDSHAKE | TCPT_TRAIT_ACKS_NEW | tcpt_pause_traits(flow, segment, from, seen->since_ns, settings);
    seen->pure_ack = true;
    seen->war_acks = 1;
    seen->receiver.verdict = TCPT_VERDICT_ACCEPTED;
    seen->receiver.confidence = TCPT_HIGH;
    return true;
}

/* All of it is acknowledged, and it begins no round (observe.c, new_round()). */
static bool is_old(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    enum { PROBE_BYTES = 1 };

    return segment->payload_bytes > PROBE_BYTES && receiver->rcv_nxt - segment->end_seq < TCPT_SEQ_REACH / 2 &&
           segment->payload_bytes < TCPT_SEQ_REACH / 2 && segment->ack == sender->rcv_nxt && !sender->unanswered_ns;
}

/* As new as anything before it: nothing that was held up on the way, nor too old for its receiver (paws.c). */
static bool is_in_time(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!(segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns)
        return true;
    return !seq_before(segment->tsval, sender->tsval_highest) && !seq_before(segment->tsval, receiver->ts_echoed) &&
           !seq_before(segment->tsval, sender->tsval_counted);
}

bool tcpt_observe_short_repeat(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                               unsigned from, const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (settings->receiver_stack != TCPT_STACK_LINUX || flow->later || flow->toward || sender->holed || sender->holes ||
        receiver->holed || !plain(flow, segment) || segment->odd_flags)
        return false;
    if (!is_old(sender, receiver, segment) || !is_in_time(sender, receiver, segment) ||
        !tcpt_ttl_is_usual(sender, segment))
        return false;

    tcpt_clear_observation(seen);
    seen->short_repeat = true;
    seen->from = (uint8_t)from;
    seen->since_ns = tcpt_silence_ns(flow, segment->time_ns);
    seen->payload_segments = sender->payload_segments + 1;
    seen->traits = tcpt_padding_traits(flow, segment) |
                   tcpt_pause_traits(flow, segment, from, seen->since_ns, settings) |
                   tcpt_first_payload_traits(sender, segment, seen->payload_segments);
    tcpt_observe_repeat(seen, flow, segment);
    tcpt_judge_old_data(&seen->receiver, flow, segment, from);
    return true;
}

/* The first that its sender sends since the other end was heard. */
static void begin_waiting(tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_observation *seen,
                          tcpt_record *record)
{
    sender->unanswered_ns = segment->time_ns;
    sender->idle_before_ns = seen->since_ns;
    sender->unanswered_record = record;
    sender->ending_before = false;
    sender->unanswered_fin = false;
    sender->round_ns = segment->time_ns;
}

static void take_payload(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment,
                         const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_read_payload(sender, receiver, segment, record);
    if (!sender->unanswered_ns)
        begin_waiting(sender, segment, seen, record);
    sender->snd_nxt = sender->snd_contig = segment->end_seq;
    if (sender->syn && segment->end_seq - sender->iss >= TCPT_SEQ_REACH)
        sender->far = true;
    if (!sender->timed_ns) {
        sender->timed_ns = segment->time_ns;
        sender->timed_end = segment->end_seq;
    }
    sender->payload_segments = seen->payload_segments;
    sender->payload_ns = segment->time_ns;
    sender->payload_record = record;
}

static void take_ack(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    sender->rcv_nxt = segment->ack;
    sender->stands = false;
    tcpt_note_ack_step(room, sender, segment->ack, segment->time_ns, flow->seen_newest.record);
    if (!receiver->timed_ns || seq_before(segment->ack, receiver->timed_end))
        return;
    tcpt_note_rtt(sender, segment->time_ns - receiver->timed_ns);
    receiver->timed_ns = 0;
    tcpt_guess_side(flow);
}

/* @param counts it may move TS.Recent (commit.c, commit_tsval()) */
static void take_timestamps(tcpt_endpoint *sender, const tcpt_segment *segment, bool counts)
{
    sender->newest_tsval = sender->tsval_highest = segment->tsval;
    sender->tsval_ns = segment->time_ns;
    if (counts && (!sender->counts || !seq_before(segment->tsval, sender->tsval_counted))) {
        sender->tsval_counted = segment->tsval;
        sender->counts = true;
    }
    if (sender->echoes && !seq_after(segment->tsecr, sender->ts_echoed))
        return;
    sender->ts_echoed = segment->tsecr;
    sender->echoes = true;
}

/* The first of what may become an exchange of pure ACKs. */
static void begin_exchange(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    flow->acks = (tcpt_ack_exchange){.count = 1, .from = (uint8_t)from, .as_sent = true, .ip_id = segment->ip_id};
}

static void count(tcpt_flow *flow, const tcpt_segment *segment, unsigned from, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[from];

    sender->checksums_good += segment->checksum_is == TCPT_CHECKSUM_GOOD;
    if (sender->host) {
        sender->host->good += segment->checksum_is == TCPT_CHECKSUM_GOOD;
        sender->host->bare |= !segment->payload_bytes;
    }
    flow->last_ns = segment->time_ns;
    flow->last_record = record;
    sender->segment_count++;
    if (segment->time_ns > sender->last_ns)
        sender->last_ns = segment->time_ns;
    sender->last_record = record;
    if (!flow->both_ways)
        flow->both_ways = flow->ends[!from].segment_count > 0;
    flow->padded = flow->padded || segment->pad_bytes;
    if (tcpt_short_on_the_wire(segment))
        sender->short_segments++;
}

/* Within both of those who call it: of nearly all segments nothing else is done. */
TCPT_INLINE void take(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                      const tcpt_observation *seen, tcpt_record *record)
{
    unsigned from = seen->from;
    tcpt_endpoint *sender = &flow->ends[from];

    flow->ends[!from].unanswered_ns = 0;
    if (seen->new_payload) {
        if (segment->seq == flow->ends[!from].rcv_nxt)
            flow->ends[!from].stands = false;
        take_payload(sender, &flow->ends[!seen->from], segment, seen, record);
        flow->acks = (tcpt_ack_exchange){0};
    } else {
        begin_exchange(flow, segment, from);
    }
    tcpt_note_window_seq(sender, segment);
    tcpt_take_window(sender, segment);
    sender->sack_held = false;
    if (seen->traits & TCPT_TRAIT_ACKS_NEW)
        take_ack(room, flow, segment, from);
    else
        tcpt_note_standing(sender, &flow->ends[!from], segment);
    if (segment->options & TCPT_OPTION_TIMESTAMPS)
        take_timestamps(sender, segment, segment->seq == flow->ends[!from].rcv_nxt);
    count(flow, segment, from, record);
}

void tcpt_commit_short_way(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_observation *seen, tcpt_record *record)
{
    take(room, flow, segment, seen, record);
}

void TCPT_NOINLINE tcpt_commit_opening(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                                       const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *client = &flow->ends[seen->from], *server = &flow->ends[!seen->from];

    flow->handshake_done = true;
    flow->first_ack_record = record;
    flow->first_ack_ns = segment->time_ns;
    tcpt_note_rtt(client, segment->time_ns - flow->last_ns); /* the SYN-ACK's */
    take(room, flow, segment, seen, record);
    client->acked = true;
    client->state = client->handshake = server->state = server->handshake = TCPT_ESTABLISHED;
    flow->port_use = TCPT_PORT_OPEN;
    flow->synchronised = flow->short_way = true;
}

void tcpt_commit_short_repeat(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                              tcpt_record *record)
{
    unsigned from = seen->from;
    tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (flow->acks.as_sent)
        tcpt_keep_pure_ack(flow);
    flow->acks.count = 0;
    if (seen->traits & TCPT_TRAIT_ACKED_AGAIN)
        tcpt_commit_again(flow, segment, seen, record);
    receiver->unanswered_ns = 0;
    begin_waiting(sender, segment, seen, record);
    sender->timed_ns = 0; /* Karn */
    sender->payload_segments = seen->payload_segments;
    sender->payload_repeats++;
    tcpt_note_window_seq(sender, segment);
    tcpt_take_window(sender, segment);
    sender->sack_held = false;
    tcpt_note_standing(sender, receiver, segment);
    if (segment->options & TCPT_OPTION_TIMESTAMPS)
        take_timestamps(sender, segment, true);
    count(flow, segment, from, record);
}
