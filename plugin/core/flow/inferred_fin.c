/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/inferred_fin.h"

#include <glib.h>

#include "core/flow/ranges.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

bool tcpt_infers_fin(const tcpt_endpoint *receiver, uint32_t ack)
{
    return !receiver->fin && !receiver->fin_refuted && receiver->sent && ack == receiver->snd_nxt + 1 &&
           receiver->snd_contig == receiver->snd_nxt && receiver->handshake == TCPT_ESTABLISHED;
}

bool tcpt_denies_fin(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    return tcpt_fin_is_inferred(sender) && segment->end_seq == segment->seq && segment->seq + 1 == sender->fin_end &&
           segment->time_ns - sender->fin_acked_ns <= MAX(2 * tcpt_rtt_ns(flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

void tcpt_refute_fin(tcpt_flow *flow, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];

    sender->fin_acked = false;
    sender->fin_refuted = true;
    flow->ending = sender->fin || sender->rst_count || receiver->fin || receiver->fin_acked || receiver->rst_count;
}

/* What a host sends after its FIN begins behind it. The FIN itself, captured late, ends where it was taken to end. */
static bool refutes(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    if ((segment->flags & TCPT_FIN) && segment->end_seq == sender->fin_end)
        return false;
    return seq_before(segment->seq, sender->fin_end) || seq_after(segment->end_seq, sender->fin_end);
}

void tcpt_commit_inferred_fin(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from];
    bool denied = tcpt_denies_fin(flow, segment, from);

    if (!tcpt_fin_is_inferred(sender) || !refutes(sender, segment))
        return;
    tcpt_refute_fin(flow, from);
    if (denied) {
        flow->ends[!from].rcv_nxt = segment->seq;
        return;
    }
    if (segment->seq + 1 == sender->fin_end && segment->end_seq == sender->fin_end)
        return; /* the byte that was taken for a FIN */
    tcpt_add_hole(sender);
    tcpt_ranges_skip_to(sender, sender->fin_end);
}
