/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/in_vain.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* It carries what the receiver waits for, the receiver has room for it, and its timestamp does not forbid it. */
static bool is_due(const tcpt_context *context)
{
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];

    return (context->seen->traits & TCPT_TRAIT_MISSED) && segment->payload_bytes && !context->seen->probe &&
           receiver->acked && !seq_after(segment->seq, receiver->rcv_nxt) &&
           seq_after(segment->end_seq, receiver->rcv_nxt) && !seq_after(segment->end_seq, receiver->rcv_edge) &&
           !tcpt_window_is_shut(receiver) && !receiver->sack_held &&
           context->seen->receiver.drop != TCPT_DROP_TCP_RFC7323_PAWS;
}

/* As soon as an answer comes; a probe or a window update comes at any time. An ACK that tells of later data may answer
 * that one, while the repeat is lost. */
static void note_refused(tcpt_in_vain *mine, const tcpt_endpoint *receiver, int64_t due_ns)
{
    int64_t after_ns = receiver->last_ns - mine->round_ns;

    if (after_ns <= 0 || after_ns > due_ns + TCPT_ANSWER_MS * TCPT_MS_NS ||
        receiver->payload_segments != mine->payloads || receiver->rst_count || receiver->fin || receiver->sack_held)
        return;
    mine->answer = receiver->last_record;
    mine->refused += mine->refused < UINT16_MAX;
}

/* What the other end sends within a round trip may have left before the repeat reached it. A bare ACK may answer the
 * repeat: then it has arrived, and is refused. */
static void note_heard(tcpt_in_vain *mine, const tcpt_endpoint *receiver, int64_t due_ns)
{
    note_refused(mine, receiver, due_ns);
    if (receiver->last_ns - mine->round_ns <= due_ns || receiver->payload_segments == mine->payloads ||
        receiver->rst_count)
        return;
    mine->heard = receiver->last_record;
    mine->heard_often += mine->heard_often < UINT16_MAX;
}

void tcpt_count_in_vain(const tcpt_context *context, tcpt_in_vain *mine)
{
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];
    int64_t due_ns = MAX(tcpt_rtt_ns(context->flow), TCPT_TICK_MS * TCPT_MS_NS);

    if (!is_due(context))
        return;
    if (!mine->rounds || mine->acked != receiver->rcv_nxt)
        *mine = (tcpt_in_vain){.first = context->record, .first_ns = segment->time_ns, .acked = receiver->rcv_nxt};
    else if (segment->time_ns - mine->round_ns < due_ns)
        return;
    else
        note_heard(mine, receiver, due_ns);
    mine->round_ns = segment->time_ns;
    mine->payloads = receiver->payload_segments;
    mine->rounds += mine->rounds < UINT16_MAX;
}

bool tcpt_is_in_vain(const tcpt_in_vain *mine)
{
    enum { HEARD_LEAST = 2 }; /* one segment may be late */

    return mine->rounds >= TCPT_REPEATS_PROVE && mine->heard_often >= HEARD_LEAST;
}

bool tcpt_is_refused(const tcpt_in_vain *mine)
{
    /* The newest is not answered yet, and one answer may get lost. */
    return mine->rounds >= TCPT_REPEATS_PROVE && mine->refused + 2 >= mine->rounds;
}

bool tcpt_still_in_vain(const tcpt_context *context, const tcpt_in_vain *mine, unsigned sender)
{
    return mine->rounds && mine->acked == context->flow->ends[!sender].rcv_nxt;
}
