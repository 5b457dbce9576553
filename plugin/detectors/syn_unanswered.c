/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN gets no answer while others of its address to the same port do. */
#include "core/unanswered_syn.h"
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

typedef struct unanswered_memory {
    tcpt_finding *finding;
} unanswered_memory;

static void rule_out(const tcpt_context *context, tcpt_finding *finding)
{
    const tcpt_flow *flow = context->flow;
    int32_t delta;

    if (context->seen->pair->answered_ns >= flow->first_ns)
        tcpt_rule_out(finding, "A service or host that is down: another SYN of this address was answered meanwhile.");
    if (!flow->previous)
        tcpt_rule_out(finding, "A TIME-WAIT collision: the capture holds no earlier connection of this 4-tuple, and it "
                               "would have drawn an ACK.");
    if (!(context->segment->options & TCPT_OPTION_TIMESTAMPS))
        tcpt_rule_out(finding, "Timestamps that run backwards: this SYN carries none.");
    else if (!tcpt_tsval_behind(context, &delta))
        tcpt_rule_out(finding, "Timestamps that run backwards (tcp_tw_recycle): this one is not behind what the server saw.");
    if (!flow->previous || flow->previous->client == flow->client)
        tcpt_rule_out(finding, "A tracker that calls it INVALID: no connection of the same ports in the other direction was seen.");
}

static void complete(const tcpt_context *context, tcpt_finding *finding, uint32_t tries)
{
    int32_t delta;

    tcpt_resummarise(finding,
                     "SYN without an answer, %u tries in %.1f s, while %u others of this address to this port were answered: "
                     "possible are %sa full accept or SYN queue, a rate limit or full tracker table on the way, or loss",
                     tries, tcpt_as_seconds(context->segment->time_ns - context->flow->first_ns),
                     context->seen->pair->answered,
                     tcpt_tsval_behind(context, &delta) ? "a server that compares timestamps per address (tcp_tw_recycle), "
                                                        : "");
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, tries);
}

static void judge(const tcpt_context *context, void *memory)
{
    unanswered_memory *mine = memory;
    uint32_t tries = context->flow->ends[context->flow->client].syn_count + 1;

    if (!tcpt_syn_left_out(context))
        return;
    if (mine->finding) {
        complete(context, mine->finding, tries);
        return;
    }
    mine->finding = tcpt_raise(context, TCPT_MEDIUM, " ");
    complete(context, mine->finding, tries);
    tcpt_set_number(mine->finding, TCPT_F_SYN_SIBLINGS_ANSWERED, context->seen->pair->answered);
    tcpt_relate(mine->finding, context->flow->ends[context->flow->client].last_record);
    tcpt_relate(mine->finding, context->seen->pair->answered_record);
    rule_out(context, mine->finding);
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_F_SYN_SIBLINGS_ANSWERED, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_syn_unanswered = {
    .id = "syn_unanswered",
    .message = "SYN without an answer while others of its address are answered",
    .explanation = "The server is up and answers this very address on this very port, only not this SYN, repeats included. "
                   "So something picks: a queue that is full for moments, a filter, or a host that compares timestamps.",
    .remedy = "Capture on the server: does the SYN arrive? If so look at nstat (TcpExtListenDrops, TcpExtListenOverflows, "
              "TcpExtPAWSPassive, TcpExtTCPReqQFullDrop) and conntrack -S (drop, insert_failed); if not, at the devices before "
              "it.",
    .reference = "Linux tcp_conn_request(), tcp_peer_is_proven() (before 4.12); RFC 9293 section 3.5",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .wants = TCPT_TRAIT_SYN,
    .memory_bytes = sizeof(unanswered_memory),
    .fields = fields,
    .judge = judge,
};
