/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit.h"

#include <glib.h>

#include "core/flow/ack_steps.h"
#include "core/flow/key.h"
#include "core/flow/life.h"
#include "core/flow/table.h"
#include "core/tracker/tracker.h"

/* A flow, and the tracker that follows it or, where its life is not the first, another one's. */
typedef struct place {
    tcpt_flow flow;
    tcpt_tracker tracker;
} place;

/* Places come in slabs, zeroed: so large that they are pages from the kernel, which need no clearing. */
enum { SLAB_PLACES = 128 };

struct tcpt_flows {
    tcpt_flow_table table; /* tcpt_flow_key -> newest life */
    GHashTable *tuples;    /* 4-tuple without capture point -> one of its flows; NULL while there is only one point */
    GPtrArray *slabs;
    place *next_place; /* in the newest slab */
    tcpt_ack_step_room ack_steps;
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

static place *take_place(tcpt_flows *flows)
{
    if (flows->count++ % SLAB_PLACES == 0) {
        flows->next_place = g_new0(place, SLAB_PLACES);
        g_ptr_array_add(flows->slabs, flows->next_place);
    }
    return flows->next_place++;
}

tcpt_flow *tcpt_flows_open(tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash, const tcpt_segment *segment,
                           unsigned from, tcpt_flow *previous, struct tcpt_point *at)
{
    place *taken = take_place(flows);
    tcpt_flow *flow = &taken->flow;

    flow->key = *key;
    flow->at = at;
    flow->number = flows->count - 1;
    flow->previous = previous;
    tcpt_life_open(flow, segment, from);
    if (previous && previous->tracker_lags)
        tcpt_tracker_catch_up(previous);
    flow->tracker = previous ? previous->tracker : &taken->tracker; /* an entry knows nothing of lives */
    if (previous)
        previous->tracker = NULL;
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

tcpt_ack_step_room *tcpt_flows_ack_steps(tcpt_flows *flows)
{
    return &flows->ack_steps;
}

uint64_t *tcpt_flows_looked(tcpt_flows *flows)
{
    return &flows->looked;
}

tcpt_flows *tcpt_flows_new(void)
{
    tcpt_flows *flows = g_new0(tcpt_flows, 1);

    flows->slabs = g_ptr_array_new_with_free_func(g_free);
    return flows;
}

void tcpt_flows_free(tcpt_flows *flows)
{
    for (tcpt_flow *flow = flows->first; flow; flow = flow->next)
        tcpt_life_clear(flow);
    g_ptr_array_free(flows->slabs, TRUE);
    tcpt_ack_step_room_clear(&flows->ack_steps);
    tcpt_flow_table_clear(&flows->table);
    if (flows->tuples)
        g_hash_table_destroy(flows->tuples);
    g_free(flows);
}
