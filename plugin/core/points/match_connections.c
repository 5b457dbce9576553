/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which flows are one connection, seen at several capture points?
 *
 * First those of the same 4-tuple and the same initial sequence number. A device that renumbers keeps the 4-tuple; a
 * device that translates addresses keeps the initial sequence number; one that does both keeps the client's timestamp,
 * whose offset is random per connection on today's systems. Where the number is another one the SYN must have passed
 * before it was answered: a proxy's connections are two. Without a handshake only the same 4-tuple tells. */
#include "core/points/match_connections.h"

#include <string.h>

#include "core/points/clock_offsets.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/sightings.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum {
    TWINS_MOST = 32, /* lives of a 4-tuple that are looked through: TIME-WAIT keeps them a minute apart */
    SYNS_MOST = 8,   /* SYNs with the same numbers: a scan uses one for all its targets, and tells nothing */
};

/* SYNs of the same numbers, newest first. */
typedef struct known_syn {
    struct known_syn *next;
    tcpt_record *record; /* of its flow */
} known_syn;

static void free_syns(gpointer data)
{
    known_syn *at = data;

    while (at) {
        known_syn *next = at->next;

        g_free(at);
        at = next;
    }
}

GHashTable *tcpt_syns_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, free_syns);
}

/* @return what is left of a list */
static known_syn *staying(known_syn *first, bool (*leaves)(const tcpt_flow *flow, void *data), void *data)
{
    known_syn **link = &first;

    while (*link) {
        known_syn *at = *link;

        if (!leaves(tcpt_flow_of(at->record), data)) {
            link = &at->next;
            continue;
        }
        *link = at->next;
        g_free(at);
    }
    return first;
}

void tcpt_syns_release(tcpt_points *points, bool (*leaves)(const tcpt_flow *flow, void *data), void *data)
{
    GHashTable *known = points->syns;
    GHashTableIter each;
    gpointer key, list;

    points->syns = tcpt_syns_new();
    g_hash_table_iter_init(&each, known);
    while (g_hash_table_iter_next(&each, &key, &list)) {
        known_syn *left = staying(list, leaves, data);

        g_hash_table_iter_steal(&each);
        if (left)
            g_hash_table_insert(points->syns, key, left);
    }
    g_hash_table_destroy(known);
}

static const tcpt_endpoint *client_of(const tcpt_flow *flow)
{
    return &flow->ends[flow->client];
}

static gpointer key_by_iss(const tcpt_flow *flow)
{
    return GUINT_TO_POINTER(client_of(flow)->iss);
}

/* Apart from the other kind of key: both are 32 bits of chance. */
static gpointer key_by_timestamp(const tcpt_flow *flow)
{
    return GUINT_TO_POINTER(~client_of(flow)->syn_tsval * 2654435761u);
}

static bool has_timestamps(const tcpt_flow *flow)
{
    return client_of(flow)->syn_options & TCPT_OPTION_TIMESTAMPS;
}

/* Newest first; the oldest goes when there are too many. */
static void remember(GHashTable *syns, gpointer key, const tcpt_flow *flow)
{
    known_syn *made = g_new0(known_syn, 1), *last = made;

    made->record = flow->record;
    made->next = g_hash_table_lookup(syns, key);
    g_hash_table_steal(syns, key);
    g_hash_table_insert(syns, key, made);
    for (unsigned count = 1; count < SYNS_MOST && last->next; count++)
        last = last->next;
    free_syns(last->next);
    last->next = NULL;
}

static void remember_syn(tcpt_points *points, const tcpt_flow *flow)
{
    GHashTable *syns = points->syns;

    if (!client_of(flow)->syn)
        return;
    remember(syns, key_by_iss(flow), flow);
    if (has_timestamps(flow))
        remember(syns, key_by_timestamp(flow), flow);
}

/* ---- are they the same? ---- */

