/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commit, the handshake's part: what a SYN or SYN-ACK changes (RFC 9293, section 3.5). */
#include "core/flow/commit_syn.h"

#include "core/flow/trouble.h"
#include "tcptriage/sequence.h"

void tcpt_note_next_syn(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    if (segment->flags & TCPT_ACK)
        return;
    tcpt_rarities_of(flow)->next_syn = (tcpt_next_syn){
        .time_ns = segment->time_ns,
        .seq = segment->seq,
        .seen = true,
        .from = (uint8_t)from,
        .options = segment->options,
        .wscale = segment->wscale,
        .fast_open_bytes = segment->fast_open_bytes,
    };
}

void tcpt_commit_old_refusal(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_old_refusal *before = &flow->rare->refusal;
    tcpt_old_refusal *now;

    if (seen->old_numbers && seen->pure_ack) {
        now = &tcpt_rarities_of(flow)->refusal;
        now->reset = now->reset && flow->ends[!seen->from].syn_ns <= now->reset_ns;
        now->ack = segment->ack;
        now->seen = true;
    } else if (before->seen && !before->reset && (segment->flags & TCPT_RST) && flow->ends[seen->from].syn &&
               segment->seq == before->ack) {
        now = &tcpt_rarities_of(flow)->refusal;
        now->reset = true;
        now->reset_ns = segment->time_ns;
    }
}

/* Scaling is in force only when both SYNs offer it (RFC 7323, section 2.2). */
static void agree_on_scale(tcpt_flow *flow)
{
    if (!(flow->ends[0].syn && flow->ends[1].syn))
        return;
    if (flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_WSCALE)
        return;
    flow->ends[0].wscale = flow->ends[1].wscale = 0;
}

static void open_by_syn(tcpt_flow *flow, tcpt_endpoint *sender, tcpt_endpoint *receiver, bool first)
{
    if (sender->handshake == TCPT_ESTABLISHED)
        return;
    if (receiver->handshake == TCPT_SYN_SENT && !receiver->acked && first) { /* simultaneous open, figure 7 */
        sender->handshake = receiver->handshake = TCPT_SYN_RECEIVED;
        return;
    }
    sender->handshake = TCPT_SYN_SENT;
    if (!receiver->syn)
        receiver->handshake = TCPT_SYN_RECEIVED;
    flow->client_known = true;
}

static void open_by_syn_ack(tcpt_endpoint *sender, tcpt_endpoint *receiver, bool first)
{
    if (sender->handshake != TCPT_ESTABLISHED)
        sender->handshake = TCPT_SYN_RECEIVED;
    if (receiver->handshake == TCPT_CLOSED || receiver->handshake == TCPT_LISTEN ||
        receiver->handshake == TCPT_SYN_SENT)
        receiver->handshake = first ? TCPT_ESTABLISHED : TCPT_SYN_SENT;
    else if (!first && receiver->handshake == TCPT_ESTABLISHED && !receiver->acked)
        receiver->handshake = TCPT_SYN_SENT;
}

void tcpt_commit_syn(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];
    bool first = !sender->syn;

    flow->options_cut |= segment->options_cut;
    if (first) {
        sender->syn = true;
        sender->iss = segment->seq;
        sender->syn_options = segment->options;
        sender->wscale = segment->wscale;
        sender->fast_open = segment->options & TCPT_OPTION_FAST_OPEN;
        sender->fast_open_bytes = segment->fast_open_bytes;
        if (segment->payload_bytes)
            sender->syn_payload_bytes = segment->payload_bytes;
        sender->mss = segment->mss;
        sender->syn_window = segment->window;
        if (!sender->sent) {
            sender->snd_contig = segment->seq;
            sender->snd_nxt = segment->seq;
            sender->sent = true;
        }
        agree_on_scale(flow);
        if ((segment->flags & TCPT_ACK) && receiver->syn_count == 1)
            tcpt_note_rtt(sender, segment->time_ns - receiver->syn_ns);
    }
    sender->syn_count = seen->syn_count;
    if (!(segment->flags & TCPT_ACK))
        flow->asks_ecn = tcpt_asks_ecn(segment);
    if (seen->crowd != TCPT_CROWD_NONE)
        flow->crowd = seen->crowd;
    sender->syn_ns = segment->time_ns;
    if (first)
        sender->syn_tsval = segment->tsval;
    sender->reset = false;
    if (segment->flags & TCPT_ACK)
        open_by_syn_ack(sender, receiver, first);
    else
        open_by_syn(flow, sender, receiver, first);
}
