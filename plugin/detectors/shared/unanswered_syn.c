/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/unanswered_syn.h"

#include "tcptriage/limits.h"
#include "tcptriage/peers.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

enum { TRIES = 3 }; /* two in a row may be lost together */

bool tcpt_syn_retried(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];

    if (!(context->segment->flags & TCPT_SYN) || context->seen->from != flow->client || context->seen->really_bad)
        return false;
    if (!client->syn || client->iss != context->segment->seq || context->seen->syn_count < TRIES)
        return false;
    if (flow->crowd == TCPT_CROWD_PORTS || context->seen->crowd == TCPT_CROWD_PORTS)
        return false; /* port_scan tells of it as a whole. Who asks many addresses three times each may be a client */
    return !flow->ends[!flow->client].segment_count;
}

bool tcpt_syn_left_out(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_pair *pair = context->seen->pair;

    if (!pair || !pair->answered || !tcpt_syn_retried(context))
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

/* One incident is all tries of this SYN: whoever was answered at this port meanwhile, the service was there. */
static tcpt_judgement judge_down(const tcpt_context *context, GString *evidence, const char **why_not)
{
    const tcpt_listener *listener = context->seen->listener;
    int64_t since_ns = context->flow->first_ns;

    (void)evidence;
    *why_not = "A service or host that is down: another SYN to this port was answered between the tries.";
    if (context->seen->pair->answered_ns >= since_ns || (listener && listener->answered_ns >= since_ns))
        return TCPT_CAUSE_RULED_OUT;
    return TCPT_CAUSE_POSSIBLE;
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

/* Does the server have any timestamp of this address? */
static bool stamps_seen(const tcpt_pair *pair)
{
    return pair->first_ns || (pair->busy && pair->busy->closed_by_server);
}

/* tcp_tw_recycle: without a connection that the server was seen to close first, nobody knows what it remembers. */
static tcpt_judgement judge_timestamps(const tcpt_context *context, GString *evidence, const char **why_not)
{
    const tcpt_busy *busy = context->seen->pair->busy;
    bool stamped = context->flow->ends[context->flow->client].syn_options & TCPT_OPTION_TIMESTAMPS;
    int32_t delta;

    if (tcpt_tsval_behind(context, &delta)) {
        g_string_append_printf(evidence, "frame %u", busy->closed_record->frame);
        return TCPT_CAUSE_LIKELY;
    }
    *why_not = "Timestamps that a server compares per address (tcp_tw_recycle): no SYN of this address has any.";
    if (!stamped && !stamps_seen(context->seen->pair))
        return TCPT_CAUSE_RULED_OUT;
    *why_not = "Timestamps that a server compares per address (tcp_tw_recycle): this one is not behind those that it "
               "took.";
    if (stamped && older_one_was_answered(context))
        return TCPT_CAUSE_RULED_OUT;
    if (!busy || !busy->closed_by_server ||
        context->segment->time_ns - busy->closed_ns >= tcpt_seconds_ns(TCPT_RECYCLE_SECONDS))
        return TCPT_CAUSE_POSSIBLE;
    if (stamped && seq_delta(context->segment->tsval, busy->closed_tsval) >= -1)
        return TCPT_CAUSE_RULED_OUT;
    return TCPT_CAUSE_POSSIBLE; /* since Linux 3.17 a SYN without timestamp is dropped there, too */
}

/* The host with the TIME-WAIT would answer with an ACK, which may be lost; a device between that keeps the connection
 * for as long drops the SYN, whichever end closed first. time_wait_reuse stands on the same SYN then. */
static tcpt_judgement judge_time_wait(const tcpt_context *context, GString *evidence, const char **why_not)
{
    const tcpt_flow *old = tcpt_life_in_time_wait(context->flow, context->settings);

    *why_not =
        "A TIME-WAIT collision: no connection of this 4-tuple was closed shortly before, as far as was captured.";
    if (!old)
        return TCPT_CAUSE_RULED_OUT;
    g_string_append_printf(evidence, "frame %u", old->last_record->frame);
    return TCPT_CAUSE_LIKELY;
}

/* A tracker takes a SYN for invalid only where it holds an entry that was opened from the other side. */
static tcpt_judgement judge_tracker(const tcpt_context *context, GString *evidence, const char **why_not)
{
    const tcpt_flow *old = tcpt_life_before(context->flow);

    *why_not = "A tracker that calls it INVALID: no connection of the same ports in the other direction was seen.";
    if (!old || !old->last_record || old->client == context->flow->client)
        return TCPT_CAUSE_RULED_OUT; /* without a record: all that was seen of it was damaged */
    g_string_append_printf(evidence, "frame %u", old->last_record->frame);
    return TCPT_CAUSE_LIKELY;
}

static tcpt_judgement judge_accept_queue(const tcpt_context *context, GString *evidence, const char **why_not)
{
    const tcpt_listener *listener = context->seen->listener;

    (void)why_not;
    if (!listener || !listener->ignored_record ||
        context->segment->time_ns - listener->ignored_ns >= tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        return TCPT_CAUSE_POSSIBLE;
    g_string_append_printf(evidence, "frame %u", listener->ignored_record->frame);
    return TCPT_CAUSE_LIKELY;
}

/* The smallest backlog in use is a handful; a few half-open connections are there at any time. */
static tcpt_judgement judge_syn_queue(const tcpt_context *context, GString *evidence, const char **why_not)
{
    enum { MANY = 8 };
    const tcpt_listener *listener = context->seen->listener;

    (void)why_not;
    if (!listener || tcpt_half_open(listener) < MANY)
        return TCPT_CAUSE_POSSIBLE;
    g_string_append_printf(evidence, "%u half open", tcpt_half_open(listener));
    return TCPT_CAUSE_LIKELY;
}

static tcpt_judgement always_possible(const tcpt_context *context, GString *evidence, const char **why_not)
{
    (void)context, (void)evidence, (void)why_not;
    return TCPT_CAUSE_POSSIBLE;
}

const tcpt_syn_cause tcpt_syn_causes[] = {
    {"TIME-WAIT collision", judge_time_wait},
    {"tracker: INVALID", judge_tracker},
    {"accept queue full", judge_accept_queue},
    {"SYN queue full", judge_syn_queue},
    {"filter", always_possible},
    {"tcp_tw_recycle", judge_timestamps}, /* gone since 2017 (Linux 4.12) */
    {"loss", always_possible},
    {"server down", judge_down},
    {NULL, NULL},
};
