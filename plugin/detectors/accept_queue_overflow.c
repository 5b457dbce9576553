/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake's final ACK was ignored: the SYN-ACK is sent again. */
#include "detectors/detectors.h"

typedef struct overflow_memory {
    tcpt_finding *finding;
} overflow_memory;

/* What an ACK needs to reach the server, and the server to act on it. */
enum { REACT_MS = 20 };

/* What the ACK needs to reach the server and back. After a SYN that was sent again nobody knows which one was answered
 * (Karn): then the longest that it can be. */
static int64_t longest_rtt_ns(const tcpt_flow *flow)
{
    int64_t rtt_ns = flow->ends[!flow->client].rtt_ns;

    return rtt_ns ? rtt_ns : flow->first_ack_ns - flow->first_ns;
}

static void judge_repeat(const tcpt_context *context, overflow_memory *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    int64_t stall_ns = context->segment->time_ns - flow->first_ack_ns;

    if (server->segment_count != server->syn_count || client->fast_open || context->segment->seq != server->iss)
        return;
    if (memory->finding || client->rcv_nxt != server->iss + 1)
        return;
    /* A server with TCP_DEFER_ACCEPT ignores a bare ACK on purpose; with the client's data it has no reason to. */
    if (!client->payload_segments)
        return;
    if (stall_ns < longest_rtt_ns(flow) + REACT_MS * TCPT_MS_NS || server->syn_count < client->syn_count)
        return; /* it was on the way already, or answers a SYN of its own */
    memory->finding =
        tcpt_raise(context, flow->side == TCPT_SIDE_SERVER ? TCPT_HIGH : TCPT_MEDIUM,
                   "The final ACK of the handshake (frame %u) had no effect for %.1f s: the SYN-ACK comes again, and the "
                   "client's data goes unanswered",
                   flow->first_ack_record->frame, tcpt_as_seconds(stall_ns));
    tcpt_set_number(memory->finding, TCPT_F_SYN_STALL, stall_ns);
    tcpt_relate(memory->finding, flow->first_ack_record);
    tcpt_relate(memory->finding, client->payload_record);
    tcpt_rule_out(memory->finding, "Loss of the SYN-ACK: the client answered it.");
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    overflow_memory *mine = memory;

    if (context->seen->from == flow->client || !flow->handshake_done || context->seen->really_bad)
        return;
    if (context->segment->flags & TCPT_SYN)
        judge_repeat(context, mine);
}

static const tcpt_field fields[] = {TCPT_F_SYN_STALL, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_accept_queue_overflow = {
    .id = "accept_queue_overflow",
    .message = "A valid final ACK was ignored: accept queue full?",
    .explanation = "The client believes that it is connected, the server sends its SYN-ACK again: consistent with an accept "
                   "queue that is full because the application does not accept() fast enough; Linux then drops the final "
                   "ACK. Loss of that ACK behind the capture point looks the same once.",
    .remedy = "On the server: ss -ltn (Recv-Q against Send-Q) and nstat TcpExtListenOverflows. Accept faster, or raise the "
              "backlog of listen() together with net.core.somaxconn.",
    .reference = "Linux tcp_check_req(), tcp_v4_syn_recv_sock(), reqsk_timer_handler()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .wants = TCPT_TRAIT_SYN,
    .memory_bytes = sizeof(overflow_memory),
    .fields = fields,
    .judge = judge,
};
