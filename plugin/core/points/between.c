/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two capture points, over all connections that were seen at both: what the report tells of them. */
#include "core/points/points.h"

#include <string.h>

static void add_way(tcpt_passage *sum, const tcpt_connection *connection, const tcpt_leg *leg, unsigned way,
                    bool a_first)
{
    bool assumed, known = leg->crossed[way];
    bool to_b = tcpt_nearer(connection, a_first ? leg->a : leg->b, a_first ? leg->b : leg->a, way, &assumed) > 0;
    unsigned from = to_b == a_first ? leg->a : leg->b;
    uint64_t *crossed = to_b ? &sum->crossed_to_b : &sum->crossed_to_a;
    int64_t *delay_ns = to_b ? &sum->delay_to_b_ns : &sum->delay_to_a_ns;
    int64_t least_ns = from == leg->a ? leg->least_ns[way] : -leg->most_ns[way];
    tcpt_share *share = to_b ? &sum->to_b : &sum->to_a;
    tcpt_loss_table all;

    if (!tcpt_nearer(connection, leg->a, leg->b, way, &assumed)) {
        sum->crossed_unordered += leg->crossed[way];
        return;
    }
    if (known && (!*crossed || least_ns < *delay_ns))
        *delay_ns = least_ns;
    *crossed += leg->crossed[way];
    if (tcpt_vantage_appended(connection->vantage))
        return;
    all = tcpt_tally_table(connection, from, from == leg->a ? leg->b : leg->a, way);
    share->missing += all.all.missing;
    share->total += all.all.total;
    g_array_free(all.lost, TRUE);
}

static guint passage_hash(gconstpointer key)
{
    const tcpt_passage *passage = key;

    return passage->a->index * 2654435761u ^ passage->b->index;
}

static gboolean passage_equal(gconstpointer a, gconstpointer b)
{
    const tcpt_passage *left = a, *right = b;

    return left->a == right->a && left->b == right->b;
}

static tcpt_passage *passage_of(GHashTable *passages, GPtrArray *order, const tcpt_point *a, const tcpt_point *b)
{
    tcpt_passage key = {.a = a, .b = b};
    tcpt_passage *passage = g_hash_table_lookup(passages, &key);

    if (passage)
        return passage;
    passage = g_new0(tcpt_passage, 1);
    passage->a = a;
    passage->b = b;
    g_hash_table_add(passages, passage);
    g_ptr_array_add(order, passage);
    return passage;
}

static void add_leg(GHashTable *passages, GPtrArray *order, const tcpt_connection *connection, const tcpt_leg *leg)
{
    const tcpt_member *first = &connection->members[leg->a], *second = &connection->members[leg->b];
    bool a_first = first->flow->at->index < second->flow->at->index;
    tcpt_passage *sum;

    if (!leg->crossed[0] && !leg->crossed[1])
        return;
    sum = passage_of(passages, order, a_first ? first->flow->at : second->flow->at,
                     a_first ? second->flow->at : first->flow->at);
    sum->connections++;
    sum->translated += memcmp(first->flow->key.address, second->flow->key.address, sizeof first->flow->key.address) ||
                       memcmp(first->flow->key.port, second->flow->key.port, sizeof first->flow->key.port);
    sum->renumbered += first->shift[0] != second->shift[0] || first->shift[1] != second->shift[1];
    sum->sack_not_adjusted += leg->sack_not_adjusted;
    add_way(sum, connection, leg, 0, a_first);
    add_way(sum, connection, leg, 1, a_first);
}

static void compare_clocks(tcpt_passage *sum, const tcpt_vantage *vantage)
{
    const tcpt_clock_pair *pair = tcpt_clock_pair_of(vantage, sum->a, sum->b);

    if (!pair || !pair->known)
        return;
    sum->clocks_differ = (sum->crossed_to_b && sum->delay_to_b_ns < 0) || (sum->crossed_to_a && sum->delay_to_a_ns < 0);
    sum->clock_offset_ns = pair->ahead_ns;
}

void tcpt_vantage_each_passage(const tcpt_vantage *vantage, void (*visit)(const tcpt_passage *, void *), void *data)
{
    GHashTable *passages = g_hash_table_new(passage_hash, passage_equal);
    GPtrArray *order = g_ptr_array_new_with_free_func(g_free);
    const tcpt_connection *connection = tcpt_vantage_first_connection(vantage);

    for (; connection; connection = connection->next)
        for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next)
            add_leg(passages, order, connection, leg);
    for (unsigned i = 0; i < order->len; i++) {
        compare_clocks(order->pdata[i], vantage);
        visit(order->pdata[i], data);
    }
    g_hash_table_destroy(passages);
    g_ptr_array_free(order, TRUE);
}
