/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN reuses a 4-tuple that may still be in TIME-WAIT: by which rule it was accepted, or that it was refused. */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

typedef struct reuse_memory {
    bool raised;
    bool told;             /* nothing more to add */
    tcpt_finding *refusal; /* while the client's reset and what becomes of its next SYN may follow */
    uint32_t refusal_ack;  /* SEQ of the RST that ends TIME-WAIT (RFC 9293, section 3.10.7.3) */
    tcpt_record *reset;    /* that RST */
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
    tcpt_finding *finding = tcpt_raise(
        context, TCPT_HIGH, "These addresses and ports were in use until frame %u, %.3f s before: the new SYN %s",
        old->last_record->frame, tcpt_as_seconds(gap_ns), meaning);

    tcpt_set_number(finding, TCPT_F_TIME_WAIT_GAP, gap_ns);
    tcpt_set_text(finding, TCPT_F_TIME_WAIT_OUTCOME, outcome);
    tcpt_relate(finding, flow->ends[flow->client].last_record);
    tcpt_relate(finding, old->last_record);
    return finding;
}

/* The refusal's story goes on: the client's RST, exact by the refusal's ACK, and the answer to its next SYN. */
static void follow_refusal(const tcpt_context *context, reuse_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_segment *segment = context->segment;
    bool by_client = context->seen->from == flow->client;
    char *so_far = tcpt_summary(mine->refusal); /* is replaced */

    if (by_client && !mine->reset && (segment->flags & TCPT_RST) && segment->seq == mine->refusal_ack) {
        mine->reset = context->record;
        tcpt_resummarise(mine->refusal, "%s; the client's RST (frame %u) ends TIME-WAIT", so_far,
                         context->record->frame);
        tcpt_relate(mine->refusal, context->record);
    } else if (!by_client && (segment->flags & TCPT_SYN)) {
        mine->told = true;
        tcpt_resummarise(mine->refusal, "%s, and %.3f s after the first SYN one is accepted (frame %u)", so_far,
                         tcpt_as_seconds(segment->time_ns - flow->first_ns), context->record->frame);
        tcpt_relate(mine->refusal, flow->ends[flow->client].last_record);
        tcpt_relate(mine->refusal, context->record);
    }
    g_free(so_far);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_flow *old = tcpt_life_in_time_wait(flow, context->settings);
    reuse_memory *mine = memory;

    if (context->seen->really_bad || mine->told)
        return;
    if (mine->refusal) {
        follow_refusal(context, mine);
        return;
    }
    if (!old || mine->raised || context->seen->from == flow->client)
        return;
    if (context->seen->old_numbers && context->seen->pure_ack) {
        mine->refusal =
            raise_reuse(context, old, "refused_old_ack", "was refused with an ACK that carries the old numbers");
        mine->refusal_ack = context->segment->ack;
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

    if (!old || mine->raised || flow->both_ways || flow->ends[flow->client].syn_count < 2)
        return;
    raise_reuse(context, old, "unanswered", "was not answered at all");
}

static const tcpt_field fields[] = {TCPT_F_TIME_WAIT_GAP, TCPT_F_TIME_WAIT_OUTCOME, TCPT_FIELD_COUNT};

static const char *const explains[] = {"syn_unanswered",
                                       "tsval_backwards",
                                       "challenge_ack",
                                       "syn_in_live_flow",
                                       "rst_seq_mismatch",
                                       "conntrack_invalid",
                                       NULL};

const tcpt_detector tcpt_time_wait_reuse = {
    .id = "time_wait_reuse",
    .message = "A 4-tuple is used again within its TIME-WAIT",
    .explanation =
        "One side still remembers the connection before (TIME-WAIT, 60 s on Linux). It accepts a SYN with a newer "
        "timestamp or a higher initial sequence number; any other it answers with an ACK that carries the old "
        "numbers, which the client resets, so that only its next SYN works. Stock analysis calls these "
        "\"ACKed unseen segment\" and \"port numbers reused\".",
    .remedy = "If connects take a second longer now and then: give the client (or the NAT before it) more ports or "
              "addresses, "
              "keep connections open, or let the client close first.",
    .reference = "RFC 9293 section 3.6.1; RFC 6191 section 2; Linux tcp_timewait_state_process()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PAIR,
    .explains = explains,
    .wants = TCPT_TRAIT_HANDSHAKE,
    .memory_bytes = sizeof(reuse_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
