/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit_answers.h"

#include <glib.h>

#include "core/flow/ranges.h"
#include "core/flow/trouble.h"
#include "tcptriage/sequence.h"

void tcpt_commit_unanswered(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
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
        sender->ending_before = flow->ending;
        sender->unanswered_fin = !segment->payload_bytes && !seen->probe;
        sender->round_ns = segment->time_ns;
    } else if (seen->new_round) {
        sender->round_ns = segment->time_ns;
    }
    sender->unanswered_repeats = seen->unanswered_repeats;
    sender->unanswered_probes = seen->unanswered_probes;
    sender->unanswered_fins = seen->unanswered_fins;
}

static void forget_provocation(tcpt_endpoint *end)
{
    if (end->trouble->provoked.record)
        tcpt_trouble_of(end)->provoked.record = NULL;
}

void tcpt_commit_provocation(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                             tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if ((seen->traits & TCPT_TRAIT_CHALLENGE) || (segment->flags & TCPT_SYN))
        forget_provocation(sender);
    if (seen->provokes)
        tcpt_trouble_of(receiver)->provoked =
            (tcpt_provocation){record, segment->time_ns, seen->rst.position == TCPT_RST_EXACT_UNACKED};
    else if (seen->probe || (segment->payload_bytes && !(segment->flags & TCPT_RST)) || (segment->flags & TCPT_FIN))
        forget_provocation(receiver); /* whatever is acknowledged from now on may answer this instead */
}

/* Bytes, a FIN or an ACK that PAWS refuses. What lies before the newest bytes may just have been overtaken on the way;
 * what begins at the receiver's ACK was not, as TS.Recent does not move past a gap. An ACK that an ACK of more has
 * overtaken is refused too, and no news. */
void tcpt_commit_refusal(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                         tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];

    if (sender->trouble->refused.record && (seen->refused || seen->new_payload))
        tcpt_trouble_of(sender)->refused.record = NULL;
    if (!tcpt_surely_too_old(seen) || (seen->pure_ack && seq_before(segment->ack, sender->rcv_nxt)))
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
    tcpt_holes_changed(acked);
}

void tcpt_keep_pure_ack(tcpt_flow *flow)
{
    tcpt_endpoint *end = &flow->ends[flow->acks.from];

    end->pure_ack =
        (tcpt_pure_ack){end->snd_nxt, end->rcv_nxt, (uint16_t)(end->rcv_wnd >> end->wscale), flow->acks.ip_id};
    flow->acks.as_sent = false;
    flow->acks.ip_id = 0;
}

void tcpt_commit_exchange(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    enum { SURE = 4 }; /* each end has repeated itself */
    tcpt_ack_exchange *acks = &flow->acks;
    unsigned from = seen->from;

    if (!seen->war_acks) {
        acks->count = 0; /* the rest means nothing then */
        return;
    }
    if (seen->war_acks == 2) {
        flow->acks_first = flow->ends[!from].last_record;
        flow->acks_first_ns = flow->ends[!from].last_ns;
    }
    acks->count = seen->war_acks;
    acks->from = (uint8_t)from;
    flow->ends[from].pure_ack = (tcpt_pure_ack){segment->seq, segment->ack, segment->window, segment->ip_id};
    if (acks->count != SURE)
        return;
    close_false_hole(&flow->ends[0], flow->ends[1].pure_ack.ack, flow->ends[0].pure_ack.seq);
    close_false_hole(&flow->ends[1], flow->ends[0].pure_ack.ack, flow->ends[1].pure_ack.seq);
}

void tcpt_commit_again(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_again *again = tcpt_again_of(flow);

    if (seen->again_count == 1) {
        again->same = true;
        again->from = seen->from;
        again->first = record;
        again->first_ns = segment->time_ns;
        again->ignored_ack = seen->acked_in;
    }
    again->same = again->same && (seen->again_count == 1 || segment->seq == again->seq);
    again->seq = segment->seq;
    again->count = seen->again_count;
    again->bytes = seen->again_bytes;
    again->last_ns = segment->time_ns;
}
