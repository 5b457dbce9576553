/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tcpt_ct_take_short_way() would leave, segment by segment, told from the flow at once. The conditions of
 * tcpt_ct_may_lag() hold as long as all segments go the short way: each of them moves both sides alike. They hold
 * behind an ordinary handshake, too. */
#include "core/tracker/lag.h"

#include <glib.h>

#include "core/tracker/judge.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* What all of an ordinary handshake have in common. While there is no entry nothing else has come. */
static bool plain(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    enum { SCALE_MOST = 14 }; /* RFC 7323, section 2.3 */

    return !segment->payload_bytes && segment->window && !segment->odd_flags && !segment->sack_count &&
           !segment->fragment && !segment->options_cut && segment->checksum_is <= TCPT_CHECKSUM_GOOD &&
           seen->receiver.verdict == TCPT_VERDICT_ACCEPTED && segment->time_ns >= flow->last_ns &&
           segment->wscale <= SCALE_MOST && flow->ends[flow->client].wscale <= SCALE_MOST;
}

bool tcpt_ct_answers_blank(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return (segment->flags & ~(TCPT_ECE | TCPT_CWR)) == (TCPT_SYN | TCPT_ACK) && seen->from != flow->client &&
           !server->syn && segment->ack == client->iss + 1 && plain(flow, segment, seen) &&
           segment->time_ns - client->syn_ns < tcpt_seconds_ns(TCPT_CT_SYN_SENT_SECONDS);
}

bool tcpt_ct_opens_blank(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return (segment->flags & ~(TCPT_ECE | TCPT_CWR)) == TCPT_ACK && seen->from == flow->client && server->syn &&
           segment->seq == client->iss + 1 && segment->ack == server->iss + 1 && plain(flow, segment, seen) &&
           segment->time_ns - flow->last_ns < tcpt_seconds_ns(TCPT_CT_SYN_RECV_SECONDS);
}

static tcpt_segment syn_of(const tcpt_endpoint *end, uint8_t flags, uint32_t ack)
{
    return (tcpt_segment){
        .time_ns = end->syn_ns,
        .seq = end->iss,
        .end_seq = end->iss + 1,
        .ack = ack,
        .flags = flags,
        .header_bytes = TCPT_TCP_HEADER_BYTES + 4, /* of a SYN all options being 0 is the same as none */
        .window = end->syn_window,
        .options = end->syn_options,
        .wscale = end->wscale, /* 0 where the other end has no scale: so it is in the entry then */
    };
}

static void take(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    tcpt_ct_packet packet = tcpt_ct_packet_of(segment, from, false);

    tcpt_ct_judge(entry, &packet, TCPT_CT_CURRENT); /* of these both rule sets make the same */
}

void tcpt_ct_make(tcpt_ct_entry *entry, const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    tcpt_segment syn = syn_of(client, TCPT_SYN, 0);
    tcpt_segment syn_ack = syn_of(server, TCPT_SYN | TCPT_ACK, client->iss + 1);
    /* The client tells its largest window; what is not told of this one is caught up with. */
    tcpt_segment ack = {.seq = client->iss + 1, .end_seq = client->iss + 1, .ack = server->iss + 1, .window = 1};

    take(entry, &syn, flow->client);
    if (!server->syn)
        return;
    take(entry, &syn_ack, !flow->client);
    if (flow->tracker_lags)
        tcpt_ct_take_short_way(entry, &ack, flow->client);
}

/* The same ACK packet again counts as a retransmission, which only the entry knows of. */
static bool repeats_last(const tcpt_flow *flow, const tcpt_observation *seen)
{
    return seen->pure_ack && !(seen->traits & TCPT_TRAIT_ACKS_NEW) && flow->acks.count && flow->acks.from == seen->from;
}

bool tcpt_ct_lags_on(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    return seen->short_way && segment->time_ns - flow->last_ns < tcpt_seconds_ns(TCPT_CT_UNACKED_SECONDS) &&
           !repeats_last(flow, seen);
}

static const tcpt_ct_side *side_of(const tcpt_ct_entry *entry, unsigned end)
{
    return &entry->sides[tcpt_ct_direction(entry, end)];
}

/* What an end and its side both hold is the same, or what the side holds is more and stays so until it is caught up
 * with. */
static bool alike(const tcpt_ct_side *side, const tcpt_endpoint *end, const tcpt_endpoint *peer)
{
    const uint32_t window_most = UINT32_C(1) << 30; /* RFC 7323, section 2.2: within that numbers compare */
    bool unacked = end->snd_nxt != peer->rcv_nxt;

    if (!end->syn || side->end != end->snd_nxt || side->max_ack != end->rcv_nxt || side->scale != end->wscale ||
        side->max_win < end->max_wnd || side->max_win > window_most)
        return false;
    if ((side->flags & (TCPT_CT_UNACKED | TCPT_CT_MAX_ACK_SET | TCPT_CT_LIBERAL)) !=
        (TCPT_CT_MAX_ACK_SET | (unacked ? TCPT_CT_UNACKED : 0)))
        return false;
    return side->max_end - peer->rcv_edge < window_most &&
           peer->rcv_edge - peer->rcv_nxt - peer->rcv_wnd < window_most &&
           end->snd_nxt - peer->rcv_nxt <= peer->max_wnd && end->snd_nxt - end->window_seq < window_most;
}

bool tcpt_ct_may_lag(const tcpt_ct_entry *entry, const tcpt_flow *flow, const tcpt_observation *seen)
{
    const tcpt_endpoint *ends = flow->ends;
    /* behind a segment that the tracker does not take in, too, of which repeats_last() knows nothing */
    bool may_repeat = seen->pure_ack && !(seen->traits & TCPT_TRAIT_ACKS_NEW);

    return !may_repeat && alike(side_of(entry, 0), &ends[0], &ends[1]) && alike(side_of(entry, 1), &ends[1], &ends[0]);
}

static void catch_up_side(tcpt_ct_side *side, const tcpt_endpoint *end, const tcpt_endpoint *peer)
{
    side->end = end->snd_nxt;
    side->max_ack = end->rcv_nxt;
    side->max_win = MAX(side->max_win, end->max_wnd);
    side->max_end = seq_max(peer->rcv_edge, side->max_end);
    side->flags &= (uint8_t)~TCPT_CT_UNACKED;
    if (end->snd_nxt != peer->rcv_nxt)
        side->flags |= TCPT_CT_UNACKED;
}

void tcpt_ct_catch_up(tcpt_ct_entry *entry, const tcpt_flow *flow)
{
    unsigned from = flow->last_record->from;
    const tcpt_endpoint *sender = &flow->ends[from];

    for (unsigned end = 0; end < 2; end++)
        catch_up_side(&entry->sides[tcpt_ct_direction(entry, end)], &flow->ends[end], &flow->ends[!end]);
    entry->last_dir = !tcpt_ct_direction(entry, from); /* no packet of those that it has missed was there before */
    tcpt_ct_take_short_way(entry,
                           &(tcpt_segment){
                               .time_ns = flow->last_ns,
                               .seq = sender->window_seq,
                               .ack = sender->rcv_nxt,
                               .end_seq = sender->snd_nxt,
                               .window = (uint16_t)(sender->rcv_wnd >> sender->wscale),
                           },
                           from);
}
