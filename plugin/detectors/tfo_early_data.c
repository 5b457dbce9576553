/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server of a Fast Open connection speaks before the client's first ACK. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->from == flow->client || !flow->ends[flow->client].fast_open || !server->syn)
        return;
    if (!context->seen->new_payload || (context->segment->flags & (TCPT_SYN | TCPT_RST)) || context->seen->really_bad)
        return;
    finding = tcpt_raise(context, flow->side == TCPT_SIDE_SERVER ? TCPT_MEDIUM : TCPT_HIGH,
                         "The server sends %u bytes before the client's first ACK", context->segment->payload_bytes);
    tcpt_brief(finding, "Fast Open: %u bytes of the server before the first ACK", context->segment->payload_bytes);
    tcpt_relate(finding, server->last_record);
}

const tcpt_detector tcpt_tfo_early_data = {
    .id = "tfo_early_data",
    .message = "Server payload before the client's first ACK",
    .explanation = "With Fast Open a server that accepted the cookie may answer at once, before the handshake's third "
                   "packet. That is in order; but a connection tracker of Linux before 5.18 takes such a segment, when "
                   "it carries TCP options, for a new start of the server's side and loses its window scale.",
    .remedy = "Nothing to fix by itself. If acknowledged data is sent again and again later in this flow, see "
              "tfo_retransmit_storm.",
    .reference = "RFC 7413 section 4.2; Linux 5.18 netfilter: nf_conntrack_tcp: re-init for syn packets only",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_FAST_OPEN,
    .judge = judge,
};
