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
#include "core/peers.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/sequence.h"

/* Both tables together, when full: 41 MiB with both generations and what busy pairs have besides. */
enum {
    PROVEN_SLOTS = 1 << 17,
    FLEETING_SLOTS = 1 << 16, /* a minute of 500 new half-open connections a second */
    BUSY_MAX = 1 << 15,       /* per generation */
    SLOTS_FIRST = 1 << 8,
    GENERATION_SECONDS = 300, /* longer than any question asked: siblings 60 s, TIME-WAIT 240 s at the most */
    LISTENERS = 1 << 10,      /* each in one of four places; when all are taken it takes the oldest one's */
    SOURCES = 1 << 10,        /* likewise */
    PLACES = 4,
    HANDSHAKE_SECONDS = 60, /* both look back so far: a half-open connection is gone after 63 s (tcp_synack_retries) */
    SCAN_ATTEMPTS = 16,     /* a browser has a dozen handshakes in flight */
    WORTH_TELLING_PERCENT = 10, /* of the range: below, ten times as many connections would still find a port */
};

typedef struct generation {
    tcpt_pair *slots;
    uint32_t slot_count; /* a power of two */
    uint32_t used;
    uint32_t busy; /* pairs that have more than their slot */
    int64_t born_ns;
} generation;

/* What an address tried to open within the last minute, wherever to. */
typedef struct source {
    uint64_t hash;
    int64_t since_ns;
    uint32_t tried;
    uint32_t completed;
} source;

typedef struct table {
    generation young;
    generation old;
    uint32_t slots_max;
} table;