static bool same_options(const tcpt_endpoint *a, const tcpt_endpoint *b)
{
    return a->syn_options == b->syn_options && a->wscale == b->wscale && a->syn_payload_bytes == b->syn_payload_bytes;
}

/* From a time at one point to a time at the other, by one clock as far as that is known. */
static int64_t between_ns(const tcpt_points *points, const tcpt_point *a, int64_t a_ns, const tcpt_point *b,
                          int64_t b_ns)
{
    const tcpt_clock_offset *clocks = tcpt_clock_offset_of(points, a, b);

    if (!clocks || !clocks->known)
        return b_ns - a_ns;
    return b_ns - a_ns - (a->index < b->index ? clocks->ahead_ns : -clocks->ahead_ns);
}

/* Times at which both points saw the SYN may differ by as much as a segment may be on its way, once the clocks are
 * known. */
static bool in_time(const tcpt_points *points, const tcpt_flow *a, const tcpt_flow *b)
{
    const tcpt_clock_offset *clocks = tcpt_clock_offset_of(points, a->at, b->at);

    return !clocks || !clocks->known ||
           ABS(between_ns(points, a->at, client_of(a)->syn_ns, b->at, client_of(b)->syn_ns)) <= points->keep_ns;
}

/* What is answered before it is passed on is not passed on: a proxy answers, and has a connection of its own. Farther
 * apart than by one clock nobody knows which came first, before the clocks are known. */
static bool answered_before(const tcpt_points *points, const tcpt_flow *a, const tcpt_flow *b)
{
    const tcpt_clock_offset *clocks = tcpt_clock_offset_of(points, a->at, b->at);
    const tcpt_endpoint *server = &a->ends[!a->client];
    int64_t later_ns = between_ns(points, a->at, server->syn_ns, b->at, client_of(b)->syn_ns);

    return server->syn && later_ns > 0 && ((clocks && clocks->known) || later_ns <= TCPT_ONE_CLOCK_NS);
}

/* The same 4-tuple with other numbers: renumbered on the way, or another life of the tuple. */
static bool renumbered(const tcpt_points *points, const tcpt_flow *a, const tcpt_flow *b)
{
    const tcpt_endpoint *left = client_of(a), *right = client_of(b);

    if (!same_options(left, right) || !in_time(points, a, b) || answered_before(points, a, b))
        return false;
    if (has_timestamps(a))
        return left->syn_tsval == right->syn_tsval;
    return left->mss == right->mss && left->syn_count <= 1;
}

static bool numbers_near(const tcpt_flow *a, const tcpt_flow *b)
{
    for (unsigned end = 0; end < 2; end++) {
        const tcpt_endpoint *left = &a->ends[end], *right = &b->ends[end];

        if (left->sent && right->sent && ABS((int64_t)seq_delta(left->snd_nxt, right->snd_nxt)) > TCPT_SEQ_NEAR)
            return false;
    }
    return true;
}

static bool same_life(const tcpt_points *points, const tcpt_flow *twin, const tcpt_flow *flow)
{
    if (!client_of(flow)->syn || !client_of(twin)->syn || flow->client != twin->client)
        return numbers_near(twin, flow);
    return client_of(flow)->iss == client_of(twin)->iss || renumbered(points, twin, flow);
}

/* The farther point knows the connection by a SYN sent again: without Fast Open and its data, and with a timestamp of
 * its own, but under the same initial sequence number. */
static bool same_retry(const tcpt_points *points, const tcpt_flow *early, const tcpt_flow *late)
{
    const tcpt_endpoint *a = client_of(early), *b = client_of(late);

    return a->syn_count > 1 && b->syn_count == 1 && a->segment_count == a->syn_count && a->iss == b->iss &&
           a->mss == b->mss && a->wscale == b->wscale &&
           ((a->syn_options ^ b->syn_options) & ~(unsigned)TCPT_OPTION_FAST_OPEN) == 0 &&
           in_time(points, early, late) && (!has_timestamps(late) || a->newest_tsval == b->syn_tsval);
}

