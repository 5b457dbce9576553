/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/commit.h"

#include <glib.h>

#include "core/peers/answers.h"
#include "core/peers/clocks.h"
#include "core/peers/identity.h"
#include "core/peers/state.h"
#include "core/peers/time_wait_ports.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* Both tables together, when full: 41 MiB with both generations and what busy pairs have besides. */
enum {
    PROVEN_SLOTS = 1 << 17,
    FLEETING_SLOTS = 1 << 16, /* a minute of 500 new half-open connections a second */
};

tcpt_peers *tcpt_peers_new(void)
{
    tcpt_peers *peers = g_new0(tcpt_peers, 1);

    peers->proven.slots_max = PROVEN_SLOTS;
    peers->fleeting.slots_max = FLEETING_SLOTS;
    tcpt_hosts_open(&peers->hosts);
    return peers;
}

void tcpt_peers_keep_curves(tcpt_peers *peers)
{
    if (!peers->pressures.curves)
        peers->pressures.curves = g_new0(tcpt_pressure_curve, TCPT_PRESSURES);
}

void tcpt_peers_free(tcpt_peers *peers)
{
    g_free(peers->pressures.curves);
    tcpt_pairs_clear(&peers->proven);
    tcpt_pairs_clear(&peers->fleeting);
    tcpt_hosts_clear(&peers->hosts);
    g_free(peers);
}

/* An older connection that is still open tells more of its host than the newest one does. */
static void note_open_at(tcpt_host *host, const tcpt_flow *flow)
{
    if (host && (!host->open || tcpt_flow_of(host->open)->ending))
        host->open = flow->record;
}

tcpt_host *tcpt_peers_commit_host(tcpt_peers *peers, tcpt_host *host, const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (!host && (sender->segment_count || flow->ends[!from].segment_count))
        host = tcpt_hosts_add(&peers->hosts, &flow->key, from);
    if (!host)
        return NULL;
    host->good += sender->checksums_good;
    if (!flow->tracker_blank) { /* else no sum was wrong so far, and where they are counted is not looked at */
        host->wrong += sender->checksums_unexplained;
        host->unverifiable += sender->checksums_wrong;
    }
    host->bare |= sender->segment_count > sender->payload_segments;
    if (flow->last_record && !flow->ends[0].syn && !flow->ends[1].syn)
        note_open_at(host, flow); /* it began before the capture */
    return host;
}

void tcpt_peers_commit_stray(tcpt_peers *peers, const tcpt_flow *flow, unsigned end)
{
    tcpt_host *host = tcpt_hosts_find(&peers->hosts, &flow->key, end);

    if (host)
        host->stray = flow->record;
}

/* ---- pairs ---- */

/* Find or make the pair; one that is proven leaves the table of the fleeting ones. */
static tcpt_pair *touch(tcpt_peers *peers, const tcpt_identity *who, int64_t now_ns, bool proven)
{
    uint64_t hash = who->pair;
    tcpt_pair fresh = {.hash = hash, .proven = proven};
    tcpt_pair *pair = tcpt_pairs_refresh(&peers->proven, hash, now_ns);

    if (!pair && !proven)
        pair = tcpt_pairs_refresh(&peers->fleeting, hash, now_ns);
    if (!pair && proven) {
        pair = tcpt_pairs_find(&peers->fleeting, hash);
        pair = tcpt_pairs_adopt(&peers->proven, pair ? pair : &fresh);
        pair->proven = true;
    }
    if (!pair)
        pair = tcpt_pairs_adopt(&peers->fleeting, &fresh);
    return pair;
}

static tcpt_busy *busy_of(tcpt_peers *peers, tcpt_pair *pair)
{
    if (pair->busy)
        return pair->busy;
    pair->busy = g_new0(tcpt_busy, 1);
    peers->proven.young.busy++;
    if (pair->first_ns)
        pair->busy->clocks[0] = (tcpt_clock){.time_ns = pair->first_ns, .tsval = pair->first_tsval, .samples = 1};
    return pair->busy;
}

static void leave_time_wait(tcpt_pair *pair, const tcpt_flow *flow, const tcpt_settings *settings)
{
    if (pair->busy)
        tcpt_time_wait_ports_remove(&pair->busy->time_wait, flow->port_free_ns, settings->time_wait_seconds);
}

static void note_open(tcpt_pair *pair, const tcpt_flow *flow, const tcpt_settings *settings)
{
    const tcpt_flow *old = tcpt_life_before(flow);

    if (old && old->client == flow->client && old->port_use == TCPT_PORT_TIME_WAIT)
        leave_time_wait(pair, old, settings);
    else if (old && old->client == flow->client && old->port_use == TCPT_PORT_OPEN)
        pair->open -= pair->open > 0;
    pair->open++;
}

