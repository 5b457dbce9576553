/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake's final ACK drew a RST. */
#include "detectors/detectors.h"

#include "tcptriage/limits.h"

/* Its TTL is not the SYN-ACK's: of a device on the way, of another host behind a load balancer, or of another part of
 * the server's stack. */
static void ask_whose(const tcpt_context *context, tcpt_finding *finding)
{
    const tcpt_flow *flow = context->flow;
    uint8_t ttl = context->segment->ttl, usual = flow->ends[context->seen->from].syn_ttl;

    if (!ttl || !usual || ttl == usual)
        return;
    tcpt_resummarise(
        finding,
        "The SYN was answered, then the final ACK (frame %u) drew a RST. Its TTL is %u, the SYN-ACK's %u: a "
        "device's, or another host's behind a load balancer?",
        flow->first_ack_record->frame, ttl, usual);
    tcpt_brief(finding, "Final ACK drew a RST, TTL %u not %u: whose is it?", ttl, usual);
    tcpt_set_confidence(finding, TCPT_LOW);
    if (tcpt_hops(ttl) != tcpt_hops(usual)) /* else from as far away as the SYN-ACK */
        tcpt_blame_way(finding);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->from == flow->client || !flow->handshake_done || context->seen->really_bad || flow->ending)
        return;
    /* Made without a socket: no ACK, SEQ is what the ACK acknowledged (RFC 9293, section 3.10.7.1). */
    if ((context->segment->flags & TCPT_ACK) || !server->syn || context->segment->seq != server->iss + 1)
        return;
    if (server->segment_count != server->syn_count)
        return;
    if (flow->ends[flow->client].payload_segments)
        return; /* somebody may have read it, and not liked it: that is no longer about the handshake */
    if (context->segment->time_ns - flow->first_ack_ns > 2 * tcpt_rtt_ns(flow) + TCPT_ANSWER_MS * TCPT_MS_NS)
        return;
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "The server answered the SYN, then refused the handshake's final ACK (frame %u) with a RST",
                         flow->first_ack_record->frame);
    tcpt_brief(finding, "Server refused the final ACK (frame %u) with a RST", flow->first_ack_record->frame);
    tcpt_relate(finding, flow->first_ack_record);
    ask_whose(context, finding);
}

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "Recv-Q at or above Send-Q: the accept queue is full"},
    {TCPT_ON_SERVER, "nstat -az TcpExtListenOverflows", "does it grow with each RST?"},
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_abort_on_overflow", "1: a full queue answers with a RST"},
    {0},
};

const tcpt_detector tcpt_syn_refused_by_reset = {
    .id = "syn_refused_by_reset",
    .message = "The handshake's final ACK drew a RST",
    .mistaken = "a closed port",
    .explanation =
        "The server had sent its SYN-ACK and then knows nothing of the connection: consistent with an accept queue "
        "that is full while net.ipv4.tcp_abort_on_overflow is set, a listener that was closed meanwhile, or a "
        "SYN cookie that no longer holds. With another TTL than the SYN-ACK's it may be a firewall's on the way that "
        "lets the SYN alone pass, or a load balancer has sent the ACK to another host than the SYN.",
    .remedy = "Accept faster, or raise the backlog, where the accept queue is full; else look whether the service was "
              "restarting.",
    .commands = commands,
    .reference = "Linux tcp_check_req(); RFC 9293 section 3.10.7.1",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_RST_FIRST,
    .judge = judge,
};
