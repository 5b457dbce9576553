/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts across flows. Entries lie in two open-addressed tables, the young and the old generation: when the young one is
 * full, or has lasted a minute, it becomes the old one and the old one is dropped. An entry found in the old one moves to
 * the young one. So memory is bounded and the cost of a look-up does not depend on how many addresses there are. */
#include "core/peers.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/sequence.h"

enum {
    SLOTS_MAX = 1 << 18, /* 256 Ki slots of 72 bytes: 18 MiB when a flood has filled it, twice that with both */
    SLOTS_FIRST = 1 << 8,
    GENERATION_SECONDS = 120, /* longer than any question asked: TIME-WAIT and siblings look back 60 s */
};

typedef struct generation {
    tcpt_pair *slots;
    uint32_t slot_count; /* a power of two */
    uint32_t used;
    int64_t born_ns;
} generation;

struct tcpt_peers {
    generation young;
    generation old;
};

/* ---- the table ---- */

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t pair_hash(const tcpt_flow *flow)
{
    uint64_t words[4], hash = flow->key.point;

    memcpy(words, flow->key.address[flow->client], 16);
    memcpy(words + 2, flow->key.address[!flow->client], 16);
    for (unsigned i = 0; i < 4; i++)
        hash = mix(hash, words[i]);
    hash = mix(hash, (uint64_t)flow->key.port[!flow->client] << 16 | (uint64_t)flow->key.depth << 8 | flow->key.family);
    return hash ? hash : 1;
}

static void drop(generation *gone)
{
    for (uint32_t i = 0; i < gone->slot_count; i++)
        g_free(gone->slots[i].busy);
    g_free(gone->slots);
    *gone = (generation){0};
}

/* The slot of `hash`, or the free one where it belongs. */
static tcpt_pair *slot_of(const generation *in, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (in->slot_count - 1);

    while (in->slots[at].hash && in->slots[at].hash != hash)
        at = (at + 1) & (in->slot_count - 1);
    return &in->slots[at];
}

static void grow(generation *young)
{
    generation larger = {.slot_count = young->slot_count ? young->slot_count * 4 : SLOTS_FIRST, .used = young->used,
                         .born_ns = young->born_ns};

    larger.slot_count = MIN(larger.slot_count, SLOTS_MAX);
    larger.slots = g_new0(tcpt_pair, larger.slot_count);
    for (uint32_t i = 0; i < young->slot_count; i++)
        if (young->slots[i].hash)
            *slot_of(&larger, young->slots[i].hash) = young->slots[i];
    g_free(young->slots);
    *young = larger;
}

static void make_room(tcpt_peers *peers, int64_t now_ns)
{
    generation *young = &peers->young;
    bool full = young->slot_count == SLOTS_MAX && young->used >= SLOTS_MAX / 2;

    if (full || (young->used && now_ns - young->born_ns > tcpt_seconds_ns(GENERATION_SECONDS))) {
        drop(&peers->old);
        peers->old = *young;
        *young = (generation){.born_ns = now_ns};
    }
    if (young->used * 2 >= young->slot_count)
        grow(young);
}

static tcpt_pair *find(tcpt_peers *peers, uint64_t hash)
{
    tcpt_pair *pair = peers->young.slot_count ? slot_of(&peers->young, hash) : NULL;

    if (pair && pair->hash)
        return pair;
    pair = peers->old.slot_count ? slot_of(&peers->old, hash) : NULL;
    return pair && pair->hash ? pair : NULL;
}

/* Find or make the pair, in the young generation. */
static tcpt_pair *touch(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns)
{
    uint64_t hash = pair_hash(flow);
    tcpt_pair *pair, *old;

    make_room(peers, now_ns);
    pair = slot_of(&peers->young, hash);
    if (!pair->hash) {
        old = peers->old.slot_count ? slot_of(&peers->old, hash) : NULL;
        if (old && old->hash) {
            *pair = *old;
            old->busy = NULL; /* its hash stays, so that the chain of slots holds */
        }
        pair->hash = hash;
        peers->young.used++;
    }
    pair->touched_ns = now_ns;
    return pair;
}