struct tcpt_peers {
    table proven;
    table fleeting;
    tcpt_listener listeners[LISTENERS];
    source sources[SOURCES];
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

static void grow(generation *young, uint32_t slots_max)
{
    generation larger = *young;

    larger.slot_count = MIN(young->slot_count ? young->slot_count * 4 : SLOTS_FIRST, slots_max);
    larger.slots = g_new0(tcpt_pair, larger.slot_count);
    for (uint32_t i = 0; i < young->slot_count; i++)
        if (young->slots[i].hash)
            *slot_of(&larger, young->slots[i].hash) = young->slots[i];
    g_free(young->slots);
    *young = larger;
}

static tcpt_pair *found(const generation *in, uint64_t hash)
{
    tcpt_pair *pair = in->slot_count ? slot_of(in, hash) : NULL;

    return pair && pair->hash ? pair : NULL;
}

/* Put a pair into the young generation, which has room. Where it comes from its hash stays, for the chain of slots. */
static tcpt_pair *adopt(table *in, tcpt_pair *from)
{
    tcpt_pair *pair = slot_of(&in->young, from->hash);

    *pair = *from;
    from->busy = NULL;
    from->open = 0;
    in->young.used++;
    in->young.busy += pair->busy != NULL;
    return pair;
}

/* Idle connections hold their ports for hours: a pair is not forgotten for its age while it has some. */
static void keep_open(table *in, generation *leaving)
{
    for (uint32_t i = 0; i < leaving->slot_count && in->young.used < in->slots_max / 4; i++) {
        if (!leaving->slots[i].hash || !leaving->slots[i].open || found(&in->old, leaving->slots[i].hash))
            continue;
        if (in->young.used * 2 >= in->young.slot_count)
            grow(&in->young, in->slots_max);
        adopt(in, &leaving->slots[i]);
    }
}

static void make_room(table *in, int64_t now_ns)
{
    generation *young = &in->young, leaving = in->old;
    bool full = (young->slot_count == in->slots_max && young->used >= in->slots_max / 2) || young->busy >= BUSY_MAX;
    bool aged = young->used && now_ns - young->born_ns > tcpt_seconds_ns(GENERATION_SECONDS);

    if (full || aged) {
        in->old = *young;
        *young = (generation){.born_ns = now_ns};
        if (!full)
            keep_open(in, &leaving);
        drop(&leaving);
    }
    if (!young->used)
        young->born_ns = now_ns;
    if (young->used * 2 >= young->slot_count)
        grow(young, in->slots_max);
}

static tcpt_pair *find(const table *in, uint64_t hash)
{
    tcpt_pair *pair = found(&in->young, hash);

    return pair ? pair : found(&in->old, hash);
}

/* Find the pair, moved to the young generation, or NULL. */
static tcpt_pair *refresh(table *in, uint64_t hash, int64_t now_ns)
{
    tcpt_pair *pair;

    make_room(in, now_ns);
    pair = found(&in->young, hash);
    if (pair)
        return pair;
    pair = found(&in->old, hash);
    return pair ? adopt(in, pair) : NULL;
}

/* Find or make the pair; one that is proven leaves the table of the fleeting ones. */
static tcpt_pair *touch(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns, bool proven)
{
    uint64_t hash = pair_hash(flow);
    tcpt_pair fresh = {.hash = hash, .proven = proven};
    tcpt_pair *pair = refresh(&peers->proven, hash, now_ns);

    if (!pair && !proven)
        pair = refresh(&peers->fleeting, hash, now_ns);
    if (!pair && proven) {
        pair = find(&peers->fleeting, hash);
        pair = adopt(&peers->proven, pair ? pair : &fresh);
        pair->proven = true;
    }
    if (!pair)
        pair = adopt(&peers->fleeting, &fresh);
    return pair;
}

const tcpt_pair *tcpt_peers_find(const tcpt_peers *peers, const tcpt_flow *flow)
{
    uint64_t hash = pair_hash(flow);
    const tcpt_pair *pair = find(&peers->proven, hash);

    return pair ? pair : find(&peers->fleeting, hash);
}

tcpt_peers *tcpt_peers_new(void)
{
    tcpt_peers *peers = g_new0(tcpt_peers, 1);

    peers->proven.slots_max = PROVEN_SLOTS;
    peers->fleeting.slots_max = FLEETING_SLOTS;
    return peers;
}

static void drop_table(table *gone)
{
    drop(&gone->young);
    drop(&gone->old);
}

void tcpt_peers_free(tcpt_peers *peers)
{
    drop_table(&peers->proven);
    drop_table(&peers->fleeting);
    g_free(peers);
}

static size_t generation_bytes(const generation *of)
{
    return of->slot_count * sizeof(tcpt_pair) + of->busy * sizeof(tcpt_busy);
}

size_t tcpt_peers_bytes(const tcpt_peers *peers)
{
    return sizeof *peers + generation_bytes(&peers->proven.young) + generation_bytes(&peers->proven.old) +
           generation_bytes(&peers->fleeting.young) + generation_bytes(&peers->fleeting.old);
}

/* ---- sources ---- */

/* Its place, or the one that it may take. */
static source *source_at(tcpt_peers *peers, uint64_t hash)
{
    source *oldest = NULL;

    for (unsigned i = 0; i < PLACES; i++) {
        source *at = &peers->sources[(hash + i) % SOURCES];

        if (at->hash == hash)
            return at;
        if (!oldest || at->since_ns < oldest->since_ns)
            oldest = at;
    }
    return oldest;
}

static void advance_source(tcpt_peers *peers, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_observation *seen)
{
    bool completed = flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done;
    bool tried = (segment->flags & TCPT_SYN) && seen->from == flow->client && flow->ends[flow->client].syn_count == 1;
    uint64_t hash;
    source *at;

    if (!completed && !tried)
        return;
    hash = end_hash(flow, flow->client, 0);
    at = source_at(peers, hash);
    if (at->hash != hash || segment->time_ns - at->since_ns > tcpt_seconds_ns(HANDSHAKE_SECONDS))
        *at = (source){.hash = hash, .since_ns = segment->time_ns};
    at->tried += tried;
    at->completed += completed;
}

bool tcpt_peers_scans(tcpt_peers *peers, const tcpt_flow *flow)
{
    uint64_t hash = end_hash(flow, flow->client, 0);
    const source *at = source_at(peers, hash);

    return at->hash == hash && at->tried >= at->completed + SCAN_ATTEMPTS;
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
    if (now_ns - listener->since_ns <= tcpt_seconds_ns(HANDSHAKE_SECONDS))
        return listener;
    listener->since_ns = now_ns;
    listener->answered = listener->settled = 0;
    return listener;
}

/* ---- ports ---- */

static int64_t wait_step(int64_t time_ns, uint32_t time_wait_seconds)
{
    return time_ns / (tcpt_seconds_ns(MAX(time_wait_seconds, 1)) / TCPT_WAIT_STEPS);
}

/* The count of a step; negative times exist in broken captures. */
static unsigned wait_place(int64_t step)
{
    return (unsigned)((uint64_t)step % TCPT_WAIT_STEPS);
}

uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds)
{
    const tcpt_waiting *waiting = pair->busy ? &pair->busy->waiting : NULL;
    uint32_t in_use = tcpt_ports_at_most(pair);
    int64_t step = wait_step(now_ns, time_wait_seconds);

    if (!waiting || !waiting->total)
        return in_use;
    for (int64_t over = 1; over <= MIN(step - waiting->newest, TCPT_WAIT_STEPS); over++)
        in_use -= waiting->count[wait_place(waiting->newest + over)];
    return in_use;
}

