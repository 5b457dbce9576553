/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SYN comes again although its SYN-ACK is in the capture (rule K.1). */
#include "detectors/detectors.h"
#include "tcptriage/limits.h"

typedef struct lost_memory {
    tcpt_finding *finding;
    tcpt_record *reset; /* the client's first RST seen to answer a SYN-ACK */
    uint32_t tries;     /* when it was raised */
    uint8_t repeats;    /* of the SYN, behind a SYN-ACK that should have been there by then; saturating */
} lost_memory;

/* One may have crossed the SYN-ACK on a way that is longer than the client's patience. */
enum { REPEATS_LEAST = 2 };

/* A SYN-ACK of its own SYN was seen, and the client has said nothing else since but SYN and RST. */
static bool is_answered(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return server->syn && server->acked && server->rcv_nxt - client->iss - 1 <= client->syn_payload_bytes &&
           client->segment_count == client->syn_count + client->rst_count;
}

/* When the client should have had a SYN-ACK at the earliest; the server may have sent it again since. */
static int64_t answered_ns(const tcpt_flow *flow)
{
    const tcpt_endpoint *server = &flow->ends[!flow->client];

    return server->rtt_ns ? flow->first_ns + server->rtt_ns : server->syn_ns;
}

static bool is_retry(const tcpt_context *context)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];

    return (context->segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN &&
           context->seen->from == context->flow->client && client->syn && context->segment->seq == client->iss &&
           context->segment->time_ns - answered_ns(context->flow) >= TCPT_ANSWER_MS * TCPT_MS_NS;
}

/* Its host has no socket for what arrives, and yet the socket that waits goes on. */
static tcpt_record *reset_of(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];

    return client->rst_count && client->rst_ns >= flow->ends[!flow->client].syn_ns ? client->rst_record : NULL;
}

/* Who signs drops what comes unsigned (RFC 2385, section 2.0; RFC 5925, section 7.3), and says nothing. */
static bool lacks_signature(const tcpt_flow *flow)
{
    unsigned client = flow->ends[flow->client].syn_options, server = flow->ends[!flow->client].syn_options;

    return client & ~server & TCPT_OPTION_SIGNED && !flow->options_cut;
}

/* None that the client has sent: Linux resets such a SYN-ACK, and waits for another (tcp_rcv_synsent_state_process,
 * counter PAWSActive). An echo of 0 is let pass. */
static bool echoes_nothing(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return (client->syn_options & server->syn_options & TCPT_OPTION_TIMESTAMPS) && server->echoes &&
           server->ts_echoed && server->ts_echoed - client->syn_tsval > client->tsval_highest - client->syn_tsval;
}

static void complete(const tcpt_context *context, const lost_memory *mine, uint32_t tries, const char *after)
{
    tcpt_finding *finding = mine->finding;
    int64_t waited_ns = context->segment->time_ns - context->flow->first_ns;
    double seconds = tcpt_as_seconds(waited_ns);

    if (lacks_signature(context->flow)) {
        tcpt_resummarise(finding,
                         "The client signs its SYN (TCP-MD5 or TCP-AO) and drops the SYN-ACK, which is not signed: %u "
                         "tries in %.1f s%s. Consistent with a key that is not set at the server",
                         tries, seconds, after);
        tcpt_brief(finding, "SYN signed (MD5 or AO), SYN-ACK not: key? %u tries", tries);
    } else if (mine->reset && echoes_nothing(context->flow)) {
        tcpt_resummarise(finding,
                         "The client's host resets the SYN-ACK, yet sends the SYN again (%u tries in %.1f s%s): the "
                         "SYN-ACK echoes a timestamp (TSecr %u) that the client never sent",
                         tries, seconds, after, context->flow->ends[!context->flow->client].ts_echoed);
        tcpt_brief(finding, "SYN-ACK echoes a wrong timestamp: reset, %u tries", tries);
    } else if (mine->reset) {
        tcpt_resummarise(finding,
                         "The client's host resets the SYN-ACK, yet sends the SYN again (%u tries in %.1f s%s): it "
                         "comes under another address or port than the SYN went to (NAT?)",
                         tries, seconds, after);
        tcpt_brief(finding, "SYN-ACK under another address or port? Reset, %u tries", tries);
    } else {
        tcpt_resummarise(finding,
                         "The client does not get the SYN-ACK that is in the capture: %u tries in %.1f s%s. "
                         "Consistent with a filter, route or NAT on the way back",
                         tries, seconds, after);
        tcpt_brief(finding, "Way back: SYN-ACK does not reach the client, %u tries", tries);
    }
    if (mine->reset)
        tcpt_set_number(finding, TCPT_F_SYNACK_RESET_IN, mine->reset->frame);
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, tries);
    tcpt_set_delay(finding, waited_ns);
}

