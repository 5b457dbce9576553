/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two ends, each of which takes the other's ACK for unacceptable and says so with an ACK (RFC 9293, section 3.10.7.4;
 * RFC 5961, section 7). */
#include "detectors/detectors.h"

#include "tcptriage/sequence.h"

typedef struct war_memory {
    tcpt_finding *finding; /* one per flow */
    tcpt_record *first;
} war_memory;

/* What makes an ACK from `end` unacceptable, as far as the other end's own numbers tell. */
static const char *quarrel(const tcpt_flow *flow, unsigned end)
{
    const tcpt_pure_ack *mine = &flow->ends[end].pure_ack, *theirs = &flow->ends[!end].pure_ack;

    if (seq_after(mine->ack, theirs->seq))
        return "acknowledges bytes that the other end has not sent";
    if (seq_before(mine->seq, theirs->ack))
        return "speaks from numbers that the other end has already acknowledged";
    if (seq_after(mine->seq, theirs->ack))
        return "speaks from numbers that the other end has not reached";
    return NULL;
}

static void complete(const tcpt_context *context, tcpt_finding *finding)
{
    const tcpt_flow *flow = context->flow;
    unsigned end = quarrel(flow, flow->client) ? flow->client : !flow->client;
    const char *reason = quarrel(flow, end);
    int64_t lasted_ns = context->segment->time_ns - flow->acks_first_ns;

    tcpt_brief(finding, "ACK war: %u rounds in %.1f s, nothing gets through", context->seen->war_acks / 2,
               tcpt_as_seconds(lasted_ns));
    tcpt_set_delay(finding, lasted_ns);
    tcpt_resummarise(finding, "The same two ACKs bounce back and forth, %u rounds in %.1f s: the %s%s%s",
                     context->seen->war_acks / 2, tcpt_as_seconds(lasted_ns),
                     reason ? tcpt_role(flow, end) : "two ends", reason ? " " : " keep answering each other",
                     reason ? reason : "");
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    war_memory *mine = memory;

    if (context->seen->really_bad)
        return;
    if (mine->finding) {
        if (mine->first == flow->acks_first)
            complete(context, mine->finding);
        return;
    }
    mine->first = flow->acks_first;
    mine->finding = tcpt_raise(context, flow->both_ways && !flow->duplicates ? TCPT_HIGH : TCPT_MEDIUM, " ");
    complete(context, mine->finding);
    tcpt_relate(mine->finding, flow->acks_first);
    tcpt_relate(mine->finding, flow->ends[!context->seen->from].last_record);
    tcpt_rule_out(mine->finding, "Keep-alive and zero-window probing: no ACK of the exchange is a probe.");
    tcpt_rule_out(mine->finding, "Bytes that the capture lacks: the other end repeats that it has not sent them.");
}

static const char *const explains[] = {"challenge_ack", "conntrack_invalid", "acked_data_retransmitted", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -K 'dport = :%port% and dst %server%'", "closes it there, where the kernel allows that"},
    {TCPT_ON_CLIENT, "tcpdump -ni any -vS '%traffic%'",
     "absolute numbers: from which point on do those of the two ends differ?"},
    {TCPT_ON_SERVER, "tcpdump -ni any -vS '%traffic%'", "the same on the other end"},
    {0},
};

const tcpt_detector tcpt_ack_war = {
    .id = "ack_war",
    .message = "ACK war: the same ACKs back and forth without end",
    .mistaken = "duplicate ACKs after a loss",
    .explanation =
        "Each end finds the other's numbers unacceptable, drops the segment and answers with its own numbers, "
        "which the other finds unacceptable. Nothing gets through and it does not end by itself. Consistent "
        "with a device on the path that has added, removed or renumbered bytes in one direction only, with an "
        "injected segment, or with one end restored from a snapshot. Two Linux ends fall into it only where "
        "the round trip is longer than 500 ms, their limit for such answers.",
    .remedy = "Close the connection at one end. Then compare sequence numbers at both ends of the path: the device "
              "between the points where they part is the cause (proxy, TCP optimiser, ISN rewriting, load balancer "
              "failover).",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4; RFC 5961 sections 5.2 and 7; Linux tcp_oow_rate_limited(), "
                 "sysctl net.ipv4.tcp_invalid_ratelimit",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_ACK_WAR,
    .memory_bytes = sizeof(war_memory),
    .judge = judge,
};
