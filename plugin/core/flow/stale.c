/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stale.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

static bool fits_now(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];
    uint32_t reach = receiver->max_wnd > 65535 ? receiver->max_wnd : 65535;

    if (seq_before(segment->seq, tcpt_lowest_seq(sender)) || seq_after(segment->seq, sender->snd_nxt + reach))
        return false;
    return !receiver->syn || !(segment->flags & TCPT_ACK) ||
           (seq_after(segment->ack, tcpt_lowest_seq(receiver)) && !seq_after(segment->ack, receiver->snd_nxt));
}

static bool fitted_then(const tcpt_flow *old, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &old->ends[from];
    const tcpt_endpoint *receiver = &old->ends[!from];

    if (!sender->sent || seq_after(segment->end_seq, sender->snd_nxt) ||
        seq_delta(sender->snd_nxt, segment->seq) >= TCPT_SEQ_NEAR)
        return false;
    return !(segment->flags & TCPT_ACK) || !receiver->sent ||
           (!seq_after(segment->ack, receiver->snd_nxt) && seq_delta(receiver->snd_nxt, segment->ack) < TCPT_SEQ_NEAR);
}

bool tcpt_is_stale(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    if (!flow->ends[from].syn || (segment->flags & (TCPT_SYN | TCPT_RST)) || segment->end_seq == segment->seq)
        return false;
    return !fits_now(flow, segment, from) && fitted_then(tcpt_life_before(flow), segment, from);
}