const tcpt_pair *tcpt_peers_find(tcpt_peers *peers, const tcpt_flow *flow)
{
    return find(peers, pair_hash(flow));
}

tcpt_peers *tcpt_peers_new(void)
{
    return g_new0(tcpt_peers, 1);
}

void tcpt_peers_free(tcpt_peers *peers)
{
    drop(&peers->young);
    drop(&peers->old);
    g_free(peers);
}

/* ---- ports ---- */

static uint32_t waiting_now(const tcpt_waiting *waiting, int64_t now_ns, uint32_t seconds)
{
    int64_t now = now_ns / 1000000000;
    uint32_t sum = 0;

    for (unsigned i = 0; i < TCPT_WAIT_SECONDS; i++)
        if (waiting->count[i] && now - waiting->second[i] < (int64_t)seconds)
            sum += waiting->count[i];
    return sum;
}

uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds)
{
    return pair->open + (pair->busy ? waiting_now(&pair->busy->waiting, now_ns, time_wait_seconds) : 0);
}

static uint32_t *waiting_count(tcpt_busy *busy, int64_t since_ns)
{
    int64_t second = since_ns / 1000000000;
    unsigned at = (unsigned)((uint64_t)second % TCPT_WAIT_SECONDS);

    if (busy->waiting.second[at] != second) {
        busy->waiting.second[at] = second;
        busy->waiting.total -= busy->waiting.count[at];
        busy->waiting.count[at] = 0;
    }
    return &busy->waiting.count[at];
}

static tcpt_busy *busy_of(tcpt_pair *pair)
{
    if (pair->busy)
        return pair->busy;
    pair->busy = g_new0(tcpt_busy, 1);
    if (pair->first_ns)
        pair->busy->clocks[0] = (tcpt_clock){.time_ns = pair->first_ns, .tsval = pair->first_tsval, .samples = 1};
    return pair->busy;
}

/* The port left TIME-WAIT before its time: taken again, or reset. `since_ns` is when it entered. */
static void stop_waiting(tcpt_pair *pair, int64_t since_ns)
{
    uint32_t *count = waiting_count(busy_of(pair), since_ns);

    if (!*count)
        return;
    --*count;
    --pair->busy->waiting.total;
}

static void note_open(tcpt_pair *pair, tcpt_flow *flow, const tcpt_settings *settings, int64_t now_ns)
{
    tcpt_flow *old = flow->previous;
    uint32_t line = (uint32_t)((uint64_t)settings->ephemeral_ports * settings->port_pressure_percent / 100);

    if (old && old->client == flow->client && old->port_use == TCPT_PORT_WAITING) {
        stop_waiting(pair, old->port_free_ns);
        old->port_use = TCPT_PORT_FREE;
    } else if (old && old->client == flow->client && old->port_use == TCPT_PORT_OPEN) {
        old->port_use = TCPT_PORT_FREE;
        pair->open -= pair->open > 0;
    }
    flow->port_use = TCPT_PORT_OPEN;
    pair->open++;
    pair->above = tcpt_ports_at_most(pair) >= line &&
                  tcpt_ports_in_use(pair, now_ns, settings->time_wait_seconds) >= line;
}

/* The end that closes first waits; a reset frees the port at once. */
static void note_close(tcpt_peers *peers, tcpt_flow *flow, int64_t now_ns)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_pair *pair;

    if (client->state == TCPT_TIME_WAIT && flow->port_use == TCPT_PORT_OPEN) {
        pair = touch(peers, flow, now_ns);
        pair->open -= pair->open > 0;
        flow->port_use = TCPT_PORT_WAITING;
        flow->port_free_ns = now_ns;
        ++*waiting_count(busy_of(pair), now_ns);
        ++pair->busy->waiting.total;
    } else if (client->state == TCPT_CLOSED && flow->port_use == TCPT_PORT_OPEN) {
        pair = touch(peers, flow, now_ns);
        pair->open -= pair->open > 0;
        flow->port_use = TCPT_PORT_FREE;
    } else if (client->state == TCPT_CLOSED && flow->port_use == TCPT_PORT_WAITING) {
        stop_waiting(touch(peers, flow, now_ns), flow->port_free_ns);
        flow->port_use = TCPT_PORT_FREE;
    }
}

