/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/final_ack.h"

#include "tcptriage/limits.h"
#include "tcptriage/times.h"

/* What the ACK needs to reach the server and back. After a SYN that was sent again nobody knows which one was answered
 * (Karn): then the longest that it can be. */
static int64_t longest_rtt_ns(const tcpt_flow *flow)
{
    int64_t rtt_ns = flow->ends[!flow->client].rtt_ns;

    return rtt_ns ? rtt_ns : flow->first_ack_ns - flow->first_ns;
}

/* All that the client has said since its SYN, whose sum was right, is damaged: dropped for that. */
static bool damaged_since_syn(const tcpt_endpoint *client)
{
    return client->checksums_good && client->checksums_good <= client->syn_count &&
           client->checksums_unexplained >= client->segment_count - client->syn_count;
}

bool tcpt_final_ack_ignored(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *server = &flow->ends[!flow->client];

    if (from == flow->client || !flow->handshake_done || !(segment->flags & TCPT_SYN))
        return false;
    if (server->segment_count != server->syn_count || client->fast_open || segment->seq != server->iss)
        return false;
    if (client->rcv_nxt != server->iss + 1)
        return false;
    /* A server with TCP_DEFER_ACCEPT ignores a bare ACK on purpose; with the client's data it has no reason to. */
    if (!client->payload_segments || damaged_since_syn(client))
        return false;
    if (server->syn_count < client->syn_count)
        return false; /* it answers a SYN of its own */
    return segment->time_ns - client->payload_ns >= longest_rtt_ns(flow) + TCPT_REACT_MS * TCPT_MS_NS;
}
