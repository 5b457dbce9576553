/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commit, the acknowledgment's part. */
#include "core/flow/commit_ack.h"

#include <glib.h>

#include "core/flow/commit_syn.h"
#include "core/flow/inferred_fin.h"
#include "core/flow/trouble.h"
#include "core/flow/ranges.h"

static void note_hole(tcpt_endpoint *receiver, uint32_t ack)
{
    uint32_t left = receiver->snd_contig;
    tcpt_range *hole;

    if (!receiver->sent || !seq_after(ack, left))
        return;
    tcpt_ranges_skip_to(receiver, ack);
    hole = &tcpt_trouble_of(receiver)->hole;
    if (receiver->holes && hole->right == left && hole->left != left) {
        hole->right = ack; /* one place: several ACKs were captured before what they acknowledge */
        return;
    }
    *hole = (tcpt_range){left, ack};
    tcpt_add_hole(receiver);
}

/* How long before this one its sender's newest segment came, which did not know of the FIN. */
static uint32_t ms_since_last(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    int64_t ago_ns = segment->time_ns - sender->last_ns;

    return ago_ns < 0 ? 0 : (uint32_t)MIN(ago_ns / TCPT_MS_NS, (int64_t)UINT32_MAX);
}

/* The receiver's FIN counts as acknowledged too when the capture lacks it: one number more than all bytes seen. */
static void note_fin_ack(tcpt_endpoint *receiver, const tcpt_endpoint *sender, const tcpt_segment *segment,
                         tcpt_record *record)
{
    bool unseen_fin = tcpt_infers_fin(receiver, segment->ack);

    if (receiver->fin_acked)
        return;
    if (!unseen_fin && !(receiver->fin && !seq_before(segment->ack, receiver->fin_end)))
        return;
    receiver->fin_acked = true;
    receiver->fin_acked_ns = segment->time_ns;
    receiver->fin_acked_record = record;
    receiver->fin_crossed_ms = ms_since_last(sender, segment);
    if (unseen_fin)
        receiver->fin_end = segment->ack;
}

/* What was refused and is acknowledged all the same was taken. */
static void shrink_unwanted(tcpt_endpoint *receiver, uint32_t ack)
{
    const tcpt_range *unwanted = &receiver->trouble->unwanted;

    if (unwanted->left == unwanted->right || !seq_after(ack, unwanted->left))
        return;
    tcpt_trouble_of(receiver)->unwanted.left = seq_after(unwanted->right, ack) ? ack : unwanted->right;
}

/* Each segment that arrives behind a gap is acknowledged at once (RFC 5681, section 4.2): what the blocks grow by was
 * one segment. Where ACKs were lost, or blocks do not fit, it was more: an upper bound. */
static void note_sack_growth(tcpt_endpoint *sender, const tcpt_segment *segment)
{
    tcpt_trouble *trouble = tcpt_trouble_of(sender);
    uint32_t bytes = 0;

    for (unsigned i = 0; i < segment->sack_count; i++)
        if (seq_after(segment->sack_right[i], segment->ack) && seq_after(segment->sack_right[i], segment->sack_left[i]))
            bytes += segment->sack_right[i] - segment->sack_left[i];
    if (trouble->sack_ack != segment->ack)
        trouble->sack_bytes = trouble->sack_leap = 0;
    trouble->sack_ack = segment->ack;
    if (bytes > trouble->sack_bytes)
        trouble->sack_leap = MAX(trouble->sack_leap, bytes - trouble->sack_bytes);
    trouble->sack_bytes = MAX(trouble->sack_bytes, bytes);
}

static void commit_sack(tcpt_endpoint *sender, const tcpt_segment *segment)
{
    sender->sack_held = false;
    for (unsigned i = 0; i < segment->sack_count; i++) {
        if (!seq_after(segment->sack_right[i], segment->ack))
            continue; /* a duplicate's report (RFC 2883) */
        if (!sender->sack_held || seq_after(segment->sack_right[i], sender->sack_edge)) {
            sender->sack_edge = segment->sack_right[i];
            tcpt_trouble_of(sender)->sack_left = segment->sack_left[i];
        }
        sender->sack_held = true;
    }
    if (sender->sack_held)
        note_sack_growth(sender, segment);
}

/* The client's first ACK of the SYN-ACK ends the handshake. */
static void note_handshake(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                           tcpt_record *record)
{
    tcpt_endpoint *server = &flow->ends[!flow->client];
    tcpt_endpoint *client = &flow->ends[flow->client];

    if (flow->handshake_done || seen->from != flow->client || (segment->flags & TCPT_SYN))
        return;
    if (server->syn && seq_before(segment->ack, tcpt_lowest_seq(server) + 1))
        return;
    flow->handshake_done = true;
    flow->first_ack_record = record;
    flow->first_ack_ns = segment->time_ns;
    client->handshake = server->handshake = TCPT_ESTABLISHED;
    if (server->syn && server->syn_count == 1)
        tcpt_note_rtt(client, segment->time_ns - server->syn_ns);
}

void tcpt_guess_side(tcpt_flow *flow)
{
    int64_t to_client = flow->ends[flow->client].rtt_ns, to_server = flow->ends[!flow->client].rtt_ns;

    if (flow->side != TCPT_SIDE_UNKNOWN || !to_client || !to_server)
        return;
    /* One end ten times nearer than the other: the capture was taken there. */
    if (to_client * 10 <= to_server)
        flow->side = TCPT_SIDE_CLIENT;
    else if (to_server * 10 <= to_client)
        flow->side = TCPT_SIDE_SERVER;
    else
        flow->side = TCPT_SIDE_MIDDLE;
}

void tcpt_commit_ack(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                     const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (seen->receiver.drop != TCPT_DROP_TCP_RFC7323_PAWS || !sender->acked)
        tcpt_note_window_seq(sender, segment);
    tcpt_take_window(sender, segment);
    commit_sack(sender, segment);
    note_handshake(flow, segment, seen, record);
    note_fin_ack(receiver, sender, segment, record);
    if (!(seen->traits & TCPT_TRAIT_ACKS_NEW)) {
        tcpt_note_standing(sender, receiver, segment);
        return;
    }
    sender->stands = false;
    shrink_unwanted(receiver, segment->ack);
    tcpt_ranges_acked(receiver, segment->ack);
    if (!(tcpt_fin_is_inferred(receiver) && segment->ack == receiver->fin_end))
        note_hole(receiver, segment->ack);
    if (sender->fin && seq_delta(segment->ack, sender->fin_last_ack) > (receiver->fin || receiver->fin_acked))
        sender->took_payload = true;
    sender->rcv_nxt = segment->ack;
    sender->acked = true;
    tcpt_note_ack_step(room, sender, segment->ack, segment->time_ns, flow->seen_newest.record);
    if (receiver->timed_ns && !seq_before(segment->ack, receiver->timed_end)) {
        tcpt_note_rtt(sender, segment->time_ns - receiver->timed_ns);
        receiver->timed_ns = 0;
        if (flow->handshake_done)
            tcpt_guess_side(flow);
    }
}
