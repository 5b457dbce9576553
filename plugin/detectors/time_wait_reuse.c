/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN reuses a 4-tuple that may still be in TIME-WAIT: by which rule it was accepted, or that it was refused. */
#include "core/lives.h"
#include "detectors/detectors.h"

#include "tcptriage/sequence.h"

typedef struct reuse_memory {
    bool raised;
} reuse_memory;

static bool newer_timestamp(const tcpt_flow *flow, const tcpt_flow *old)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *then = &old->ends[flow->client];

    return (client->syn_options & TCPT_OPTION_TIMESTAMPS) &&
           (old->ends[0].syn_options & old->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) &&
           seq_after(client->syn_tsval, then->newest_tsval);
}

static void raise_reuse(const tcpt_context *context, const tcpt_flow *old, const char *outcome, const char *meaning)
{
    const tcpt_flow *flow = context->flow;
    int64_t gap_ns = flow->first_ns - old->last_ns;
    tcpt_finding *finding = tcpt_raise(context, TCPT_HIGH,
                                       "These addresses and ports were in use until frame %u, %.3f s before: the new SYN %s",
                                       old->last_record->frame, tcpt_as_seconds(gap_ns), meaning);

    tcpt_set_number(finding, TCPT_F_TIME_WAIT_GAP, gap_ns);
    tcpt_set_text(finding, TCPT_F_TIME_WAIT_OUTCOME, outcome);
    tcpt_relate(finding, flow->ends[flow->client].last_record);
    tcpt_relate(finding, old->last_record);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_flow *old = tcpt_life_in_time_wait(flow, context->settings);
    reuse_memory *mine = memory;

    if (!old || mine->raised || context->seen->from == flow->client || context->seen->really_bad)
        return;
    if (context->seen->old_numbers && context->seen->pure_ack) {
        raise_reuse(context, old, "refused_old_ack",
                    "was refused with an ACK that carries the old numbers (the client's RST and its next SYN follow)");
    } else if ((context->segment->flags & TCPT_SYN) && newer_timestamp(flow, old)) {
        raise_reuse(context, old, "accepted_by_timestamp", "was accepted, its timestamp is newer");
    } else if (context->segment->flags & TCPT_SYN) {
        raise_reuse(context, old, "accepted_by_isn", "was accepted by its initial sequence number");
    } else {
        return;
    }
    mine->raised = true;
}

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_flow *old = tcpt_life_in_time_wait(flow, context->settings);
    const reuse_memory *mine = memory;

    if (!old || (mine && mine->raised) || flow->both_ways || flow->ends[flow->client].syn_count < 2)
        return;
    raise_reuse(context, old, "unanswered", "was not answered at all");
}

static const tcpt_field fields[] = {TCPT_F_TIME_WAIT_GAP, TCPT_F_TIME_WAIT_OUTCOME, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_time_wait_reuse = {
    .id = "time_wait_reuse",
    .message = "A 4-tuple is used again within its TIME-WAIT",
    .explanation = "One side still remembers the connection before (TIME-WAIT, 60 s on Linux). It accepts a SYN with a newer "
                   "timestamp or a higher initial sequence number; any other it answers with an ACK that carries the old "
                   "numbers, which the client resets, so that only its next SYN works. Stock analysis calls these "
                   "\"ACKed unseen segment\" and \"port numbers reused\".",
    .remedy = "If connects take a second longer now and then: give the client (or the NAT before it) more ports or addresses, "
              "keep connections open, or let the client close first.",
    .reference = "RFC 9293 section 3.6.1; RFC 6191 section 2; Linux tcp_timewait_state_process()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .wants = TCPT_TRAIT_HANDSHAKE,
    .memory_bytes = sizeof(reuse_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