/* The flow's port is not what it `was` any more. */
static void note_close(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, tcpt_port_use was,
                       const tcpt_settings *settings, int64_t now_ns)
{
    tcpt_pair *pair = touch(peers, tcpt_identify(who, flow), now_ns, true);

    if (was == TCPT_PORT_TIME_WAIT)
        leave_time_wait(pair, flow, settings);
    else
        pair->open -= pair->open > 0;
    if (flow->port_use == TCPT_PORT_TIME_WAIT)
        tcpt_time_wait_ports_add(&busy_of(peers, pair)->time_wait, now_ns, settings->time_wait_seconds);
}

/* Whether the first SYN got lost. What was only on its way for longer than the client waits is no such loss, and may be
 * no other either. */
static void note_delay(tcpt_pair *pair, const tcpt_flow *flow, int64_t now_ns, const tcpt_observation *seen)
{
    bool delayed = seen->syn_delay == TCPT_SYN_DELAY_CERTAIN || seen->syn_delay == TCPT_SYN_DELAY_LIKELY;
    tcpt_pair_delays with = tcpt_delays_with(pair, delayed, flow->first_ns);

    pair->delays = with.delays;
    pair->connections = with.connections;
    pair->delays_told |= with.always;
    if (delayed)
        pair->delayed_ms = (uint32_t)(now_ns / TCPT_MS_NS);
}

