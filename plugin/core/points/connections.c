/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which flows are one connection, seen at several capture points?
 *
 * First those of the same 4-tuple and the same initial sequence number. A device that renumbers keeps the 4-tuple; a
 * device that translates addresses keeps the initial sequence number; one that does both keeps the client's timestamp,
 * whose offset is random per connection on today's systems. Without a handshake only the same 4-tuple tells. */
#include "core/points/points.h"

#include <string.h>

#include "core/segment/hashing.h"
#include "tcptriage/sequence.h"

enum {
    TWINS_MOST = 32,   /* lives of a 4-tuple that are looked through: TIME-WAIT keeps them a minute apart */
    OPENINGS_MOST = 8, /* SYNs with the same numbers: a scan uses one for all its targets, and tells nothing */
    NEAR_SEQ = 1 << 30,
};

/* SYNs of the same numbers, newest first. */
typedef struct opening {
    struct opening *next;
    tcpt_flow *flow;
} opening;

static void free_openings(gpointer data)
{
    opening *at = data;

    while (at) {
        opening *next = at->next;

        g_free(at);
        at = next;
    }
}

GHashTable *tcpt_openings_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, free_openings);
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
static void remember(GHashTable *openings, gpointer key, tcpt_flow *flow)
{
    opening *made = g_new0(opening, 1), *last = made;

    made->flow = flow;
    made->next = g_hash_table_lookup(openings, key);
    g_hash_table_steal(openings, key);
    g_hash_table_insert(openings, key, made);
    for (unsigned count = 1; count < OPENINGS_MOST && last->next; count++)
        last = last->next;
    free_openings(last->next);
    last->next = NULL;
}

static void remember_opening(tcpt_vantage *vantage, tcpt_flow *flow)
{
    GHashTable *openings = tcpt_vantage_openings(vantage);

    if (!client_of(flow)->syn)
        return;
    remember(openings, key_by_iss(flow), flow);
    if (has_timestamps(flow))
        remember(openings, key_by_timestamp(flow), flow);
}

/* ---- where do connections of two hosts go? ---- */

typedef struct guide {
    uint8_t address[2][16];
    const tcpt_point *at;
    const tcpt_connection *connection;
} guide;

static guint guide_hash(gconstpointer key)
{
    const guide *hosts = key;

    return tcpt_hash_words(hosts->address, sizeof hosts->address) ^ hosts->at->index * 2654435761u;
}

static gboolean guide_equal(gconstpointer a, gconstpointer b)
{
    const guide *left = a, *right = b;

    return left->at == right->at && memcmp(left->address, right->address, sizeof left->address) == 0;
}

GHashTable *tcpt_guides_new(void)
{
    return g_hash_table_new_full(guide_hash, guide_equal, g_free, NULL);
}

static guide guide_for(const tcpt_flow *flow)
{
    guide hosts = {.at = flow->at};

    memcpy(hosts.address, flow->key.address, sizeof hosts.address);
    return hosts;
}

const tcpt_connection *tcpt_guide_of(const tcpt_vantage *vantage, const tcpt_flow *flow)
{
    guide hosts = guide_for(flow);
    const guide *known = g_hash_table_lookup(tcpt_vantage_guides(vantage), &hosts);

    return known ? known->connection : NULL;
}

static void remember_guide(const tcpt_connection *connection, const tcpt_flow *flow)
{
    GHashTable *guides = tcpt_vantage_guides(connection->vantage);
    guide hosts = guide_for(flow);
    guide *known = g_hash_table_lookup(guides, &hosts);

    if (!known) {
        known = g_memdup2(&hosts, sizeof hosts);
        g_hash_table_add(guides, known);
    }
    known->connection = connection;
}

/* ---- are they the same? ---- */

static bool same_options(const tcpt_endpoint *a, const tcpt_endpoint *b)
{
    return a->syn_options == b->syn_options && a->wscale == b->wscale && a->syn_payload_bytes == b->syn_payload_bytes;
}

/* Times at which both points saw the SYN may differ by as much as a segment may be on its way, once the clocks are
 * known. */
static bool in_time(const tcpt_vantage *vantage, const tcpt_flow *a, const tcpt_flow *b)
{
    const tcpt_clock_pair *clocks = tcpt_clock_pair_of(vantage, a->at, b->at);
    int64_t apart_ns = client_of(b)->syn_ns - client_of(a)->syn_ns;

    if (!clocks || !clocks->known)
        return true;
    apart_ns -= a->at->index < b->at->index ? clocks->ahead_ns : -clocks->ahead_ns;
    return ABS(apart_ns) <= tcpt_vantage_keep_ns(vantage);
}

