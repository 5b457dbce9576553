/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/guides.h"

#include <string.h>

#include "core/points/connection_memory.h"
#include "core/points/legs.h"
#include "core/segment/bytes.h"

/* Whose connections were given back. A kilobyte each. */
enum { KEPT_GUIDES_MOST = 1 << 16 };

typedef struct guide {
    uint8_t address[2][16];
    const tcpt_point *at;
    uint16_t port; /* the server's, of the newest connection */
    const tcpt_connection *connection;
    tcpt_connection *kept; /* the same once that was given back; NULL before */
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

static void free_kept(guide *of)
{
    if (of->kept)
        tcpt_connection_free(of->kept);
    of->kept = NULL;
}

static void free_guide(gpointer data)
{
    free_kept(data);
    g_free(data);
}

GHashTable *tcpt_guides_new(void)
{
    return g_hash_table_new_full(guide_hash, guide_equal, free_guide, NULL);
}

static guide guide_for(const tcpt_flow *flow)
{
    guide hosts = {.at = flow->at};

    memcpy(hosts.address, flow->key.address, sizeof hosts.address);
    return hosts;
}

static const guide *known_guide(const tcpt_points *points, const tcpt_flow *flow)
{
    guide hosts = guide_for(flow);

    return g_hash_table_lookup(points->guides, &hosts);
}

const tcpt_connection *tcpt_guide_of(const tcpt_points *points, const tcpt_flow *flow)
{
    const guide *known = known_guide(points, flow);

    return known ? known->connection : NULL;
}

bool tcpt_guide_shares_port(const tcpt_points *points, const tcpt_flow *flow)
{
    const guide *known = known_guide(points, flow);

    return known && known->port == flow->key.port[!flow->client];
}

static void note(const tcpt_connection *connection, const tcpt_flow *flow, bool other_way)
{
    GHashTable *guides = connection->points->guides;
    guide hosts = guide_for(flow);
    guide *known = g_hash_table_lookup(guides, &hosts);

    if (known && known->connection->member_count > connection->member_count && !other_way)
        return; /* it shows more of the way: this one may end at what drops it */
    if (!known) {
        known = g_memdup2(&hosts, sizeof hosts);
        g_hash_table_add(guides, known);
    }
    free_kept(known);
    known->port = flow->key.port[!flow->client];
    known->connection = connection;
}

void tcpt_guides_note(const tcpt_connection *connection, const tcpt_flow *flow)
{
    note(connection, flow, false);
}

static bool passes_another_point(const tcpt_connection *connection, const tcpt_connection *known)
{
    for (unsigned i = 0; i < connection->member_count; i++)
        if (tcpt_member_at(known, connection->members[i].at) == known->member_count)
            return true;
    return false;
}

void tcpt_guides_note_way(const tcpt_connection *connection)
{
    for (unsigned i = 0; i < connection->member_count; i++) {
        const tcpt_flow *flow = tcpt_member_flow(&connection->members[i]);
        const tcpt_connection *known = tcpt_guide_of(connection->points, flow);

        if (known && known != connection && passes_another_point(connection, known))
            note(connection, flow, true);
    }
}

/* Which point is nearer, and how far it is: no flows, and none of what was lost. */
static tcpt_connection *copy_of(const tcpt_connection *connection)
{
    tcpt_connection *copy = g_memdup2(connection, sizeof *connection);
    tcpt_leg **to = &copy->legs;

    copy->next = NULL;
    copy->alone = NULL;
    copy->sound_pairs = NULL;
    copy->retimed = NULL;
    copy->members = connection->members == connection->few
                        ? copy->few
                        : g_memdup2(connection->members, TCPT_MEMBERS * sizeof *connection->members);
    for (unsigned i = 0; i < copy->member_count; i++) {
        copy->members[i].record = NULL;
        copy->members[i].repeats = NULL;
    }
    for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next) {
        *to = g_memdup2(leg, sizeof *leg);
        memset((*to)->losses, 0, sizeof leg->losses);
        to = &(*to)->next;
    }
    return copy;
}

void tcpt_guides_release(const tcpt_points *points, bool (*leaves)(const tcpt_connection *connection, void *data),
                         void *data)
{
    GHashTableIter each;
    unsigned kept = 0;
    gpointer at;

    g_hash_table_iter_init(&each, points->guides);
    while (g_hash_table_iter_next(&each, &at, NULL)) {
        guide *of = at;

        if (!of->kept && !leaves(of->connection, data))
            continue;
        if (++kept > KEPT_GUIDES_MOST) {
            g_hash_table_iter_remove(&each);
        } else if (!of->kept) {
            of->kept = copy_of(of->connection);
            of->connection = of->kept;
        }
    }
}
