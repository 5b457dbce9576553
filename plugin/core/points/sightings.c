/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each segment is kept until all points that know its connection have seen it, or until it is too late for that; never
 * more than TCPT_KEPT_MOST of them. */
#include "core/points/sightings.h"

#include "core/points/losses.h"
#include "tcptriage/portable.h"
#include "tcptriage/sequence.h"

enum {
    FEW =
        8, /* of one connection and way, between whose points next to nothing is under way as a rule: looked through */
};

static guint sighting_hash(gconstpointer key)
{
    const tcpt_sighting *at = key;
    uint64_t hash = (uint64_t)(uintptr_t)at->connection;

    hash = (hash ^ ((uint64_t)at->seq << 32 | at->ack)) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 32 ^ ((uint64_t)at->end_seq << 32 | (uint32_t)at->flags << 8 | at->way)) *
           UINT64_C(0x9e3779b97f4a7c15);
    return (guint)(hash ^ hash >> 32);
}

/* Of one connection and way. */
static inline bool same_numbers(const tcpt_sighting *left, const tcpt_sighting *right)
{
    return left->seq == right->seq && left->end_seq == right->end_seq && left->ack == right->ack &&
           left->flags == right->flags;
}

static gboolean sighting_equal(gconstpointer a, gconstpointer b)
{
    const tcpt_sighting *left = a, *right = b;

    return left->connection == right->connection && left->way == right->way && same_numbers(left, right);
}

GHashTable *tcpt_sightings_new(void)
{
    return g_hash_table_new(sighting_hash, sighting_equal);
}

tcpt_sightings_alike tcpt_sightings_find(const tcpt_points *points, const tcpt_sighting *now)
{
    tcpt_sighting *at = now->connection->newest[now->way];
    gpointer newest = NULL, oldest = NULL;

    if (now->connection->indexed[now->way]) {
        g_hash_table_lookup_extended(points->sightings, now, &newest, &oldest);
        return (tcpt_sightings_alike){newest, oldest};
    }
    while (at && !same_numbers(at, now))
        at = at->before;
    return (tcpt_sightings_alike){at, NULL};
}

/* Of those alike the table has the newest as key and the oldest as value. */
static void put_newest(GHashTable *sightings, tcpt_sighting *newest, tcpt_sighting *oldest)
{
    g_hash_table_replace(sightings, newest, oldest ? oldest : newest);
}

