/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts across flows. Pairs lie in two tables, because a flood invents addresses: those that were only answered, and
 * those that spoke on, completed the handshake or reset it, and so are real. Each table has two generations,
 * open-addressed: when the young one is full, or old enough, it becomes the old one and the old one is dropped; an
 * entry found in the old one moves to the young one. So memory is bounded, and the cost of a look-up does not depend on
 * how many addresses there are.
 *
 * What is forgotten first: an address whose SYN was not answered has no entry at all. Then go those that were answered
 * and never spoke on, the longest untouched first. A flood has hardly any other, so it does not push out real ones.
 * Those go when 64 Ki others of their kind were touched since, or after five minutes without a connection opened or
 * closed and with none open. */
#include "core/peers/peers.h"

#include <glib.h>
#include <string.h>

#include "core/peers/clocks.h"
#include "core/peers/pair_table.h"
#include "core/peers/time_wait_ports.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* Both tables together, when full: 41 MiB with both generations and what busy pairs have besides. */
enum {
    PROVEN_SLOTS = 1 << 17,
    FLEETING_SLOTS = 1 << 16, /* a minute of 500 new half-open connections a second */
    LISTENERS = 1 << 10,      /* each in one of four places; when all are taken it takes the oldest one's. Both look
                               * back TCPT_SIBLING_SECONDS */
    PLACES = 4,
    WORTH_TELLING_PERCENT = 10, /* of the range: below, ten times as many connections would still find a port */
};

struct tcpt_peers {
    tcpt_pair_table proven;
    tcpt_pair_table fleeting;
    tcpt_listener listeners[LISTENERS];
    tcpt_pressure highest[TCPT_PRESSURES]; /* highest first */
    unsigned highest_count;
};

/* ---- the tables ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* Of one end at a capture point; port 0 stands for any. */
static uint64_t end_hash(const tcpt_flow *flow, unsigned end, uint16_t port)
{
    uint64_t words[2], hash = flow->key.point;

    memcpy(words, flow->key.address[end], 16);
    hash = mix(mix(hash, words[0]), words[1]);
    hash = mix(hash, (uint64_t)port << 16 | (uint64_t)flow->key.depth << 8 | flow->key.family);
    return hash ? hash : 1;
}

static uint64_t server_hash(const tcpt_flow *flow)
{
    return end_hash(flow, !flow->client, flow->key.port[!flow->client]);
}

static uint64_t pair_hash(const tcpt_flow *flow)
{
    uint64_t words[2], hash = server_hash(flow);

    memcpy(words, flow->key.address[flow->client], 16);
    hash = mix(mix(hash, words[0]), words[1]);
    return hash ? hash : 1;
}