/* The same 4-tuple with other numbers: renumbered on the way, or another life of the tuple. */
static bool renumbered(const tcpt_vantage *vantage, const tcpt_flow *a, const tcpt_flow *b)
{
    const tcpt_endpoint *left = client_of(a), *right = client_of(b);

    if (!same_options(left, right) || !in_time(vantage, a, b))
        return false;
    if (has_timestamps(a))
        return left->syn_tsval == right->syn_tsval;
    return left->mss == right->mss && left->syn_count <= 1;
}

static bool numbers_near(const tcpt_flow *a, const tcpt_flow *b)
{
    for (unsigned end = 0; end < 2; end++) {
        const tcpt_endpoint *left = &a->ends[end], *right = &b->ends[end];

        if (left->sent && right->sent && ABS((int64_t)seq_delta(left->snd_nxt, right->snd_nxt)) > NEAR_SEQ)
            return false;
    }
    return true;
}

static bool same_life(const tcpt_vantage *vantage, const tcpt_flow *twin, const tcpt_flow *flow)
{
    if (!client_of(flow)->syn || !client_of(twin)->syn || flow->client != twin->client)
        return numbers_near(twin, flow);
    return client_of(flow)->iss == client_of(twin)->iss || renumbered(vantage, twin, flow);
}

/* Other addresses or ports, the same SYN. */
static bool same_opening(const tcpt_vantage *vantage, const tcpt_flow *other, const tcpt_flow *flow)
{
    const tcpt_endpoint *a = client_of(other), *b = client_of(flow);

    if (other->key.family != flow->key.family || !same_options(a, b) || !in_time(vantage, other, flow))
        return false;
    if (has_timestamps(flow))
        return a->syn_tsval == b->syn_tsval;
    return a->iss == b->iss && a->mss == b->mss;
}

/* ---- members ---- */

unsigned tcpt_member_of(const tcpt_connection *connection, const tcpt_flow *flow)
{
    unsigned member = 0;

    while (connection->members[member].flow != flow)
        member++;
    return member;
}

tcpt_record *tcpt_fin_elsewhere(const tcpt_flow *flow, unsigned end, int64_t until_ns)
{
    const tcpt_connection *connection = flow->connection;
    unsigned here, way;

    if (!connection || connection->member_count < 2)
        return NULL;
    here = tcpt_member_of(connection, flow);
    way = end ^ connection->members[here].turned;
    for (unsigned i = 0; i < connection->member_count; i++) {
        const tcpt_endpoint *there = &connection->members[i].flow->ends[way ^ connection->members[i].turned];
        int64_t expected_ns;

        if (i == here || !there->fin)
            continue;
        tcpt_expected_ns(connection, i, here, way, &expected_ns);
        if (there->fin_ns + expected_ns <= until_ns)
            return there->fin_record;
    }
    return NULL;
}

static bool room_for(const tcpt_connection *connection, const tcpt_point *point)
{
    if (connection->member_count == TCPT_MEMBERS)
        return false;
    for (unsigned i = 0; i < connection->member_count; i++)
        if (connection->members[i].flow->at == point)
            return false;
    return true;
}

void tcpt_member_learn_shift(tcpt_connection *connection, unsigned member, unsigned way, uint32_t iss)
{
    tcpt_member *here = &connection->members[member];

    if (here->shift_known[way])
        return;
    if (!connection->reference_known[way]) {
        connection->reference_known[way] = true;
        connection->reference[way] = iss;
    }
    here->shift_known[way] = true;
    here->shift[way] = iss - connection->reference[way];
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
    return from_ns == INT64_MAX ? connection->members[member].flow->last_ns : from_ns;
}

static void wait_for(tcpt_connection *connection, unsigned member)
{
    for (unsigned way = 0; way < 2; way++)
        for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
            connection->waiting[member][way] += at->seq != at->end_seq;
}