/* It has got one in the end. Of the last try: the one before it was lost, and that is all. */
static void judge_ack(const tcpt_context *context, lost_memory *mine)
{
    uint32_t tries = context->flow->ends[context->flow->client].syn_count;

    if (tries == mine->tries)
        tcpt_withdraw(context, mine->finding);
    else
        complete(context, mine, tries, ", then it came");
    *mine = (lost_memory){0};
}

static void judge(const tcpt_context *context, void *memory)
{
    lost_memory *mine = memory;
    const tcpt_flow *flow = context->flow;

    if (context->seen->really_bad)
        return;
    if (mine->finding && context->seen->from == flow->client && context->seen->pure_ack &&
        !context->seen->old_numbers && !context->seen->odd_ack)
        judge_ack(context, mine);
    if (!is_retry(context) || !is_answered(flow))
        return;
    mine->repeats += mine->repeats < UINT8_MAX;
    mine->reset = mine->reset ? mine->reset : reset_of(flow);
    if (mine->repeats < REPEATS_LEAST && !mine->reset)
        return;
    if (!mine->finding) {
        mine->finding = tcpt_raise(context, TCPT_MEDIUM, " ");
        mine->tries = context->seen->syn_count;
        tcpt_relate(mine->finding, flow->ends[!flow->client].last_record);
        tcpt_relate(mine->finding, mine->reset);
        tcpt_rule_out(mine->finding, "A server that is down, or a port on which nobody listens: it answers the SYN.");
    }
    complete(context, mine, context->seen->syn_count, "");
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_F_SYNACK_RESET_IN, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "tcpdump -ni any 'tcp port %port%'", "does the SYN-ACK arrive, and under which address?"},
    {TCPT_ON_CLIENT, "nft list ruleset | grep -n drop", "the client's own filter"},
    {TCPT_ON_CLIENT, "nstat -az TcpExtIPReversePathFilter TcpInCsumErrors TcpExtPAWSActive TcpExtTCPMD5NotFound",
     "does one grow with each try?"},
    {TCPT_ON_SERVER, "ip route get %client%", "the way back, and the address that it leaves by"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp --dport %port%", "is there one entry for both directions?"},
    {0},
};

static const char *const explains[] = {"syn_delayed", "accept_queue_overflow", "conntrack_invalid", "connection_failed",
                                       NULL};

const tcpt_detector tcpt_synack_not_received = {
    .id = "synack_not_received",
    .message = "The SYN-ACK is in the capture, and its client sends the SYN again",
    .mistaken = "a server that does not answer",
    .explanation =
        "One round trip later the client would have sent its ACK. The same SYN, again, says that it never got the "
        "SYN-ACK: "
        "it is lost behind the capture point, dropped by a filter (captured at the client: its own), sent another way "
        "back, or its addresses are translated otherwise than those of the SYN. Where the client's host resets the "
        "SYN-ACK "
        "and its SYN goes on all the same, it arrives, but under an address or port that no socket waits for, or with "
        "a "
        "timestamp echo that its socket refuses. A client that signs its segments drops what is not signed.",
    .remedy =
        "Compare addresses and ports of SYN and SYN-ACK at the client and at the server: routes of both directions, "
        "NAT on one of them only, direct server return, reverse path filters. Where the SYN-ACK is at fault itself "
        "(echo, signature), look at who answers: the server's key, "
        "or a device that answers for it.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.3; RFC 6298 section 5.7; Linux tcp_rcv_synsent_state_process()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .follows = TCPT_TRAIT_SYN | TCPT_TRAIT_HANDSHAKE,
    .memory_bytes = sizeof(lost_memory),
    .fields = fields,
    .judge = judge,
};
