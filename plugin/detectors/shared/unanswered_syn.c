/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/unanswered_syn.h"

#include "tcptriage/limits.h"
#include "tcptriage/peers.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

enum { TRIES = 3 }; /* two in a row may be lost together */

bool tcpt_syn_left_out(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_pair *pair = context->seen->pair;

    if (!pair || !pair->answered || context->seen->from != flow->client || context->seen->really_bad)
        return false;
    if (!client->syn || client->iss != context->segment->seq || context->seen->syn_count < TRIES)
        return false;
    if (flow->ends[!flow->client].segment_count)
        return false;
    return flow->first_ns - pair->answered_ns < tcpt_seconds_ns(TCPT_SIBLING_SECONDS);
}

bool tcpt_tsval_behind(const tcpt_context *context, int32_t *delta)
{
    const tcpt_busy *busy = context->seen->pair ? context->seen->pair->busy : NULL;

    if (!busy || !busy->closed_by_server || busy->takes_older ||
        context->seen->pair->answered_ns < context->flow->first_ns ||
        !(context->segment->options & TCPT_OPTION_TIMESTAMPS))
        return false;
    if (context->segment->time_ns - busy->closed_ns >= tcpt_seconds_ns(TCPT_RECYCLE_SECONDS))
        return false;
    *delta = seq_delta(context->segment->tsval, busy->closed_tsval);
    return *delta < -1 && tcpt_clock_count(context->seen->pair) > 0;
}

/* ---- causes ---- */

static tcpt_judgement judge_down(const tcpt_context *context, GString *evidence)
{
    (void)evidence;
    return context->seen->pair->answered_ns >= context->flow->first_ns ? TCPT_CAUSE_RULED_OUT : TCPT_CAUSE_POSSIBLE;
}

static bool answered_no_newer(const tcpt_context *context, int64_t time_ns, uint32_t tsval)
{
    return time_ns >= context->flow->first_ns &&
           seq_delta(tsval, context->flow->ends[context->flow->client].syn_tsval) <= 1;
}

/* A server that compared would have dropped that one, too. */
static bool older_one_was_answered(const tcpt_context *context)
{
    const tcpt_pair *pair = context->seen->pair;

    if (pair->first_ns && answered_no_newer(context, pair->first_ns, pair->first_tsval))
        return true;
    for (unsigned i = 0; pair->busy && i < TCPT_CLOCKS; i++)
        if (pair->busy->clocks[i].samples &&
            answered_no_newer(context, pair->busy->clocks[i].time_ns, pair->busy->clocks[i].tsval))
            return true;
    return pair->busy && pair->busy->takes_older;
}

/* tcp_tw_recycle: without a connection that the server was seen to close first, nobody knows what it remembers. */
static tcpt_judgement judge_timestamps(const tcpt_context *context, GString *evidence)
{
    const tcpt_busy *busy = context->seen->pair->busy;
    bool stamped = context->segment->options & TCPT_OPTION_TIMESTAMPS;
    int32_t delta;

    if (tcpt_tsval_behind(context, &delta)) {
        g_string_append_printf(evidence, "frame %u", busy->closed_record->frame);
        return TCPT_CAUSE_LIKELY;
    }
    if (stamped && older_one_was_answered(context))
        return TCPT_CAUSE_RULED_OUT;
    if (!busy || !busy->closed_by_server ||
        context->segment->time_ns - busy->closed_ns >= tcpt_seconds_ns(TCPT_RECYCLE_SECONDS))
        return TCPT_CAUSE_POSSIBLE;
    if (stamped && seq_delta(context->segment->tsval, busy->closed_tsval) >= -1)
        return TCPT_CAUSE_RULED_OUT;
    return TCPT_CAUSE_POSSIBLE; /* since Linux 3.17 a SYN without timestamp is dropped there, too */
}

static tcpt_judgement judge_time_wait(const tcpt_context *context, GString *evidence)
{
    const tcpt_flow *old = tcpt_life_in_time_wait(context->flow, context->settings);

    if (!old || old->ends[!context->flow->client].state != TCPT_TIME_WAIT)
        return TCPT_CAUSE_RULED_OUT; /* the client's own TIME-WAIT refuses nothing on the wire */
    g_string_append_printf(evidence, "since frame %u; its ACK is lost then", old->last_record->frame);
    return TCPT_CAUSE_LIKELY;
}

/* A tracker takes a SYN for invalid only where it holds an entry that was opened from the other side. */
static tcpt_judgement judge_tracker(const tcpt_context *context, GString *evidence)
{
    const tcpt_flow *old = context->flow->previous;

    if (!old || !old->last_record || old->client == context->flow->client)
        return TCPT_CAUSE_RULED_OUT; /* without a record: all that was seen of it was damaged */
    g_string_append_printf(evidence, "frame %u: the other side opened that one", old->last_record->frame);
    return TCPT_CAUSE_LIKELY;
}

static tcpt_judgement judge_accept_queue(const tcpt_context *context, GString *evidence)
{
    const tcpt_listener *listener = context->seen->listener;

    if (!listener || !listener->ignored_record ||
        context->segment->time_ns - listener->ignored_ns >= tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        return TCPT_CAUSE_POSSIBLE;
    g_string_append_printf(evidence, "frame %u: a final ACK was ignored there", listener->ignored_record->frame);
    return TCPT_CAUSE_LIKELY;
}

/* The smallest backlog in use is a handful; a few half-open connections are there at any time. */
static tcpt_judgement judge_syn_queue(const tcpt_context *context, GString *evidence)
{
    enum { MANY = 8 };
    const tcpt_listener *listener = context->seen->listener;

    if (!listener || tcpt_half_open(listener) < MANY)
        return TCPT_CAUSE_POSSIBLE;
    g_string_append_printf(evidence, "%u connections half open", tcpt_half_open(listener));
    return TCPT_CAUSE_LIKELY;
}

static tcpt_judgement always_possible(const tcpt_context *context, GString *evidence)
{
    (void)context, (void)evidence;
    return TCPT_CAUSE_POSSIBLE;
}

const tcpt_syn_cause tcpt_syn_causes[] = {
    {"timestamps that a server compares per address (tcp_tw_recycle)",
     "Timestamps that a server compares (tcp_tw_recycle): this one is not behind those that it took.",
     judge_timestamps},
    {"a TIME-WAIT collision",
     "A TIME-WAIT collision: the server closed no connection of this 4-tuple shortly before, as far as was captured, "
     "and "
     "it would have drawn an ACK.",
     judge_time_wait},
    {"a tracker that calls it INVALID",
     "A tracker that calls it INVALID: no connection of the same ports in the other direction was seen.",
     judge_tracker},
    {"a full accept queue", NULL, judge_accept_queue},
    {"a full SYN queue without cookies", NULL, judge_syn_queue},
    {"a filter, rate limit or full tracker table on the way", NULL, always_possible},
    {"loss of every try", NULL, always_possible},
    {"a service that was down", "A service or host that is down: another SYN of this address was answered meanwhile.",
     judge_down},
    {NULL, NULL, NULL},
};