/* Forget those whose TIME-WAIT is over at this step. */
static void advance_waiting(tcpt_waiting *waiting, int64_t step)
{
    int64_t over = MIN(step - waiting->newest, TCPT_WAIT_STEPS);

    for (int64_t i = 1; i <= over; i++) {
        uint16_t *count = &waiting->count[wait_place(waiting->newest + i)];

        waiting->total -= *count;
        *count = 0;
    }
    waiting->newest = MAX(waiting->newest, step);
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

static void start_waiting(tcpt_peers *peers, tcpt_pair *pair, int64_t now_ns, const tcpt_settings *settings)
{
    tcpt_waiting *waiting = &busy_of(peers, pair)->waiting;
    int64_t step = wait_step(now_ns, settings->time_wait_seconds);
    uint16_t *count = &waiting->count[wait_place(step)];

    if (!waiting->total)
        waiting->newest = step;
    advance_waiting(waiting, step);
    if (waiting->newest - step >= TCPT_WAIT_STEPS || *count == UINT16_MAX)
        return;
    ++*count;
    ++waiting->total;
}

/* The port left TIME-WAIT before its time: taken again, or reset. `since_ns` is when it entered. */
static void stop_waiting(tcpt_pair *pair, int64_t since_ns, const tcpt_settings *settings)
{
    tcpt_waiting *waiting = pair->busy ? &pair->busy->waiting : NULL;
    int64_t step = wait_step(since_ns, settings->time_wait_seconds);

    if (!waiting || waiting->newest - step >= TCPT_WAIT_STEPS || !waiting->count[wait_place(step)])
        return;
    waiting->count[wait_place(step)]--;
    waiting->total--;
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

static void note_open(tcpt_pair *pair, tcpt_flow *flow, const tcpt_settings *settings)
{
    tcpt_flow *old = flow->previous;

    if (old && old->client == flow->client && old->port_use == TCPT_PORT_WAITING) {
        stop_waiting(pair, old->port_free_ns, settings);
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
    if (client->state == TCPT_TIME_WAIT && flow->port_use == TCPT_PORT_WAITING)
        return;
    pair = touch(peers, flow, now_ns, true);
    if (flow->port_use == TCPT_PORT_WAITING)
        stop_waiting(pair, flow->port_free_ns, settings);
    else
        pair->open -= pair->open > 0;
    flow->port_use = client->state == TCPT_TIME_WAIT ? TCPT_PORT_WAITING : TCPT_PORT_FREE;
    if (flow->port_use == TCPT_PORT_FREE)
        return;
    flow->port_free_ns = now_ns;
    start_waiting(peers, pair, now_ns, settings);
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

static void note_answer(tcpt_peers *peers, const tcpt_flow *flow, int64_t now_ns, tcpt_record *record)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_pair *pair = touch(peers, flow, now_ns, false);
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
    if (!pair->proven)
        return; /* a clock matters only where the server has closed a connection */
    busy = busy_of(peers, pair);
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
    busy = busy_of(peers, touch(peers, flow, now_ns, true));
    if (busy->closed_by_server && now_ns - busy->closed_ns <= tcpt_seconds_ns(60) &&
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
    listener->settled += completed || given_up;
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
    advance_source(peers, flow, segment, seen);
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
    if (!flow->closing)
        return;
    if (flow->port_use == TCPT_PORT_OPEN || flow->port_use == TCPT_PORT_WAITING)
        note_close(peers, flow, settings, now_ns);
    if (seen->from == flow->client)
        note_server_close(peers, flow, now_ns, record);
}
