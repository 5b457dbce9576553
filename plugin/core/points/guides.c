/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/guides.h"

#include <string.h>

#include "core/segment/bytes.h"

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

const tcpt_connection *tcpt_guide_of(const tcpt_points *points, const tcpt_flow *flow)
{
    guide hosts = guide_for(flow);
    const guide *known = g_hash_table_lookup(points->guides, &hosts);

    return known ? known->connection : NULL;
}

void tcpt_guides_note(const tcpt_connection *connection, const tcpt_flow *flow)
{
    GHashTable *guides = connection->points->guides;
    guide hosts = guide_for(flow);
    guide *known = g_hash_table_lookup(guides, &hosts);

    if (!known) {
        known = g_memdup2(&hosts, sizeof hosts);
        g_hash_table_add(guides, known);
    }
    known->connection = connection;
}
