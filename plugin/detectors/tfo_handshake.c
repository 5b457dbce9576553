/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a Fast Open exchange ended (RFC 7413). */
#include "detectors/detectors.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

typedef struct tfo_memory {
    tcpt_finding *cookie_sent; /* a cookie without data: only early data will show that it was taken */
    bool raised;
} tfo_memory;

/* Retries are plain, without option or data (RFC 7413, section 4.2.1; Linux, tcp_retransmit_skb()). When one is
 * answered at once, the SYN with the option got no answer: nobody has refused or ignored it. */
static bool answers_plain_retry(const tcpt_context *context)
{
    tcpt_syn_delay kind = context->seen->syn_delay;

    return kind != TCPT_SYN_DELAY_NONE && kind != TCPT_SYN_DELAY_ANSWER_LOST &&
           !(context->segment->options & TCPT_OPTION_FAST_OPEN);
}

static const char *outcome_of(const tcpt_context *context, const tcpt_endpoint *client, const tcpt_segment *syn_ack)
{
    bool cookie = syn_ack->options & TCPT_OPTION_FAST_OPEN && syn_ack->fast_open_bytes;
    uint32_t taken = syn_ack->ack - client->iss - 1;

    if (!taken && answers_plain_retry(context))
        return "no_answer";
    if (!client->fast_open_bytes && !client->syn_payload_bytes)
        return cookie ? "cookie_granted" : "option_ignored";
    if (!client->syn_payload_bytes)
        return cookie ? "cookie_refused" : "cookie_sent";
    if (taken >= client->syn_payload_bytes)
        return "syn_data_accepted";
    if (taken > 0)
        return "syn_data_partly_accepted";
    return cookie ? "cookie_refused" : "syn_data_refused";
}

static const char *request_of(const tcpt_endpoint *client)
{
    if (!client->fast_open_bytes)
        return "asks for a cookie";
    return client->syn_payload_bytes ? "carries a cookie and data" : "carries a cookie without data";
}

static tcpt_finding *raise_outcome(const tcpt_context *context, const char *outcome)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    tcpt_finding *finding = tcpt_raise(context, TCPT_HIGH, "Fast Open: the SYN %s (%u bytes of data); outcome %s",
                                       request_of(client), client->syn_payload_bytes, outcome);

    tcpt_brief(finding, "Fast Open: %s", outcome);
    tcpt_set_text(finding, TCPT_F_TFO_OUTCOME, outcome);
    return finding;
}

static void judge_syn_ack(const tcpt_context *context, tfo_memory *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    uint32_t behind_data = client->iss + 1 + client->syn_payload_bytes;
    tcpt_finding *finding;

    if (memory->raised || !(context->segment->flags & TCPT_ACK) || !seq_after(context->segment->ack, client->iss) ||
        seq_after(context->segment->ack, behind_data))
        return;
    memory->raised = true;
    finding = raise_outcome(context, outcome_of(context, client, context->segment));
    tcpt_relate(finding, client->last_record);
    if (client->fast_open_bytes && !client->syn_payload_bytes && !(context->segment->options & TCPT_OPTION_FAST_OPEN) &&
        !answers_plain_retry(context))
        memory->cookie_sent = finding;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    tfo_memory *mine = memory;

    if (!flow->ends[flow->client].fast_open || context->seen->from == flow->client || context->seen->really_bad)
        return;
    if (context->segment->flags & TCPT_RST)
        return;
    if (context->segment->flags & TCPT_SYN) {
        judge_syn_ack(context, mine);
        return;
    }
    if (mine->cookie_sent && context->seen->new_payload) {
        tcpt_set_text(mine->cookie_sent, TCPT_F_TFO_OUTCOME, "cookie_accepted");
        tcpt_resummarise(mine->cookie_sent,
                         "Fast Open: the SYN carries a cookie without data; outcome cookie_accepted, by the early data "
                         "in frame %u",
                         context->record->frame);
        tcpt_brief(mine->cookie_sent, "Fast Open: cookie_accepted");
        tcpt_relate(mine->cookie_sent, context->record);
        mine->cookie_sent = NULL;
    }
}

/* A single SYN at the very end of a capture may still be answered. */
static bool may_be_answered(int64_t waited_ns)
{
    return waited_ns < tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    const tfo_memory *mine = memory;

    if (!client->fast_open || server->segment_count || mine->raised)
        return;
    if (client->syn_count < 2 && may_be_answered(context->now_ns - client->syn_ns))
        return;
    raise_outcome(context, "no_answer");
}

static bool settles_lone_syn(const tcpt_lone_syn *syn)
{
    return (syn->options & TCPT_OPTION_FAST_OPEN) && !may_be_answered(syn->waited_ns);
}

static const tcpt_field fields[] = {TCPT_F_TFO_OUTCOME, TCPT_FIELD_COUNT};

static const char *const explains[] = {"tfo_early_data", "conntrack_scale_reset", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_fastopen", "2 is set: the server takes part"},
    {0},
};

const tcpt_detector tcpt_tfo_handshake = {
    .id = "tfo_handshake",
    .message = "TCP Fast Open was tried",
    .explanation =
        "The client's SYN carries the Fast Open option. The outcome says whether the server granted a cookie, "
        "took the data in the SYN, or fell back to the ordinary handshake.",
    .remedy = "Nothing to fix by itself. A SYN with Fast Open that gets no answer while a plain one does points to a "
              "device that drops unknown options or data in SYNs.",
    .commands = commands,
    .reference = "RFC 7413 sections 3 and 4; Linux tcp_fastopen.c",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_FAST_OPEN,
    .memory_bytes = sizeof(tfo_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
    .settles_lone_syn = settles_lone_syn,
};
