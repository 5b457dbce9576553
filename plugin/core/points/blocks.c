/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/commit.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/sightings.h"
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
    each_of_table(connection->alone, visit, data);
    for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next)
        for (unsigned i = 0; i < 4; i++)
            each_of_table(leg->losses[i / 2][i % 2], visit, data);
}

/* Spare sightings, and members that have not seen one, may keep a record or two. */
void tcpt_points_each_block(const tcpt_points *points, tcpt_block_visit visit, void *data)
{
    for (unsigned i = 0; i < points->slabs->len; i++)
        visit(g_ptr_array_index(points->slabs, i), TCPT_SLAB_SIGHTINGS * sizeof(tcpt_sighting), data);
    if (points->strays)
        visit(points->strays, tcpt_strays_bytes(), data);
    for (const tcpt_connection *at = points->first_connection; at; at = at->next)
        each_of_connection(at, visit, data);
}

bool tcpt_points_know_flows(const tcpt_points *points)
{
    return points->watching || points->first_connection || points->captured_twice;
}
