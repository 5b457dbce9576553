/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/peers.h"

#include "core/peers/answers.h"
#include "core/peers/identity.h"
#include "core/peers/state.h"
#include "tcptriage/limits.h"

tcpt_host *tcpt_peers_host(const tcpt_peers *peers, const tcpt_flow_key *key, unsigned end)
{
    return tcpt_hosts_find(&peers->hosts, key, end);
}

int64_t tcpt_peers_heard_ns(const tcpt_peers *peers, const tcpt_flow_key *key, unsigned end)
{
    const tcpt_host *host = tcpt_hosts_find(&peers->hosts, key, end);

    if (!host)
        return tcpt_hosts_are_full(&peers->hosts) ? INT64_MAX : INT64_MIN;
    return host->heard_ns ? host->heard_ns : INT64_MIN;
}

static const tcpt_pair *find_pair(const tcpt_peers *peers, const tcpt_identity *who)
{
    const tcpt_pair *pair = tcpt_pairs_find(&peers->proven, who->pair);

    return pair ? pair : tcpt_pairs_find(&peers->fleeting, who->pair);
}

/* With the port of this SYN. Only near the line of port_exhaustion, and not while the pair is above it already. */
static uint32_t ports_in_use(const tcpt_pair *pair, const tcpt_flow *flow, int64_t now_ns,
                             const tcpt_settings *settings)
{
    const tcpt_flow *old = tcpt_life_before(flow);
    uint64_t line = (uint64_t)settings->ephemeral_ports * settings->port_pressure_percent;
    uint32_t in_use;

    if (pair->above || flow->port_use != TCPT_PORT_UNCOUNTED || (uint64_t)(tcpt_ports_at_most(pair) + 1) * 100 < line)
        return 0;
    in_use = tcpt_ports_in_use(pair, now_ns, settings->time_wait_seconds);
    if (old && old->client == flow->client && old->port_use != TCPT_PORT_FREE)
        return in_use; /* this port was counted already */
    return in_use + 1;
}

/* When an end last said or acknowledged something new: what it only repeats may be what nobody hears. */
static int64_t new_ns(const tcpt_endpoint *end)
{
    int64_t acked_ns = end->ack_step_count ? end->ack_steps[end->ack_step_count - 1].time_ns : INT64_MIN;

    return end->payload_ns ? MAX(end->payload_ns, acked_ns) : acked_ns;
}

/* What was on its way when the SYN left says nothing. A host that was started anew knows no older connection. */
static bool heard_since(const tcpt_flow *older, const tcpt_host *host, const tcpt_flow *flow)
{
    unsigned end = older->ends[1].host == host;

    return older->first_ns < flow->first_ns && !older->ending && older->ends[end].host == host &&
           older->key.port[end] == flow->key.port[!flow->client] &&
           new_ns(&older->ends[end]) >= flow->first_ns + tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS);
}

static bool older_goes_on(const tcpt_peers *peers, const tcpt_flow *flow)
{
    const tcpt_host *host = tcpt_hosts_find(&peers->hosts, &flow->key, !flow->client);
    tcpt_record *known[] = {host ? host->open : NULL, host ? host->stray : NULL};

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i] && heard_since(tcpt_flow_of(known[i]), host, flow))
            return true;
    return false;
}

static void observe_syn(const tcpt_peers *peers, tcpt_observation *seen, const tcpt_identity *who,
                        const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_settings *settings)
{
    seen->pair = find_pair(peers, who);
    seen->listener = tcpt_listeners_find(&peers->listeners, who->server);
    if (seen->from == flow->client && !seen->really_bad && !seen->other_syn)
        tcpt_tallies_observe(&peers->tallies, seen, flow, who, segment->time_ns);
    if (seen->pair && seen->from == flow->client)
        seen->ports_in_use = ports_in_use(seen->pair, flow, segment->time_ns, settings);
    if (seen->syn_count > 2 && seen->from == flow->client)
        seen->older_goes_on = older_goes_on(peers, flow);
}

/* The first one. Of the pairs of those that were answered at once nobody asks. */
static void observe_syn_ack(const tcpt_peers *peers, tcpt_observation *seen, tcpt_identity *who, const tcpt_flow *flow,
                            const tcpt_segment *segment)
{
    if (seen->from == flow->client || flow->ends[seen->from].segment_count || seen->really_bad)
        return;
    tcpt_identify(who, flow);
    if (seen->syn_delay != TCPT_SYN_DELAY_NONE)
        seen->pair = find_pair(peers, who);
    seen->listener = tcpt_listeners_find(&peers->listeners, who->server);
    if (seen->listener)
        tcpt_observe_answer(seen, seen->listener, flow, segment);
    if (peers->refusals.count)
        seen->refused_before = tcpt_refusals_find(&peers->refusals, who->server, segment->time_ns);
}

/* The first thing that is heard of the server: whether the port is one that answers. */
static void observe_refusal(const tcpt_peers *peers, tcpt_observation *seen, tcpt_identity *who, const tcpt_flow *flow)
{
    if (seen->from == flow->client || flow->ends[seen->from].segment_count || !flow->ends[flow->client].syn)
        return;
    seen->listener = tcpt_listeners_find(&peers->listeners, tcpt_identify(who, flow)->server);
}

void tcpt_peers_observe(const tcpt_peers *peers, tcpt_observation *seen, tcpt_identity *who, const tcpt_flow *flow,
                        const tcpt_segment *segment, const tcpt_settings *settings)
{
    if ((segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN)
        observe_syn(peers, seen, tcpt_identify(who, flow), flow, segment, settings);
    else if (segment->flags & TCPT_SYN)
        observe_syn_ack(peers, seen, who, flow, segment);
    else if (segment->flags & TCPT_RST)
        observe_refusal(peers, seen, who, flow);
    if (seen->crossing || seen->ports_in_use || seen->syn_cookie || seen->ecn_refused || seen->refused_before)
        seen->traits |= TCPT_TRAIT_SYN_MORE;
    if (!segment->pad_bytes || !tcpt_padding_tells(&peers->padding, flow, segment, seen))
        return;
    seen->padding_tells = true;
    seen->traits |= TCPT_TRAIT_PADDED;
}

const tcpt_pressure *tcpt_peers_pressures(const tcpt_peers *peers, unsigned *count)
{
    *count = peers->pressures.count;
    return peers->pressures.highest;
}

const tcpt_pressure_curve *tcpt_peers_curve(const tcpt_peers *peers, const tcpt_flow *flow)
{
    uint64_t pair = tcpt_identity_of(flow).pair;

    for (unsigned i = 0; peers->pressures.curves && i < TCPT_PRESSURES; i++)
        if (peers->pressures.curves[i].pair == pair)
            return &peers->pressures.curves[i];
    return NULL;
}

size_t tcpt_peers_bytes(const tcpt_peers *peers)
{
    return sizeof *peers + tcpt_pairs_bytes(&peers->proven) + tcpt_pairs_bytes(&peers->fleeting) +
           tcpt_hosts_bytes(&peers->hosts);
}
