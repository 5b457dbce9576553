/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake's final ACK was ignored: the SYN-ACK is sent again. */
#include "detectors/detectors.h"

typedef struct overflow_memory {
    tcpt_finding *finding;
} overflow_memory;

/* Elsewhere nobody knows whether that ACK has arrived: the router before the server may drop it. */
static bool at_server(const tcpt_flow *flow)
{
    return flow->side == TCPT_SIDE_SERVER && !tcpt_is_behind_router(&flow->ends[!flow->client]);
}

/* So far: the SYN-ACK may come again after 1, 3, 7, 15 and 31 s (tcp_synack_retries). */
static void complete(const tcpt_context *context, tcpt_finding *finding)
{
    const tcpt_flow *flow = context->flow;
    int64_t stall_ns = context->segment->time_ns - flow->first_ack_ns;

    tcpt_resummarise(finding,
                     "The final ACK (frame %u) had no effect for %.1f s: the server sends its SYN-ACK again and does "
                     "not answer the client's data (accept queue full?%s)",
                     flow->first_ack_record->frame, tcpt_as_seconds(stall_ns),
                     at_server(flow) ? "" : " lost on the way?");
    tcpt_brief(finding,
               at_server(flow) ? "Accept queue full? Final ACK ignored for %.1f s"
                               : "Accept queue full, or final ACK lost? %.1f s",
               tcpt_as_seconds(stall_ns));
    tcpt_set_delay(finding, stall_ns);
    tcpt_set_number(finding, TCPT_F_SYN_STALL, stall_ns);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    overflow_memory *mine = memory;

    if (!context->seen->final_ack_ignored || context->seen->really_bad)
        return;
    if (!mine->finding) {
        mine->finding = tcpt_raise(context, at_server(flow) ? TCPT_HIGH : TCPT_MEDIUM, " ");
        tcpt_relate(mine->finding, flow->first_ack_record);
        tcpt_relate(mine->finding, flow->ends[flow->client].payload_record);
        tcpt_rule_out(mine->finding, "Loss of the SYN-ACK: the client answered it.");
    }
    complete(context, mine->finding);
}

static const tcpt_field fields[] = {TCPT_F_SYN_STALL, TCPT_FIELD_COUNT};

static const char *const explains[] = {"syn_unanswered",
                                       "connect_unanswered",
                                       "peer_silent",
                                       "acked_data_retransmitted",
                                       "conntrack_invalid",
                                       "keepalive_dead_peer",
                                       "fin_unacked",
                                       "syn_delayed",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "do the client's ACK and data arrive at all?"},
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "Recv-Q at or above Send-Q: the accept queue is full"},
    {TCPT_ON_SERVER, "nstat -az TcpExtListenOverflows TcpExtListenDrops", "do they grow while clients wait?"},
    {TCPT_ON_SERVER, "sysctl net.core.somaxconn", "the most that any backlog can be"},
    {0},
};

const tcpt_detector tcpt_accept_queue_overflow = {
    .id = "accept_queue_overflow",
    .message = "A valid final ACK was ignored: accept queue full?",
    .mistaken = "loss of the handshake's last ACK",
    .explanation =
        "The client believes that it is connected, the server sends its SYN-ACK again: consistent with an accept "
        "queue that is full because the application does not accept() fast enough; Linux then drops the final "
        "ACK. Away from the server a device that lets the SYN pass and drops what follows it looks the same: a "
        "firewall "
        "that has not seen the SYN-ACK, as that takes another way.",
    .remedy =
        "Accept faster, or raise the backlog of listen() together with net.core.somaxconn. Captured away from the "
        "server: see there first whether the ACK and the data arrive; if not, look for the device that drops them, "
        "and for two different ways there and back.",
    .commands = commands,
    .reference = "Linux tcp_check_req(), tcp_v4_syn_recv_sock(), reqsk_timer_handler()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .memory_bytes = sizeof(overflow_memory),
    .fields = fields,
    .judge = judge,
};
