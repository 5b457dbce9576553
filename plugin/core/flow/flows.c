/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit.h"

#include <glib.h>

#include "core/flow/key.h"
#include "core/flow/life.h"
#include "core/flow/table.h"

struct tcpt_flows {
    tcpt_flow_table table; /* tcpt_flow_key -> newest life */
    GHashTable *tuples;    /* 4-tuple without capture point -> one of its flows; NULL while there is only one point */
    tcpt_flow *first;
    tcpt_flow *newest;
    uint32_t count;
    uint64_t looked; /* at flows, one by one: see tcpt_flows_moved_to() */
};

/* The same connection at another capture point, or another life: everything but interface and depth. */
static guint tuple_hash(gconstpointer key)
{
    tcpt_flow_key tuple = *(const tcpt_flow_key *)key;

    tuple.point = 0;
    tuple.depth = 0;
    return tcpt_key_hash(&tuple);
}

static gboolean tuple_equal(gconstpointer a, gconstpointer b)
{
    tcpt_flow_key tuple = *(const tcpt_flow_key *)a;

    tuple.point = ((const tcpt_flow_key *)b)->point;
    tuple.depth = ((const tcpt_flow_key *)b)->depth;
    return tcpt_same_key(&tuple, b);
}

static void link_twins(tcpt_flows *flows, tcpt_flow *flow)
{
    tcpt_flow *twin = g_hash_table_lookup(flows->tuples, &flow->key);

    if (twin) {
        flow->twin = twin->twin;
        twin->twin = flow;
        return;
    }
    g_hash_table_insert(flows->tuples, &flow->key, flow);
}

void tcpt_flows_link_twins(tcpt_flows *flows)
{
    if (flows->tuples)
        return;
    flows->tuples = g_hash_table_new(tuple_hash, tuple_equal);
    for (tcpt_flow *flow = flows->first; flow; flow = flow->next)
        link_twins(flows, flow);
}

tcpt_flow *tcpt_flows_open(tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash, const tcpt_segment *segment,
                           unsigned from, tcpt_flow *previous, struct tcpt_point *at)
{
    tcpt_flow *flow = g_new0(tcpt_flow, 1);

    flow->key = *key;
    flow->at = at;
    flow->number = flows->count++;
    flow->previous = previous;
    tcpt_life_open(flow, segment, from);
    if (previous) { /* a tracker's entry knows nothing of lives */
        flow->tracker = previous->tracker;
        previous->tracker = NULL;
    }
    *(flows->newest ? &flows->newest->next : &flows->first) = flow;
    flows->newest = flow;
    tcpt_flow_table_set(&flows->table, flow, hash);
    flow->twin = flow;
    if (flows->tuples)
        link_twins(flows, flow);
    return flow;
}

tcpt_flow *tcpt_flows_find(const tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash)
{
    return tcpt_flow_table_find(&flows->table, key, hash);
}

tcpt_flow *tcpt_flows_first(const tcpt_flows *flows)
{
    return flows->first;
}

uint32_t tcpt_flows_count(const tcpt_flows *flows)
{
    return flows->count;
}

uint64_t *tcpt_flows_looked(tcpt_flows *flows)
{
    return &flows->looked;
}

tcpt_flows *tcpt_flows_new(void)
{
    return g_new0(tcpt_flows, 1);
}

void tcpt_flows_free(tcpt_flows *flows)
{
    tcpt_flow *flow = flows->first;

    while (flow) {
        tcpt_flow *next = flow->next;

        tcpt_life_clear(flow);
        g_free(flow);
        flow = next;
    }
    tcpt_flow_table_clear(&flows->table);
    if (flows->tuples)
        g_hash_table_destroy(flows->tuples);
    g_free(flows);
}
