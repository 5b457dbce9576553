/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN reuses a 4-tuple that may still be in TIME-WAIT: by which rule it was accepted, or that it was refused. */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

typedef struct reuse_memory {
    bool raised;
    bool told;             /* nothing more to add */
    bool denied;           /* refused again behind the client's RST: it waits on */
    tcpt_finding *refusal; /* while the client's reset and what becomes of its next SYN may follow */
    tcpt_record *old;      /* of the life that refuses */
    unsigned refusals;     /* answers of that kind, each to a SYN of its own, while no RST came */
    uint32_t refusal_ack;  /* SEQ of the RST that ends TIME-WAIT (RFC 9293, section 3.10.7.3) */
    tcpt_record *reset;    /* that RST */
    int64_t reset_ns;      /* its time */
} reuse_memory;

static bool newer_timestamp(const tcpt_flow *flow, const tcpt_flow *old)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *then = &old->ends[flow->client];

    return (client->syn_options & TCPT_OPTION_TIMESTAMPS) &&
           (old->ends[0].syn_options & old->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) &&
           seq_after(client->syn_tsval, then->newest_tsval);
}

static tcpt_finding *raise_reuse(const tcpt_context *context, const tcpt_flow *old, const char *outcome,
                                 const char *meaning)
{
    const tcpt_flow *flow = context->flow;
    int64_t gap_ns = flow->first_ns - old->last_ns;
    tcpt_finding *finding =
        tcpt_raise(context, TCPT_HIGH, "4-tuple in use until frame %u (%.3f s before): the new SYN %s",
                   old->last_record->frame, tcpt_as_seconds(gap_ns), meaning);

    tcpt_set_number(finding, TCPT_F_TIME_WAIT_GAP, gap_ns);
    tcpt_set_text(finding, TCPT_F_TIME_WAIT_OUTCOME, outcome);
    tcpt_relate(finding, flow->ends[flow->client].last_record);
    tcpt_relate(finding, old->last_record);
    return finding;
}

static void raise_refusal(const tcpt_context *context, reuse_memory *mine, const tcpt_flow *old)
{
    mine->refusal = raise_reuse(context, old, "refused_old_ack", "is answered with an ACK of the old connection");
    mine->old = old->record;
    mine->refusal_ack = context->segment->ack;
    mine->refusals = 1;
    tcpt_brief(mine->refusal, "TIME-WAIT: SYN refused with an ACK of the old connection");
}

/* What the refusal's summary begins with, for what follows. */
#define REFUSED "4-tuple in use until frame %u (%.3f s before): SYN refused by an old ACK; "

static unsigned last_frame(const reuse_memory *mine)
{
    return tcpt_flow_of(mine->old)->last_record->frame;
}

static double gap_seconds(const tcpt_flow *flow, const reuse_memory *mine)
{
    return tcpt_as_seconds(flow->first_ns - tcpt_flow_of(mine->old)->last_ns);
}

/* The refusal comes again, on a SYN that was sent after the RST. `flow` is the one that was refused first. */
static void deny_reset(const tcpt_context *context, const tcpt_flow *flow, const reuse_memory *mine)
{
    tcpt_resummarise(mine->refusal, REFUSED "RST (frame %u) did not end it: the SYN is refused again (frame %u)",
                     last_frame(mine), gap_seconds(flow, mine), mine->reset->frame, context->record->frame);
    tcpt_brief(mine->refusal, "TIME-WAIT: SYN refused, and again after the RST");
    tcpt_set_delay(mine->refusal, context->now_ns - flow->first_ns);
    tcpt_relate(mine->refusal, context->record);
}

static void tell_acceptance(const tcpt_context *context, const reuse_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    int64_t wait_ns = context->now_ns - flow->first_ns;

    if (mine->reset && !mine->denied)
        tcpt_resummarise(mine->refusal, REFUSED "RST (frame %u) ended it, accepted %.3f s later (frame %u)",
                         last_frame(mine), gap_seconds(flow, mine), mine->reset->frame, tcpt_as_seconds(wait_ns),
                         context->record->frame);
    else
        tcpt_resummarise(mine->refusal, REFUSED "accepted %.3f s later (frame %u)", last_frame(mine),
                         gap_seconds(flow, mine), tcpt_as_seconds(wait_ns), context->record->frame);
    tcpt_brief(mine->refusal, "TIME-WAIT: SYN refused, accepted %.1f s later", tcpt_as_seconds(wait_ns));
    tcpt_set_delay(mine->refusal, wait_ns);
    tcpt_relate(mine->refusal, flow->ends[flow->client].last_record);
    tcpt_relate(mine->refusal, context->record);
}

/* A client that gets the refusal resets it (RFC 9293, section 3.10.7.3). */
static void tell_no_reset(const tcpt_context *context, reuse_memory *mine)
{
    const tcpt_flow *flow = context->flow;

    mine->refusals++;
    tcpt_resummarise(mine->refusal,
                     REFUSED "%u in all, and the client resets none: does a filter or SYN proxy swallow the ACKs?",
                     last_frame(mine), gap_seconds(flow, mine), mine->refusals);
    tcpt_brief(mine->refusal, "TIME-WAIT: SYN refused %u times, no RST ends it", mine->refusals);
    tcpt_set_delay(mine->refusal, context->now_ns - flow->first_ns);
    tcpt_relate(mine->refusal, context->record);
}