static void add_member(tcpt_connection *connection, tcpt_flow *flow, int64_t noted_from_ns)
{
    unsigned member = connection->member_count;
    const tcpt_flow *first = member ? connection->members[0].flow : flow;
    tcpt_member *here = &connection->members[member];
    const tcpt_endpoint *client = client_of(flow);

    *here = (tcpt_member){.flow = flow, .noted_from_ns = noted_from_ns};
    flow->connection = connection;
    here->translated = memcmp(flow->key.address, first->key.address, sizeof flow->key.address) != 0 ||
                       memcmp(flow->key.port, first->key.port, sizeof flow->key.port) != 0;
    here->turned = here->translated && flow->client != first->client;
    if (client->syn)
        tcpt_member_learn_shift(connection, member, flow->client ^ here->turned, client->iss);
    for (unsigned i = 0; i < member; i++)
        tcpt_leg_of(connection, i, member)->complete_from_ns = complete_from(connection, i);
    connection->member_count++;
    wait_for(connection, member);
    if (member == 1)
        remember_guide(connection, first);
    if (member > 0)
        remember_guide(connection, flow);
}

static tcpt_connection *new_connection(tcpt_vantage *vantage, tcpt_flow *flow, int64_t noted_from_ns)
{
    tcpt_connection *connection = g_new0(tcpt_connection, 1);

    tcpt_vantage_add_connection(vantage, connection);
    add_member(connection, flow, noted_from_ns);
    remember_opening(vantage, flow);
    return connection;
}

/* A flow from before its segments were noted: of those, an opening SYN is all that can be made up for. */
static tcpt_connection *connection_of(tcpt_vantage *vantage, tcpt_flow *flow)
{
    bool only_opening = client_of(flow)->syn && client_of(flow)->syn_count == 1 &&
                        flow->ends[0].segment_count + flow->ends[1].segment_count == 1;

    if (flow->connection)
        return flow->connection;
    new_connection(vantage, flow, only_opening ? INT64_MIN : flow->last_ns + 1);
    if (only_opening)
        tcpt_vantage_note_opening(vantage, flow);
    return flow->connection;
}

static tcpt_flow *find_twin(const tcpt_vantage *vantage, const tcpt_flow *flow)
{
    unsigned count = 0;

    for (tcpt_flow *twin = flow->twin; twin != flow && count < TWINS_MOST; twin = twin->twin, count++)
        if (twin->at != flow->at && same_life(vantage, twin, flow) &&
            (!twin->connection || room_for(twin->connection, flow->at)))
            return twin;
    return NULL;
}

/* The one SYN of those numbers; of two nobody knows which. */
static tcpt_flow *only_opening(const tcpt_vantage *vantage, gpointer key, const tcpt_flow *flow)
{
    tcpt_flow *found = NULL;

    for (opening *at = g_hash_table_lookup(tcpt_vantage_openings(vantage), key); at; at = at->next) {
        if (at->flow->at == flow->at || !same_opening(vantage, at->flow, flow))
            continue;
        if (!at->flow->connection || !room_for(at->flow->connection, flow->at))
            continue;
        if (found)
            return NULL;
        found = at->flow;
    }
    return found;
}

static tcpt_flow *find_translated(const tcpt_vantage *vantage, const tcpt_flow *flow)
{
    tcpt_flow *found;

    if (!client_of(flow)->syn)
        return NULL;
    found = only_opening(vantage, key_by_iss(flow), flow);
    if (!found && has_timestamps(flow))
        found = only_opening(vantage, key_by_timestamp(flow), flow);
    return found;
}

tcpt_connection *tcpt_connection_join(tcpt_vantage *vantage, tcpt_flow *flow, int64_t now_ns)
{
    /* A life that began with a SYN into the one before has its SYN there. */
    bool from_the_start = flow->ends[0].segment_count + flow->ends[1].segment_count <= 1 && flow->first_ns == now_ns;
    tcpt_flow *other = find_twin(vantage, flow);
    tcpt_connection *connection;

    if (!other)
        other = find_translated(vantage, flow);
    if (!other)
        return new_connection(vantage, flow, from_the_start ? INT64_MIN : now_ns);
    connection = connection_of(vantage, other);
    add_member(connection, flow, from_the_start ? INT64_MIN : now_ns);
    return connection;
}

void tcpt_connection_free(tcpt_connection *connection)
{
    tcpt_leg *leg = connection->legs;

    while (leg) {
        tcpt_leg *next = leg->next;

        for (unsigned i = 0; i < 4; i++)
            tcpt_loss_table_free(leg->losses[i / 2][i % 2]);
        g_free(leg);
        leg = next;
    }
    tcpt_loss_table_free(connection->alone);
    g_free(connection);
}
