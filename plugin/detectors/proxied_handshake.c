/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SYN-ACK came from another host than the payload. */
#include "detectors/detectors.h"

#include <stdlib.h>

enum {
    ANOTHER_WAY = 1, /* hops: routes of one length more or less, used in turn, and a host with one more or less */
    /* Set on purpose once a connection is accepted: one hop only, or as many as there are (RFC 5082, GTSM; BGP). */
    TTL_ONE_HOP = 1,
    TTL_SECURED = 255,
};

/* What was agreed on in the SYNs and is not done, or the reverse (RFC 7323, section 3.2): another host's SYN-ACK. */
static bool options_differ(const tcpt_flow *flow, const tcpt_segment *segment)
{
    bool agreed = flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS;

    return agreed != !!(segment->options & TCPT_OPTION_TIMESTAMPS);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    unsigned ttl = context->segment->ttl, apart = (unsigned)abs((int)ttl - (int)server->syn_ttl);
    bool options = options_differ(flow, context->segment);
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->from == flow->client || !client->syn || !server->syn || context->seen->really_bad ||
        context->seen->other_syn)
        return;
    if (ttl == TTL_ONE_HOP || ttl == TTL_SECURED || (apart <= ANOTHER_WAY && !options))
        return;
    finding = tcpt_raise(context, options && apart > ANOTHER_WAY ? TCPT_HIGH : TCPT_MEDIUM,
                         "The SYN-ACK came with TTL %u, the server's first payload with %u%s: a device on the way "
                         "answered the handshake",
                         server->syn_ttl, ttl, options ? " and other options" : "");
    tcpt_brief(finding, "A device answered the handshake (TTL %u, server %u)", server->syn_ttl, ttl);
    tcpt_set_number(finding, TCPT_F_RST_USUAL_TTL, ttl);
}

static const tcpt_field fields[] = {TCPT_F_RST_USUAL_TTL, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_proxied_handshake = {
    .id = "proxied_handshake",
    .message = "SYN-ACK and payload of the server come from different hosts",
    .mistaken = "a server that is up: it has not answered the SYN",
    .explanation =
        "Packets of one host to one place come with the same TTL, give or take a hop. The SYN-ACK had another one than "
        "the payload behind it. Consistent with a device that answers the handshake itself and then connects to the "
        "server or splices the two: SYN protection (SYN proxy, SYN cookies of a firewall), a load balancer, a "
        "transparent proxy. So that a connection opens says nothing of the server, and window scale, MSS and "
        "timestamps are that device's, not the server's.",
    .remedy =
        "Where connections open and then fail, or are slow, capture between that device and the server, and compare "
        "options and windows with what it promised the client.",
    .reference = "RFC 4987 section 3.7 (firewalls and proxies); Linux nft synproxy statement",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_TTL_OTHER,
    .fields = fields,
    .judge = judge,
};