/* More than are looked through: from now on they are in the table. */
static void TCPT_NOINLINE index_way(tcpt_points *points, tcpt_connection *connection, unsigned way)
{
    for (tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
        put_newest(points->sightings, at, g_hash_table_lookup(points->sightings, at));
    connection->indexed[way] = true;
}

/* The oldest of those alike, where the table tells. */
static tcpt_sighting *link_alike(const tcpt_points *points, tcpt_sighting *sighting)
{
    tcpt_sightings_alike alike = tcpt_sightings_find(points, sighting);

    sighting->alike = alike.newest;
    sighting->alike_newer = NULL;
    if (alike.newest)
        alike.newest->alike_newer = sighting;
    return alike.oldest;
}

static void unlink_alike(tcpt_sighting *sighting)
{
    if (sighting->alike)
        sighting->alike->alike_newer = sighting->alike_newer;
    if (sighting->alike_newer)
        sighting->alike_newer->alike = sighting->alike;
}

/* Before it is unlinked. */
static void take_out(GHashTable *sightings, tcpt_sighting *sighting)
{
    if (!sighting->alike && !sighting->alike_newer)
        g_hash_table_remove(sightings, sighting);
    else if (!sighting->alike_newer)
        put_newest(sightings, sighting->alike, g_hash_table_lookup(sightings, sighting));
    else if (!sighting->alike)
        g_hash_table_insert(sightings, sighting, sighting->alike_newer); /* the key stays */
}

tcpt_sighting *tcpt_sightings_new_one(tcpt_points *points)
{
    tcpt_sighting *sighting = points->spare;

    if (!sighting) {
        sighting = g_new0(tcpt_sighting, TCPT_SLAB_SIGHTINGS); /* each_block() looks at all of it */
        g_ptr_array_add(points->slabs, sighting);
        for (unsigned i = 1; i < TCPT_SLAB_SIGHTINGS; i++) {
            sighting[i].older = points->spare;
            points->spare = &sighting[i];
        }
        return sighting;
    }
    points->spare = sighting->older;
    return sighting;
}

static void count_not_seen(tcpt_connection *connection, const tcpt_sighting *sighting, int step)
{
    if (sighting->seq == sighting->end_seq || sighting->seen == (1u << connection->member_count) - 1)
        return;
    for (unsigned member = 0; member < connection->member_count; member++)
        if (!(sighting->seen & 1u << member))
            connection->members[member].not_seen[sighting->way] += (uint32_t)step;
}

void tcpt_sightings_drop(tcpt_points *points, tcpt_sighting *sighting)
{
    sighting->older = points->spare;
    points->spare = sighting;
}

static void put_in_order(tcpt_connection *connection, tcpt_sighting *kept)
{
    unsigned way = kept->way;

    kept->in_order = false;
    if (kept->seq == kept->end_seq || (kept->flags & TCPT_RST))
        return;
    if (connection->sorted[way] > 0 && seq_before(kept->seq, connection->reach[way])) {
        connection->again[way]++;
        return;
    }
    kept->in_order = true;
    connection->sorted[way]++;
    connection->reach[way] = kept->end_seq;
}

static void take_out_of_order(tcpt_connection *connection, const tcpt_sighting *sighting)
{
    unsigned way = sighting->way;

    if (connection->finger[way] == sighting)
        connection->finger[way] = sighting->after;
    connection->sorted[way] -= sighting->in_order;
    connection->again[way] -= tcpt_repeats_bytes(sighting);
}

void tcpt_sightings_keep(tcpt_points *points, tcpt_sighting *kept)
{
    tcpt_connection *connection = kept->connection;
    unsigned way = kept->way;
    tcpt_sighting *oldest_alike = link_alike(points, kept);

    put_in_order(connection, kept);
    kept->newer = kept->after = NULL;
    kept->older = points->newest;
    kept->before = connection->newest[way];
    *(points->newest ? &points->newest->newer : &points->oldest) = kept;
    *(connection->newest[way] ? &connection->newest[way]->after : &connection->oldest[way]) = kept;
    points->newest = connection->newest[way] = kept;
    points->kept++;
    count_not_seen(connection, kept, 1);
    if (connection->indexed[way])
        put_newest(points->sightings, kept, oldest_alike);
    else if (connection->kept[way] >= FEW)
        index_way(points, connection, way);
    connection->kept[way]++;
}

void tcpt_sightings_let_go(tcpt_points *points, tcpt_sighting *sighting, bool decided)
{
    tcpt_connection *connection = sighting->connection;
    unsigned way = sighting->way;

    tcpt_losses_count(sighting, decided);
    if (connection->indexed[way])
        take_out(points->sightings, sighting);
    unlink_alike(sighting);
    take_out_of_order(connection, sighting);
    if (--connection->kept[way] == 0)
        connection->indexed[way] = false;
    count_not_seen(connection, sighting, -1);
    *(sighting->older ? &sighting->older->newer : &points->oldest) = sighting->newer;
    *(sighting->newer ? &sighting->newer->older : &points->newest) = sighting->older;
    *(sighting->before ? &sighting->before->after : &connection->oldest[way]) = sighting->after;
    *(sighting->after ? &sighting->after->before : &connection->newest[way]) = sighting->before;
    connection->let_go |= !(sighting->flags & TCPT_SYN);
    tcpt_sightings_drop(points, sighting);
    points->kept--;
}

/* Too late for a copy. As long as a point has nothing in common with any other, time tells nothing; and as long as the
 * other point has been silent since, nobody knows whether it still captures. */
static bool ripe(const tcpt_points *points, const tcpt_sighting *sighting)
{
    int64_t since_ns = points->newest_ns - sighting->time_ns[sighting->first];
    const tcpt_point *point;

    if (since_ns <= points->keep_ns)
        return false;
    point = sighting->connection->members[sighting->first].at;
    return point->paired && since_ns > points->keep_ns + point->ahead_ns && tcpt_losses_decided(sighting);
}

void tcpt_sightings_let_go_of_old(tcpt_points *points)
{
    while (points->oldest) {
        bool decided = ripe(points, points->oldest);

        if (!decided && points->kept < TCPT_KEPT_MOST)
            return;
        tcpt_sightings_let_go(points, points->oldest, decided);
    }
}
