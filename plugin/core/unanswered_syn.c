/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/unanswered_syn.h"

#include "tcptriage/peers.h"
#include "tcptriage/sequence.h"

enum {
    TRIES = 3,            /* two in a row may be lost together */
    SIBLING_SECONDS = 60, /* also how long tcp_tw_recycle remembered a timestamp (TCP_PAWS_MSL) */
};

bool tcpt_syn_left_out(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_pair *pair = context->seen->pair;

    if (!pair || !pair->answered || context->seen->from != flow->client || context->seen->really_bad)
        return false;
    if (!client->syn || client->iss != context->segment->seq || client->syn_count + 1 < TRIES)
        return false;
    if (flow->ends[!flow->client].segment_count)
        return false;
    return flow->first_ns - pair->answered_ns < tcpt_seconds_ns(SIBLING_SECONDS);
}

bool tcpt_tsval_behind(const tcpt_context *context, int32_t *delta)
{
    const tcpt_busy *busy = context->seen->pair ? context->seen->pair->busy : NULL;

    if (!busy || !busy->closed_by_server || busy->takes_older ||
        context->seen->pair->answered_ns < context->flow->first_ns || !(context->segment->options & TCPT_OPTION_TIMESTAMPS))
        return false;
    if (context->segment->time_ns - busy->closed_ns >= tcpt_seconds_ns(SIBLING_SECONDS))
        return false;
    *delta = seq_delta(context->segment->tsval, busy->closed_tsval);
    return *delta < -1 && tcpt_clock_count(context->seen->pair) > 0;
}