/* Find or make the pair; one that is proven leaves the table of the fleeting ones. */
static tcpt_pair *touch(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns, bool proven)
{
    uint64_t hash = pair_hash(flow);
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

const tcpt_pair *tcpt_peers_find(const tcpt_peers *peers, const tcpt_flow *flow)
{
    uint64_t hash = pair_hash(flow);
    const tcpt_pair *pair = tcpt_pairs_find(&peers->proven, hash);

    return pair ? pair : tcpt_pairs_find(&peers->fleeting, hash);
}

tcpt_peers *tcpt_peers_new(void)
{
    tcpt_peers *peers = g_new0(tcpt_peers, 1);

    peers->proven.slots_max = PROVEN_SLOTS;
    peers->fleeting.slots_max = FLEETING_SLOTS;
    return peers;
}

void tcpt_peers_free(tcpt_peers *peers)
{
    tcpt_pairs_clear(&peers->proven);
    tcpt_pairs_clear(&peers->fleeting);
    g_free(peers);
}

size_t tcpt_peers_bytes(const tcpt_peers *peers)
{
    return sizeof *peers + tcpt_pairs_bytes(&peers->proven) + tcpt_pairs_bytes(&peers->fleeting);
}

/* ---- listeners ---- */

/* Its place, or the one that it may take. */
static tcpt_listener *listener_at(tcpt_peers *peers, uint64_t hash)
{
    tcpt_listener *oldest = NULL;

    for (unsigned i = 0; i < PLACES; i++) {
        tcpt_listener *at = &peers->listeners[(hash + i) % LISTENERS];

        if (at->hash == hash)
            return at;
        if (!oldest || at->since_ns < oldest->since_ns)
            oldest = at;
    }
    return oldest;
}

const tcpt_listener *tcpt_peers_listener(tcpt_peers *peers, const tcpt_flow *flow)
{
    uint64_t hash = server_hash(flow);
    const tcpt_listener *listener = listener_at(peers, hash);

    return listener->hash == hash ? listener : NULL;
}

static tcpt_listener *touch_listener(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns)
{
    uint64_t hash = server_hash(flow);
    tcpt_listener *listener = listener_at(peers, hash);

    if (listener->hash != hash)
        *listener = (tcpt_listener){.hash = hash, .since_ns = now_ns};
    if (now_ns - listener->since_ns <= tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        return listener;
    listener->since_ns = now_ns;
    listener->answered = listener->finished = 0;
    return listener;
}

/* ---- ports ---- */

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

/* Keep the highest pressures of all, each pair once. */
static void note_pressure(tcpt_peers *peers, const tcpt_pressure *now)
{
    tcpt_pressure *highest = peers->highest;
    unsigned at = 0;

    while (at < peers->highest_count && highest[at].pair != now->pair)
        at++;
    if (at == TCPT_PRESSURES)
        at--;
    if (at < peers->highest_count && now->in_use <= highest[at].in_use)
        return;
    if (at == peers->highest_count)
        peers->highest_count++;
    for (; at > 0 && highest[at - 1].in_use < now->in_use; at--)
        highest[at] = highest[at - 1];
    highest[at] = *now;
}

const tcpt_pressure *tcpt_peers_pressures(const tcpt_peers *peers, unsigned *count)
{
    *count = peers->highest_count;
    return peers->highest;
}

/* No fewer ports than so much of the range. */
static uint32_t share_of_range(const tcpt_settings *settings, uint32_t percent)
{
    return (uint32_t)(((uint64_t)settings->ephemeral_ports * percent + 99) / 100);
}

static void judge_pressure(tcpt_peers *peers, tcpt_pair *pair, const tcpt_settings *settings, const tcpt_record *at,
                           int64_t now_ns)
{
    uint32_t line = share_of_range(settings, settings->port_pressure_percent);
    uint32_t worth_telling = MIN(line, share_of_range(settings, WORTH_TELLING_PERCENT));
    uint32_t in_use;

    pair->above = false;
    if (tcpt_ports_at_most(pair) < worth_telling)
        return;
    in_use = tcpt_ports_in_use(pair, now_ns, settings->time_wait_seconds);
    pair->above = in_use >= line;
    if (in_use >= worth_telling)
        note_pressure(peers, &(tcpt_pressure){pair->hash, in_use, settings->ephemeral_ports, now_ns, at});
}

static void leave_time_wait(tcpt_pair *pair, const tcpt_flow *flow, const tcpt_settings *settings)
{
    if (pair->busy)
        tcpt_time_wait_ports_remove(&pair->busy->time_wait, flow->port_free_ns, settings->time_wait_seconds);
}

static void note_open(tcpt_pair *pair, tcpt_flow *flow, const tcpt_settings *settings)
{
    tcpt_flow *old = flow->previous;

    if (old && old->client == flow->client && old->port_use == TCPT_PORT_TIME_WAIT) {
        leave_time_wait(pair, old, settings);
        old->port_use = TCPT_PORT_FREE;
    } else if (old && old->client == flow->client && old->port_use == TCPT_PORT_OPEN) {
        old->port_use = TCPT_PORT_FREE;
        pair->open -= pair->open > 0;
    }
    flow->port_use = TCPT_PORT_OPEN;
    pair->open++;
}

/* The end that closes first waits; a reset frees the port at once. */
static void note_close(tcpt_peers *peers, tcpt_flow *flow, const tcpt_settings *settings, int64_t now_ns)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_pair *pair;

    if (client->state != TCPT_TIME_WAIT && client->state != TCPT_CLOSED)
        return;
    if (client->state == TCPT_TIME_WAIT && flow->port_use == TCPT_PORT_TIME_WAIT)
        return;
    pair = touch(peers, flow, now_ns, true);
    if (flow->port_use == TCPT_PORT_TIME_WAIT)
        leave_time_wait(pair, flow, settings);
    else
        pair->open -= pair->open > 0;
    flow->port_use = client->state == TCPT_TIME_WAIT ? TCPT_PORT_TIME_WAIT : TCPT_PORT_FREE;
    if (flow->port_use == TCPT_PORT_FREE)
        return;
    flow->port_free_ns = now_ns;
    tcpt_time_wait_ports_add(&busy_of(peers, pair)->time_wait, now_ns, settings->time_wait_seconds);
}

/* ---- segments ---- */

static void note_answer(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns, tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_pair *pair = touch(peers, flow, now_ns, false);
    tcpt_busy *busy;

    if (now_ns - pair->answered_ns > tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        pair->answered = 0;
    pair->answered++;
    pair->answered_ns = now_ns;
    pair->answered_record = record;
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
static void note_server_close(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns, tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    tcpt_busy *busy;

    if (server->state != TCPT_TIME_WAIT || !(client->syn_options & server->syn_options & TCPT_OPTION_TIMESTAMPS))
        return;
    busy = busy_of(peers, touch(peers, flow, now_ns, true));
    if (busy->closed_by_server && now_ns - busy->closed_ns <= tcpt_seconds_ns(TCPT_RECYCLE_SECONDS) &&
        seq_after(busy->closed_tsval, client->newest_tsval))
        return; /* an older clock does not overwrite a newer one within a minute (tcp_remember_stamp()) */
    busy->closed_by_server = true;
    busy->closed_tsval = client->newest_tsval;
    busy->closed_ns = now_ns;
    busy->closed_record = record;
}

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

static void advance_listener(tcpt_peers *peers, const tcpt_flow *flow, const tcpt_segment *segment,
                             const tcpt_observation *seen, tcpt_record *record)
{
    bool completed = flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done;
    bool given_up = gives_up(flow, segment, seen);
    bool answered = answers_syn(flow, segment, seen);
    tcpt_listener *listener;

    if (!flow->ends[!flow->client].syn || !(completed || given_up || answered || seen->final_ack_ignored))
        return;
    listener = touch_listener(peers, flow, segment->time_ns);
    listener->finished += completed || given_up;
    listener->answered += answered;
    if (!seen->final_ack_ignored)
        return;
    listener->ignored_ns = segment->time_ns;
    listener->ignored_record = record;
}

void tcpt_peers_advance(tcpt_peers *peers, tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                        const tcpt_settings *settings, tcpt_record *record)
{
    int64_t now_ns = segment->time_ns;
    tcpt_pair *pair;

    if (seen->other_syn || seen->stale || seen->really_bad)
        return;
    advance_listener(peers, flow, segment, seen, record);
    if (flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done && !flow->ends[flow->client].syn) {
        flow->port_use = TCPT_PORT_FREE; /* opened before the capture: nothing to count from */
    } else if (flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done) {
        pair = touch(peers, flow, now_ns, true);
        note_open(pair, flow, settings);
        judge_pressure(peers, pair, settings, record, now_ns);
    } else if (answers_syn(flow, segment, seen)) {
        note_answer(peers, flow, now_ns, record);
    } else if (seen->from == flow->client && flow->ends[!flow->client].syn && gives_up(flow, segment, seen)) {
        touch(peers, flow, now_ns, true);
    }
    if (!flow->ending)
        return;
    if (flow->port_use == TCPT_PORT_OPEN || flow->port_use == TCPT_PORT_TIME_WAIT)
        note_close(peers, flow, settings, now_ns);
    if (seen->from == flow->client)
        note_server_close(peers, flow, now_ns, record);
}
