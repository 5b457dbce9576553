/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first SYN of every connection of a pair gets lost, its retry never does (rule K.1). */
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_pair *pair = context->seen->pair;
    int64_t delay_ns = client->syn_ns - flow->first_ns;
    tcpt_syn_delay kind = context->seen->syn_delay;
    tcpt_pair_delays with;
    tcpt_finding *finding;
    unsigned delayed;

    (void)memory;
    if ((kind != TCPT_SYN_DELAY_CERTAIN && kind != TCPT_SYN_DELAY_LIKELY) || context->seen->really_bad ||
        context->seen->other_syn || !pair || pair->delays_told)
        return;
    with = tcpt_delays_with(pair, true, flow->first_ns);
    if (!with.always)
        return;
    delayed = tcpt_bit_count(with.delays);
    finding =
        tcpt_raise(context, kind == TCPT_SYN_DELAY_CERTAIN ? TCPT_HIGH : TCPT_MEDIUM,
                   "The first SYN%s gets lost each time (%u of %u connections of this client to this port), the retry "
                   "never: %.1f s "
                   "each. A device on the way drops it",
                   client->fast_open ? ", with Fast Open," : "", delayed, with.connections, tcpt_as_seconds(delay_ns));
    tcpt_brief(finding, "First SYN dropped each time: %u of %u, %.1f s each", delayed, with.connections,
               tcpt_as_seconds(delay_ns));
    tcpt_set_number(finding, TCPT_F_SYN_DELAY, delay_ns);
    tcpt_set_number(finding, TCPT_F_SYN_DELAYED_CONNECTIONS, delayed);
    tcpt_set_number(finding, TCPT_F_SYN_CONNECTIONS, with.connections);
    tcpt_set_delay(finding, delay_ns);
    tcpt_relate(finding, client->last_record);
    tcpt_relate(finding, pair->answered_record);
    tcpt_rule_out(finding, "Chance: connections that began one after another lost their first SYN, and no retry.");
    tcpt_rule_out(finding, "A slow server: it answers the retry soon.");
}

static const tcpt_field fields[] = {TCPT_F_SYN_DELAY, TCPT_F_SYN_DELAYED_CONNECTIONS, TCPT_F_SYN_CONNECTIONS,
                                    TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the first SYN arrive?"},
    {TCPT_ON_THE_WAY, "sysctl net.ipv4.vs.conn_reuse_mode net.ipv4.vs.conntrack",
     "IPVS: mode 1 with conntrack drops the first SYN of a tuple that it knows (before Linux 5.9)"},
    {TCPT_ON_THE_WAY, "conntrack -S", "\"insert_failed\" grows with each: a clash of entries"},
    {TCPT_ON_CLIENT, "ip neigh show", "does an entry expire between two connections?"},
    {0},
};

static const char *const explains[] = {"syn_delayed", "syn_unanswered", "connect_unanswered", NULL};

const tcpt_detector tcpt_first_syn_always_lost = {
    .id = "first_syn_always_lost",
    .message = "The first SYN of each connection gets lost, the retry never does",
    .mistaken = "loss by chance",
    .explanation = "Loss by chance does not choose. A device on the way needs the first SYN for itself: a virtual "
                   "switch or router "
                   "that sets up the flow or asks ARP, a load balancer that meets a tuple it still knows (IPVS), a "
                   "tracker in which "
                   "entries clash; or the first copy alone is damaged (a wrong outer checksum of a tunnel). Each "
                   "connection costs the "
                   "retry timer, 1 s with most stacks.",
    .remedy =
        "Capture the same SYN behind each device on the way, from the client on: the last one that shows it is before "
        "the one to blame.",
    .commands = commands,
    .reference = "RFC 6298 section 2 and 5.7; Linux ip_vs_in_hook(), TCP_TIMEOUT_INIT",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PAIR,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .fields = fields,
    .judge = judge,
};