/* ---- timestamp clocks ---- */

/* Rates met in the field, ticks per second. */
static const uint32_t rates[] = {1000, 250, 100, 1000000};

/* Whether a sample fits a clock: within 3 % of the time between, for imprecise rates, and two ticks. */
static bool fits(const tcpt_clock *clock, uint32_t tsval, int64_t time_ns, uint32_t hz)
{
    double ticks = (double)(time_ns - clock->time_ns) / 1e9 * hz;
    double off = (double)seq_delta(tsval, clock->tsval) - ticks;

    return ABS(off) <= 2 + ABS(ticks) * 0.03 + hz * 0.02;
}

static bool take_sample(tcpt_clock *clock, uint32_t tsval, int64_t time_ns)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        if (clock->hz && clock->hz != rates[i])
            continue;
        if (!fits(clock, tsval, time_ns, rates[i]))
            continue;
        clock->hz = rates[i];
        clock->tsval = tsval;
        clock->time_ns = time_ns;
        clock->samples++;
        return true;
    }
    return false;
}

static void note_clock(tcpt_busy *busy, uint32_t tsval, int64_t time_ns)
{
    tcpt_clock *oldest = &busy->clocks[0];

    for (unsigned i = 0; i < TCPT_CLOCKS; i++) {
        if (busy->clocks[i].samples && take_sample(&busy->clocks[i], tsval, time_ns))
            return;
        if (busy->clocks[i].time_ns < oldest->time_ns)
            oldest = &busy->clocks[i];
    }
    *oldest = (tcpt_clock){.time_ns = time_ns, .tsval = tsval, .samples = 1};
}

uint32_t tcpt_clock_count(const tcpt_pair *pair)
{
    uint32_t count = 0;

    for (unsigned i = 0; pair->busy && i < TCPT_CLOCKS; i++)
        count += pair->busy->clocks[i].samples >= 2;
    return count;
}

/* ---- segments ---- */

static void note_answer(tcpt_pair *pair, const tcpt_flow *flow, int64_t now_ns, tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_busy *busy;

    if (now_ns - pair->answered_ns > tcpt_seconds_ns(60))
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
    busy = busy_of(pair);
    note_clock(busy, client->syn_tsval, client->syn_ns);
    if (busy->closed_by_server && now_ns - busy->closed_ns < tcpt_seconds_ns(60) &&
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
    busy = busy_of(touch(peers, flow, now_ns));
    if (busy->closed_by_server && now_ns - busy->closed_ns <= tcpt_seconds_ns(60) &&
        seq_after(busy->closed_tsval, client->newest_tsval))
        return; /* an older clock does not overwrite a newer one within a minute (tcp_remember_stamp()) */
    busy->closed_by_server = true;
    busy->closed_tsval = client->newest_tsval;
    busy->closed_ns = now_ns;
    busy->closed_record = record;
}

void tcpt_peers_advance(tcpt_peers *peers, tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                        const tcpt_settings *settings, tcpt_record *record)
{
    if (seen->other_syn || seen->stale || seen->really_bad)
        return;
    if (flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done) {
        if (flow->ends[flow->client].syn)
            note_open(touch(peers, flow, segment->time_ns), flow, settings, segment->time_ns);
        else
            flow->port_use = TCPT_PORT_FREE; /* opened before the capture: nothing to count from */
    } else if ((segment->flags & TCPT_SYN) && seen->from != flow->client && flow->ends[!flow->client].syn_count == 1) {
        note_answer(touch(peers, flow, segment->time_ns), flow, segment->time_ns, record);
    }
    if (!flow->closing)
        return;
    if (flow->port_use == TCPT_PORT_OPEN || flow->port_use == TCPT_PORT_WAITING)
        note_close(peers, flow, segment->time_ns);
    if (seen->from == flow->client)
        note_server_close(peers, flow, segment->time_ns, record);
}
