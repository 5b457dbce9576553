/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit_sent.h"

#include "core/flow/inferred_fin.h"
#include "core/flow/ranges.h"
#include "core/flow/trouble.h"
#include "tcptriage/sequence.h"

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
    tcpt_holes_changed(sender);
}

void tcpt_commit_sequence(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];
    bool pure_repeat = seen->traits & TCPT_TRAIT_REPEAT;

    if (!sender->sent) {
        sender->sent = true;
        sender->snd_nxt = segment->end_seq;
        sender->snd_contig = segment->end_seq;
        return;
    }
    tcpt_commit_inferred_fin(flow, segment, seen->from);
    if (segment->end_seq != segment->seq) {
        if (seq_after(segment->end_seq, receiver->rcv_nxt) && !seq_after(segment->seq, receiver->rcv_nxt))
            receiver->stands = false; /* what it asks for is on the way again */
        fill_hole(flow, sender, segment);
        tcpt_ranges_late(sender, segment->seq, segment->end_seq, receiver->rcv_nxt);
        tcpt_ranges_add(sender, segment->seq, segment->end_seq);
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

void tcpt_commit_unwanted(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_range unwanted = sender->trouble->unwanted;
    bool none = unwanted.left == unwanted.right;

    if (segment->end_seq == segment->seq)
        return;
    if (!tcpt_surely_too_old(seen)) {
        if (none || seq_after(segment->seq, unwanted.left) || !seq_after(segment->end_seq, unwanted.left))
            return;
        unwanted.left = seq_after(unwanted.right, segment->end_seq) ? segment->end_seq : unwanted.right;
    } else if (!seq_before(segment->seq, flow->ends[!seen->from].rcv_nxt)) {
        if (none || seq_before(segment->seq, unwanted.left))
            unwanted.left = segment->seq;
        if (none || seq_after(segment->end_seq, unwanted.right))
            unwanted.right = segment->end_seq;
    }
    tcpt_trouble_of(sender)->unwanted = unwanted;
}

void tcpt_commit_fin(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];
    const tcpt_range *unwanted = &sender->trouble->unwanted;
    bool was_refused = unwanted->left != unwanted->right && unwanted->right == segment->end_seq;
    bool refused = tcpt_surely_too_old(seen);

    if (sender->fin && segment->end_seq == sender->fin_end) {
        sender->fin_repeats = seen->fin_repeats;
        sender->fin_last_ns = segment->time_ns;
        sender->fin_last_ack = segment->ack;
        if (!sender->fin_acked)
            sender->fin_delivered = was_refused && !refused; /* what was refused has not been repeated */
        return;
    }
    if (sender->fin && !seq_after(segment->end_seq, sender->fin_end))
        return;
    if (sender->fin_acked && !sender->fin && sender->snd_nxt == segment->end_seq) {
        /* Captured behind its acknowledgment. */
        sender->fin_delivered = true;
    } else {
        sender->fin_acked = false;
        sender->fin_delivered = sender->snd_contig == segment->end_seq && !refused;
    }
    sender->fin = true;
    sender->fin_end = segment->end_seq;
    sender->fin_ns = sender->fin_last_ns = segment->time_ns;
    sender->fin_last_ack = segment->ack;
    sender->fin_record = record;
    sender->fin_second = receiver->fin && (segment->flags & TCPT_ACK) && !seq_before(segment->ack, receiver->fin_end);
}