/* Other addresses or ports, the same SYN. */
static bool same_syn(const tcpt_points *points, const tcpt_flow *other, const tcpt_flow *flow)
{
    const tcpt_endpoint *a = client_of(other), *b = client_of(flow);

    if (other->key.family != flow->key.family)
        return false;
    if (same_retry(points, other, flow))
        return true;
    if (!same_options(a, b) || !in_time(points, other, flow))
        return false;
    if (a->iss != b->iss)
        return has_timestamps(flow) && a->syn_tsval == b->syn_tsval && !answered_before(points, other, flow);
    return has_timestamps(flow) ? a->syn_tsval == b->syn_tsval : a->mss == b->mss;
}

/* ---- members ---- */

static bool room_for(const tcpt_connection *connection, const tcpt_point *point)
{
    return connection->member_count < TCPT_MEMBERS && tcpt_member_at(connection, point) == connection->member_count;
}

/* What a member that joins late can still be compared with. */
static int64_t complete_from(const tcpt_connection *connection, unsigned member)
{
    int64_t from_ns = INT64_MAX;

    if (!connection->let_go)
        return INT64_MIN;
    for (unsigned way = 0; way < 2; way++)
        for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
            if ((at->seen & 1u << member) && !(at->flags & TCPT_SYN))
                from_ns = MIN(from_ns, at->time_ns[member]);
    return from_ns == INT64_MAX ? tcpt_member_flow(&connection->members[member])->last_ns + 1 : from_ns;
}

static void count_kept(tcpt_connection *connection, unsigned member)
{
    for (unsigned way = 0; way < 2; way++)
        for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
            connection->members[member].not_seen[way] += at->seq != at->end_seq;
}

/* Note which connection a flow is. */
static void connect(tcpt_points *points, const tcpt_flow *flow, tcpt_connection *connection)
{
    if (flow->number >= points->connections->len)
        g_ptr_array_set_size(points->connections, (gint)flow->number + 1);
    points->connections->pdata[flow->number] = connection;
}

static void make_room(tcpt_connection *connection)
{
    if (connection->member_count == 0) {
        connection->members = connection->few;
    } else if (connection->member_count == TCPT_MEMBERS_FEW) {
        connection->members = g_new(tcpt_member, TCPT_MEMBERS);
        memcpy(connection->members, connection->few, sizeof connection->few);
    }
}

static void add_member(tcpt_connection *connection, const tcpt_flow *flow, int64_t noted_from_ns)
{
    unsigned member = connection->member_count;
    const tcpt_flow *first = member ? tcpt_member_flow(&connection->members[0]) : flow;
    const tcpt_endpoint *client = client_of(flow);
    tcpt_member *here;

    make_room(connection);
    here = &connection->members[member];
    *here = (tcpt_member){.record = flow->record, .at = flow->at, .noted_from_ns = noted_from_ns};
    tcpt_ports_note(flow->at, flow->key.port[!flow->client]);
    connect(connection->points, flow, connection);
    here->translated = memcmp(flow->key.address, first->key.address, sizeof flow->key.address) != 0 ||
                       memcmp(flow->key.port, first->key.port, sizeof flow->key.port) != 0;
    here->turned = here->translated && flow->client != first->client;
    if (client->syn)
        tcpt_member_learn_shift(connection, member, flow->client ^ here->turned, client->iss);
    for (unsigned i = 0; i < member; i++)
        tcpt_leg_of(connection, i, member)->complete_from_ns = complete_from(connection, i);
    connection->member_count++;
    count_kept(connection, member);
    for (unsigned i = 0; member > 0 && i <= member; i++)
        tcpt_guides_note(connection, tcpt_member_flow(&connection->members[i]));
}

static void add_connection(tcpt_points *points, tcpt_connection *connection)
{
    connection->points = points;
    if (points->newest_connection)
        points->newest_connection->next = connection;
    else
        points->first_connection = connection;
    points->newest_connection = connection;
}