/* The refusal's story goes on: the client's RST, exact by the refusal's ACK, and the answer to its next SYN. */
static void follow_refusal(const tcpt_context *context, reuse_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_segment *segment = context->segment;
    bool by_client = context->seen->from == flow->client;

    if (by_client && !mine->reset && (segment->flags & TCPT_RST) && segment->seq == mine->refusal_ack) {
        mine->reset = context->record;
        mine->reset_ns = segment->time_ns;
        tcpt_resummarise(mine->refusal, REFUSED "the client's RST (frame %u) ends it", last_frame(mine),
                         gap_seconds(flow, mine), context->record->frame);
        tcpt_relate(mine->refusal, context->record);
    } else if (!by_client && mine->denied && context->seen->old_numbers && context->seen->pure_ack) {
        tcpt_set_delay(mine->refusal, context->now_ns - flow->first_ns);
    } else if (!by_client && mine->reset && context->seen->old_numbers && context->seen->pure_ack &&
               flow->ends[flow->client].syn_ns > mine->reset_ns) {
        mine->denied = true;
        deny_reset(context, flow, mine);
    } else if (!by_client && !mine->reset && context->seen->old_numbers && context->seen->pure_ack &&
               flow->ends[flow->client].syn_count > mine->refusals) {
        tell_no_reset(context, mine);
    } else if (!by_client && (segment->flags & TCPT_SYN)) {
        mine->told = true;
        tell_acceptance(context, mine);
    }
}

/* The attempt before said that its RST had ended TIME-WAIT. */
static void correct_attempt_before(const tcpt_context *context)
{
    const tcpt_flow *before = tcpt_life_before(context->flow);
    reuse_memory *then = tcpt_memory_of(before, context->detector);

    if (!then || !then->refusal || !then->reset || then->told || then->denied)
        return;
    then->told = true;
    deny_reset(context, before, then);
}

/* Lives are looked through one by one, and a tuple that is used again and again has many: only where there is something
 * to tell. */
static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow, *old;
    bool refuses = context->seen->old_numbers && context->seen->pure_ack;
    reuse_memory *mine = memory;

    if (context->seen->really_bad || mine->told)
        return;
    if (mine->refusal) {
        follow_refusal(context, mine);
        return;
    }
    if (mine->raised || context->seen->from == flow->client || !(refuses || (context->segment->flags & TCPT_SYN)))
        return;
    old = refuses ? tcpt_life_that_refuses(flow, context->settings) : tcpt_life_in_time_wait(flow, context->settings);
    if (!old)
        return;
    if (refuses) {
        correct_attempt_before(context);
        raise_refusal(context, mine, old);
    } else if (newer_timestamp(flow, old)) {
        tcpt_brief(raise_reuse(context, old, "accepted_by_timestamp", "was accepted, its timestamp is newer"),
                   "TIME-WAIT reused: newer timestamp, accepted");
    } else {
        tcpt_brief(raise_reuse(context, old, "accepted_by_isn", "was accepted by its initial sequence number"),
                   "TIME-WAIT reused: higher sequence number, accepted");
    }
    mine->raised = true;
}

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_flow *old = tcpt_life_in_time_wait(flow, context->settings);
    const reuse_memory *mine = memory;

    if (!old || mine->raised || flow->both_ways || flow->ends[flow->client].syn_count < 2)
        return;
    tcpt_brief(raise_reuse(context, old, "unanswered", "was not answered at all"),
               "TIME-WAIT? SYN of a reused 4-tuple gets no answer");
}

static const tcpt_field fields[] = {TCPT_F_TIME_WAIT_GAP, TCPT_F_TIME_WAIT_OUTCOME, TCPT_FIELD_COUNT};

static const char *const explains[] = {
    "syn_unanswered",   "connect_unanswered", "connection_refused", "tsval_backwards", "challenge_ack",
    "syn_in_live_flow", "rst_seq_mismatch",   "conntrack_invalid",  "syn_delayed",     NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -Htan '%socket%' | wc -l", "ports in use, those in TIME-WAIT included"},
    {TCPT_ON_CLIENT, "sysctl net.ipv4.ip_local_port_range", "how many there are"},
    {TCPT_ON_SERVER, "ss -Htan state time-wait '%socket%' | wc -l", "connections that the server remembers"},
    {0},
};

const tcpt_detector tcpt_time_wait_reuse = {
    .id = "time_wait_reuse",
    .message = "A 4-tuple is used again within its TIME-WAIT",
    .mistaken = "a lost SYN",
    .explanation =
        "One side still remembers the connection before (TIME-WAIT, 60 s on Linux). It accepts a SYN with a newer "
        "timestamp or a higher initial sequence number; any other it answers with an ACK that carries the old "
        "numbers, which the client resets, so that only its next SYN works. Stock analysis calls these "
        "\"ACKed unseen segment\" and \"port numbers reused\".",
    .remedy = "If connects take a second longer now and then: give the client (or the NAT before it) more ports or "
              "addresses, "
              "keep connections open, or let the client close first.",
    .commands = commands,
    .reference = "RFC 9293 section 3.6.1; RFC 6191 section 2; Linux tcp_timewait_state_process()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PAIR,
    .explains = explains,
    .wants = TCPT_TRAIT_REOPENED,
    .memory_bytes = sizeof(reuse_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