static void note_answer(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, int64_t now_ns,
                        const tcpt_observation *seen, tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_pair *pair = touch(peers, tcpt_identify(who, flow), now_ns, false);
    tcpt_busy *busy;

    if (now_ns - pair->answered_ns > tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        pair->answered = 0;
    pair->answered++;
    pair->answered_ns = now_ns;
    pair->answered_record = record;
    note_delay(pair, flow, now_ns, seen);
    if (!(client->syn_options & TCPT_OPTION_TIMESTAMPS))
        return;
    if (!pair->first_ns) {
        pair->first_ns = client->syn_ns;
        pair->first_tsval = client->syn_tsval;
        return;
    }
    if (!pair->proven)
        return; /* a clock matters only where the server has closed a connection */
    busy = busy_of(peers, pair);
    tcpt_clocks_note(busy, client->syn_tsval, client->syn_ns);
    if (busy->closed_by_server && now_ns - busy->closed_ns < tcpt_seconds_ns(TCPT_RECYCLE_SECONDS) &&
        seq_delta(client->syn_tsval, busy->closed_tsval) < -1)
        busy->takes_older = true;
}

/* What a host with tcp_tw_recycle remembered: the last TSval of a peer whose connection it closed first itself. */
static void note_server_close(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, int64_t now_ns,
                              tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    tcpt_busy *busy;

    if (server->state != TCPT_TIME_WAIT || !(client->syn_options & server->syn_options & TCPT_OPTION_TIMESTAMPS))
        return;
    busy = busy_of(peers, touch(peers, tcpt_identify(who, flow), now_ns, true));
    if (busy->closed_by_server && now_ns - busy->closed_ns <= tcpt_seconds_ns(TCPT_RECYCLE_SECONDS) &&
        seq_after(busy->closed_tsval, client->newest_tsval))
        return; /* an older clock does not overwrite a newer one within a minute (tcp_remember_stamp()) */
    busy->closed_by_server = true;
    busy->closed_tsval = client->newest_tsval;
    busy->closed_ns = now_ns;
    busy->closed_record = record;
}

/* ---- segments ---- */

/* The first SYN-ACK. */
static bool answers_syn(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    return (segment->flags & TCPT_SYN) && seen->from != flow->client && flow->ends[!flow->client].syn_count == 1;
}

/* The first RST of a handshake that was not completed. */
static bool gives_up(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    return !flow->handshake_done && (segment->flags & TCPT_RST) && flow->ends[seen->from].rst_count == 1;
}

/* A SYN-ACK for each try: the first was not lost, nor those of others perhaps. */
static bool answers_retry_too(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    return (segment->flags & TCPT_SYN) && seen->from != flow->client && flow->ends[seen->from].syn_count == 2 &&
           flow->ends[flow->client].syn_count >= 2;
}

static void forget_delays(const tcpt_peers *peers, const tcpt_identity *who)
{
    uint64_t hash = who->pair;
    tcpt_pair *pair = tcpt_pairs_find(&peers->proven, hash);

    if (!pair)
        pair = tcpt_pairs_find(&peers->fleeting, hash);
    if (pair)
        pair->delays = 0;
}

static void commit_listener(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, bool completed,
                            const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    bool given_up = gives_up(flow, segment, seen);
    bool answered = answers_syn(flow, segment, seen);
    tcpt_listener *listener;

    if (!flow->ends[!flow->client].syn || !(completed || given_up || answered || seen->final_ack_ignored))
        return;
    listener = tcpt_listeners_touch(&peers->listeners, tcpt_identify(who, flow)->server, segment->time_ns);
    listener->finished += completed || given_up;
    listener->answered += answered;
    if (answered)
        tcpt_listener_note_answer(listener, flow, segment, seen, record);
    if (!seen->final_ack_ignored)
        return;
    listener->ignored_ns = segment->time_ns;
    listener->ignored_record = record;
}

/* A port that refuses, until it answers. */
static void commit_refusal(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, const tcpt_segment *segment,
                           const tcpt_observation *seen, tcpt_record *record)
{
    if ((segment->flags & TCPT_RST) && seen->rst.position == TCPT_RST_SYN_SENT_OK && seen->from != flow->client &&
        flow->crowd == TCPT_CROWD_NONE)
        tcpt_refusals_note(&peers->refusals, tcpt_identify(who, flow)->server, record, segment->time_ns);
    else if (peers->refusals.count && answers_syn(flow, segment, seen))
        tcpt_refusals_forget(&peers->refusals, tcpt_identify(who, flow)->server);
}

static void commit_tallies(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, bool completed,
                           const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    bool answers = seen->from != flow->client && sender->segment_count == 1;

    if (seen->from == flow->client && (segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN)
        tcpt_tallies_note_syn(&peers->tallies, flow, tcpt_identify(who, flow), seen, segment->time_ns);
    else if (answers && flow->ends[flow->client].syn && (segment->flags & (TCPT_SYN | TCPT_RST)))
        tcpt_tallies_note_answer(&peers->tallies, flow, tcpt_identify(who, flow), segment->flags & TCPT_RST);
    if (completed)
        tcpt_tallies_note_complete(&peers->tallies, flow, tcpt_identify(who, flow));
}

/* The segment shows that a SYN without ECN has failed: it was refused, or is sent again. */
static bool plain_syn_failed(const tcpt_flow *flow, const tcpt_flow_before *before, const tcpt_segment *segment,
                             unsigned from)
{
    if (from != flow->client)
        return (segment->flags & TCPT_RST) && !flow->ends[from].syn && !flow->asks_ecn;
    return (segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN && !before->asked_ecn && flow->ends[from].syn_count > 1;
}

/* A SYN without ECN that fails, too, tells that ECN is not the reason. */
static void commit_ecn(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, const tcpt_flow_before *before,
                       const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    const tcpt_listener *known;

    if (tcpt_asks_ecn(segment) && seen->from == flow->client) {
        tcpt_listener_note_ecn(
            tcpt_listeners_touch(&peers->listeners, tcpt_identify(who, flow)->server, segment->time_ns), segment,
            record);
        return;
    }
    if (!plain_syn_failed(flow, before, segment, seen->from))
        return;
    known = tcpt_listeners_find(&peers->listeners, tcpt_identify(who, flow)->server);
    if (known && known->ecn_record)
        tcpt_listeners_touch(&peers->listeners, tcpt_identify(who, flow)->server, segment->time_ns)->ecn_record = NULL;
}

void tcpt_peers_commit(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, const tcpt_flow_before *before,
                       const tcpt_segment *segment, const tcpt_observation *seen, const tcpt_settings *settings,
                       tcpt_record *record)
{
    int64_t now_ns = segment->time_ns;
    bool completed = before->port_use == TCPT_PORT_UNCOUNTED && flow->port_use != TCPT_PORT_UNCOUNTED;
    tcpt_port_use was = completed && flow->ends[flow->client].syn ? TCPT_PORT_OPEN : before->port_use;
    tcpt_pair *pair;

    peers->padding.spent += flow->padding_spent;
    peers->padding.spent -= before->padding_spent;
    if (seen->other_syn || seen->stale || seen->really_bad)
        return;
    if (completed)
        note_open_at(flow->ends[!flow->client].host, flow);
    commit_tallies(peers, flow, who, completed, segment, seen);
    commit_ecn(peers, flow, who, before, segment, seen, record);
    commit_listener(peers, flow, who, completed, segment, seen, record);
    commit_refusal(peers, flow, who, segment, seen, record);
    if (completed && was == TCPT_PORT_OPEN) {
        pair = touch(peers, tcpt_identify(who, flow), now_ns, true);
        note_open(pair, flow, settings);
        tcpt_pressures_note(&peers->pressures, pair, settings, record, now_ns);
    } else if (!completed && answers_syn(flow, segment, seen)) {
        note_answer(peers, flow, who, now_ns, seen, record);
    } else if (answers_retry_too(flow, segment, seen)) {
        forget_delays(peers, tcpt_identify(who, flow));
    } else if (!completed && seen->from == flow->client && flow->ends[!flow->client].syn &&
               gives_up(flow, segment, seen)) {
        touch(peers, tcpt_identify(who, flow), now_ns, true);
    }
    if ((was == TCPT_PORT_OPEN || was == TCPT_PORT_TIME_WAIT) && flow->port_use != was)
        note_close(peers, flow, who, was, settings, now_ns);
    if (flow->ending && seen->from == flow->client)
        note_server_close(peers, flow, who, now_ns, record);
    if (flow->ends[seen->from].state == TCPT_CLOSE_WAIT && flow->ends[!seen->from].fin_acked_record == record &&
        flow->ends[seen->from].host)
        tcpt_host_note_wait(flow->ends[seen->from].host, flow);
}
