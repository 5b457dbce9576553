/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two capture points, over all connections that were seen at both: what the report tells of them. */
#include "core/points/paths.h"

#include <string.h>

#include "core/points/clock_offsets.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/nearer.h"
#include "core/points/points.h"
#include "core/points/state.h"

struct tcpt_path_sums {
    GHashTable *by_points; /* a set of tcpt_path */
    GPtrArray *in_order;   /* of appearance; owned */
};

static void add_way(tcpt_path *sum, const tcpt_connection *connection, const tcpt_leg *leg, unsigned way, bool a_first)
{
    bool assumed, known = leg->matched[way];
    bool to_b = tcpt_nearer(connection, a_first ? leg->a : leg->b, a_first ? leg->b : leg->a, way, &assumed) > 0;
    unsigned from = to_b == a_first ? leg->a : leg->b;
    uint64_t *matched = to_b ? &sum->matched_to_b : &sum->matched_to_a;
    int64_t *delay_ns = to_b ? &sum->delay_to_b_ns : &sum->delay_to_a_ns;
    int64_t least_ns = from == leg->a ? leg->least_ns[way] : -leg->most_ns[way];
    tcpt_share *share = to_b ? &sum->to_b : &sum->to_a;
    tcpt_loss_table all;

    if (!tcpt_nearer(connection, leg->a, leg->b, way, &assumed)) {
        sum->matched_unordered += leg->matched[way];
        return;
    }
    if (known && (!*matched || least_ns < *delay_ns))
        *delay_ns = least_ns;
    *matched += leg->matched[way];
    if (tcpt_points_appended(connection->points))
        return;
    all = tcpt_tally_table(connection, from, from == leg->a ? leg->b : leg->a, way);
    if (!known && (all.uncaptured || all.unmissed == all.all.missing))
        all.all = (tcpt_share){0}; /* one of the two lies on the way of the other direction alone */
    share->missing += all.all.missing;
    share->total += all.all.total;
    sum->uncaptured += all.uncaptured;
    g_array_free(all.lost, TRUE);
}

static guint path_hash(gconstpointer key)
{
    const tcpt_path *path = key;

    return path->a->index * 2654435761u ^ path->b->index;
}

static gboolean path_equal(gconstpointer a, gconstpointer b)
{
    const tcpt_path *left = a, *right = b;

    return left->a == right->a && left->b == right->b;
}

static tcpt_path *path_of(const tcpt_path_sums *sums, const tcpt_point *a, const tcpt_point *b)
{
    tcpt_path key = {.a = a, .b = b};
    tcpt_path *path = g_hash_table_lookup(sums->by_points, &key);

    if (path)
        return path;
    path = g_new0(tcpt_path, 1);
    path->a = a;
    path->b = b;
    g_hash_table_add(sums->by_points, path);
    g_ptr_array_add(sums->in_order, path);
    return path;
}

static void add_leg(const tcpt_path_sums *sums, const tcpt_connection *connection, const tcpt_leg *leg)
{
    const tcpt_member *first = &connection->members[leg->a], *second = &connection->members[leg->b];
    const tcpt_flow_key *one = &tcpt_member_flow(first)->key, *other = &tcpt_member_flow(second)->key;
    bool a_first = first->at->index < second->at->index;
    tcpt_path *sum;

    if (!leg->matched[0] && !leg->matched[1])
        return;
    sum = path_of(sums, a_first ? first->at : second->at, a_first ? second->at : first->at);
    sum->connections++;
    sum->translated += memcmp(one->address, other->address, sizeof one->address) != 0 ||
                       memcmp(one->port, other->port, sizeof one->port) != 0;
    sum->renumbered += first->shift[0] != second->shift[0] || first->shift[1] != second->shift[1];
    sum->sack_not_adjusted += leg->sack_not_adjusted;
    add_way(sum, connection, leg, 0, a_first);
    add_way(sum, connection, leg, 1, a_first);
}

static void compare_clocks(tcpt_path *sum, const tcpt_points *points)
{
    const tcpt_clock_offset *pair = tcpt_clock_offset_of(points, sum->a, sum->b);

    if (!pair || !pair->known)
        return;
    sum->clocks_differ = (sum->matched_to_b && sum->delay_to_b_ns < 0) || (sum->matched_to_a && sum->delay_to_a_ns < 0);
    sum->clock_offset_ns = pair->ahead_ns;
}

tcpt_path_sums *tcpt_path_sums_new(void)
{
    tcpt_path_sums *sums = g_new(tcpt_path_sums, 1);

    sums->by_points = g_hash_table_new(path_hash, path_equal);
    sums->in_order = g_ptr_array_new_with_free_func(g_free);
    return sums;
}

void tcpt_path_sums_free(tcpt_path_sums *sums)
{
    g_hash_table_destroy(sums->by_points);
    g_ptr_array_free(sums->in_order, TRUE);
    g_free(sums);
}

void tcpt_path_sums_add(const tcpt_path_sums *sums, const tcpt_connection *connection)
{
    for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next)
        add_leg(sums, connection, leg);
}

/* What the connections that were given back came to. */
static void add_gone(const tcpt_path_sums *sums, const tcpt_points *points)
{
    for (unsigned i = 0; i < points->gone->in_order->len; i++) {
        const tcpt_path *gone = points->gone->in_order->pdata[i];
        tcpt_path *sum = path_of(sums, gone->a, gone->b);

        *sum = *gone;
        if (!tcpt_points_appended(points))
            continue;
        sum->to_a = sum->to_b = (tcpt_share){0};
        sum->uncaptured = 0;
    }
}

void tcpt_points_each_path(const tcpt_points *points, void (*visit)(const tcpt_path *, void *), void *data)
{
    tcpt_path_sums *sums = tcpt_path_sums_new();

    add_gone(sums, points);
    for (const tcpt_connection *connection = points->first_connection; connection; connection = connection->next)
        tcpt_path_sums_add(sums, connection);
    for (unsigned i = 0; i < sums->in_order->len; i++) {
        compare_clocks(sums->in_order->pdata[i], points);
        visit(sums->in_order->pdata[i], data);
    }
    tcpt_path_sums_free(sums);
}
