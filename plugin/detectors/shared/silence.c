/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/silence.h"

#include "detectors/shared/big_ones.h"
#include "tcptriage/queries.h"

bool tcpt_left_by_rst(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *left = &flow->ends[end];

    return left->rst_count && left->rst_record == left->last_record;
}

bool tcpt_only_oldest_missing(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    return receiver->sack_held && receiver->sack_edge == sender->snd_nxt &&
           receiver->trouble->sack_left != receiver->rcv_nxt;
}

bool tcpt_drops_timestamps(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return (flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) &&
           !(segment->options & TCPT_OPTION_TIMESTAMPS);
}

bool tcpt_silence_explained(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;

    return !tcpt_shows_bare(&flow->ends[!from]) || tcpt_left_by_rst(flow, !from) ||
           tcpt_only_oldest_missing(flow, from) ||
           tcpt_only_shorter_pass(flow, from, tcpt_wire_payload(flow, context->segment, from)) ||
           tcpt_drops_timestamps(flow, context->segment) || tcpt_goes_on_elsewhere(flow, from);
}

int64_t tcpt_waited_ns(const tcpt_context *context)
{
    return context->segment->time_ns - context->flow->ends[!context->seen->from].unanswered_ns;
}

bool tcpt_answers(const tcpt_context *context)
{
    return (context->seen->traits & TCPT_TRAIT_ACKS_NEW) || context->seen->new_payload || context->segment->sack_count;
}

bool tcpt_heard_in_time(const tcpt_context *context)
{
    return tcpt_waited_ns(context) < tcpt_seconds_ns(TCPT_HEARD_SECONDS);
}
