/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/commit.h"
#include "core/points/connection_memory.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/match_connections.h"
#include "core/points/nearer.h"
#include "core/points/paths.h"
#include "core/points/sightings.h"
#include "core/points/retimed.h"
#include "core/points/sound_copies.h"
#include "core/points/strays.h"

static void each_of_table(const tcpt_loss_table *table, tcpt_block_visit visit, void *data)
{
    if (!table)
        return;
    visit(table, sizeof *table, data);
    if (table->lost)
        visit(table->lost->data, table->lost->len * sizeof(tcpt_lost), data);
}

static void each_of_connection(const tcpt_connection *connection, tcpt_block_visit visit, void *data)
{
    visit(connection->members, connection->member_count * sizeof *connection->members, data);
    each_of_table(connection->alone, visit, data);
    if (connection->sound_pairs)
        visit(connection->sound_pairs, sizeof *connection->sound_pairs, data);
    if (connection->retimed)
        visit(connection->retimed, sizeof *connection->retimed, data);
    for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next)
        for (unsigned i = 0; i < 4; i++)
            each_of_table(leg->losses[i / 2][i % 2], visit, data);
}

void tcpt_points_each_block_of(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);

    if (connection)
        each_of_connection(connection, visit, data);
}

/* Spare sightings, and members that have not seen one, may keep a record or two. Of a connection all that is kept leads
 * to its flows: they stay. */
void tcpt_points_each_block(const tcpt_points *points, tcpt_block_visit visit, void *data)
{
    visit(&points->captured_twice, sizeof points->captured_twice, data);
    for (unsigned i = 0; i < points->slabs->len; i++)
        visit(g_ptr_array_index(points->slabs, i), TCPT_SLAB_SIGHTINGS * sizeof(tcpt_sighting), data);
    if (points->strays)
        visit(points->strays, tcpt_strays_bytes(), data);
}

bool tcpt_points_expect_more(const tcpt_points *points, const tcpt_flow *flow)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);

    if (!points->watching)
        return false;
    return !flow->at->paired || !tcpt_others_went_on(points, flow->at, flow->last_ns) ||
           (connection && !tcpt_order_is_certain(connection));
}

/* ---- given back ---- */

/* Whose flows leave. */
typedef struct leaving {
    bool (*leaves)(const tcpt_flow *flow, void *data);
    void *data;
} leaving;

/* All its flows do, or none. */
static bool connection_leaves(const tcpt_connection *connection, void *data)
{
    const leaving *of = data;

    return of->leaves(tcpt_member_flow(&connection->members[0]), of->data);
}

static void release_connections(tcpt_points *points, leaving *of)
{
    tcpt_connection **link = &points->first_connection;

    points->newest_connection = NULL;
    while (*link) {
        tcpt_connection *at = *link;

        if (!connection_leaves(at, of)) {
            points->newest_connection = at;
            link = &at->next;
            continue;
        }
        *link = at->next;
        tcpt_path_sums_add(points->gone, at);
        tcpt_connection_free(at);
    }
}

void tcpt_points_release(tcpt_points *points, bool (*leaves)(const tcpt_flow *flow, void *data), void *data)
{
    leaving of = {leaves, data};

    if (!points->first_connection)
        return;
    tcpt_syns_release(points, leaves, data);
    tcpt_guides_release(points, connection_leaves, &of);
    release_connections(points, &of);
}

void tcpt_points_number_anew(tcpt_points *points, uint32_t flows)
{
    if (points->connections->len == 0)
        return;
    g_ptr_array_set_size(points->connections, 0);
    g_ptr_array_set_size(points->connections, (gint)flows);
    for (tcpt_connection *at = points->first_connection; at; at = at->next)
        for (unsigned i = 0; i < at->member_count; i++)
            points->connections->pdata[tcpt_member_flow(&at->members[i])->number] = at;
}