static tcpt_connection *new_connection(tcpt_points *points, const tcpt_flow *flow, int64_t noted_from_ns)
{
    tcpt_connection *connection = g_new0(tcpt_connection, 1);

    add_connection(points, connection);
    add_member(connection, flow, noted_from_ns);
    remember_syn(points, flow);
    return connection;
}

static void note_earlier_syn(tcpt_points *points, const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned member = tcpt_member_of(connection, flow);
    tcpt_sighting *now = tcpt_sightings_new_one(points);

    *now = (tcpt_sighting){
        .connection = connection,
        .flags = TCPT_SYN,
        .way = (uint8_t)(flow->client ^ connection->members[member].turned),
        .first = (uint8_t)member,
        .seen = (uint8_t)(1u << member),
        .tsval = client->syn_tsval,
        .has_timestamps = client->syn_options & TCPT_OPTION_TIMESTAMPS,
        .ip_id = client->ip_id,
        .has_ip_id = client->ip_id != 0,
        .ip_bytes = 60,
    };
    now->seq = client->iss - connection->members[member].shift[now->way];
    now->end_seq = client->snd_nxt - connection->members[member].shift[now->way];
    now->time_ns[member] = flow->last_ns;
    now->record[member] = flow->last_record;
    tcpt_sightings_keep(points, now);
}

/* A flow from before its segments were noted: of those, an opening SYN is all that can be made up for. */
static tcpt_connection *connection_of(tcpt_points *points, const tcpt_flow *flow)
{
    bool only_syn = client_of(flow)->syn && client_of(flow)->syn_count == 1 &&
                    flow->ends[0].segment_count + flow->ends[1].segment_count == 1;

    if (tcpt_connection_of(flow))
        return tcpt_connection_of(flow);
    new_connection(points, flow, only_syn ? INT64_MIN : flow->last_ns + 1);
    if (only_syn)
        note_earlier_syn(points, flow);
    return tcpt_connection_of(flow);
}

static const tcpt_flow *find_twin(const tcpt_points *points, const tcpt_flow *flow)
{
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->at != flow->at && same_life(points, twin, flow) &&
            (!tcpt_connection_of(twin) || room_for(tcpt_connection_of(twin), flow->at)))
            return twin;
    return NULL;
}

/* The one SYN of those numbers; of two nobody knows which. */
static const tcpt_flow *only_syn(const tcpt_points *points, gpointer key, const tcpt_flow *flow)
{
    const tcpt_flow *found = NULL;

    for (known_syn *at = g_hash_table_lookup(points->syns, key); at; at = at->next) {
        const tcpt_flow *other = tcpt_flow_of(at->record);

        if (other->at == flow->at || !same_syn(points, other, flow))
            continue;
        if (!tcpt_connection_of(other) || !room_for(tcpt_connection_of(other), flow->at))
            continue;
        if (found)
            return NULL;
        found = other;
    }
    return found;
}

static const tcpt_flow *find_translated(const tcpt_points *points, const tcpt_flow *flow)
{
    const tcpt_flow *found;

    if (!client_of(flow)->syn)
        return NULL;
    found = only_syn(points, key_by_iss(flow), flow);
    if (!found && has_timestamps(flow))
        found = only_syn(points, key_by_timestamp(flow), flow);
    return found;
}

tcpt_connection *tcpt_match_connection(tcpt_points *points, const tcpt_flow *flow, int64_t now_ns)
{
    /* A life that began with a SYN into the one before has its SYN there. */
    bool from_the_start = flow->ends[0].segment_count + flow->ends[1].segment_count <= 1 && flow->first_ns == now_ns;
    const tcpt_flow *other = find_twin(points, flow);
    tcpt_connection *connection;

    if (!other)
        other = find_translated(points, flow);
    if (!other)
        return new_connection(points, flow, from_the_start ? INT64_MIN : now_ns);
    connection = connection_of(points, other);
    add_member(connection, flow, from_the_start ? INT64_MIN : now_ns);
    return connection;
}
