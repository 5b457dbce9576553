/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/too_soon.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* Routes change, and queues empty, by less. */
enum { SOONER_TIMES = 3 };

bool tcpt_answers_too_soon(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *asks = &flow->ends[!context->seen->from];
    int64_t rtt_ns = flow->ends[context->seen->from].rtt_ns, since_ns = context->segment->time_ns - asks->unanswered_ns;

    return asks->unanswered_ns && !flow->reordered && since_ns >= 0 && since_ns * SOONER_TIMES < rtt_ns &&
           rtt_ns - since_ns >= TCPT_TICK_MS * TCPT_MS_NS;
}

bool tcpt_resets_too_soon(const tcpt_context *context)
{
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *asks = &context->flow->ends[!context->seen->from];
    /* What was sent since the sender was last heard, not what was on its way before. */
    bool answers = segment->flags & TCPT_ACK
                       ? asks->timed_ns >= asks->unanswered_ns && !seq_before(segment->ack, asks->timed_end)
                       : asks->idle_before_ns > sender->rtt_ns;

    return answers && sender->payload_segments && tcpt_answers_too_soon(context);
}
