/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment whose checksum is right at one point and wrong at the next was damaged between the two. */
#include "core/points/sound_copies.h"

#include <glib.h>

#include "core/points/nearer.h"
#include "core/points/state.h"

static void keep_pair(tcpt_connection *connection, tcpt_record *damaged, tcpt_record *sound)
{
    tcpt_sound_pairs *pairs = connection->sound_pairs;

    if (!pairs)
        pairs = connection->sound_pairs = g_new0(tcpt_sound_pairs, 1);
    if (pairs->count < G_N_ELEMENTS(pairs->at))
        pairs->at[pairs->count++] = (tcpt_sound_pair){damaged, sound};
}

void tcpt_sound_copies_note(const tcpt_sighting *known, const tcpt_sighting *now)
{
    for (unsigned there = 0; there < known->connection->member_count; there++) {
        if (now->damaged && (known->sound & 1u << there))
            keep_pair(known->connection, now->record[now->first], known->record[there]);
        if (now->sound && (known->damaged & 1u << there))
            keep_pair(known->connection, known->record[there], now->record[now->first]);
    }
}

static unsigned where_sound(const tcpt_connection *connection, const tcpt_sound_pair *pair)
{
    return tcpt_member_of(connection, tcpt_flow_of(pair->sound));
}

/* A point that lies behind that one, and before where it is damaged, has seen it sound, too. */
static bool sound_behind(const tcpt_connection *connection, const tcpt_sound_pair *pair, unsigned here, unsigned way)
{
    const tcpt_sound_pairs *pairs = connection->sound_pairs;
    unsigned there = where_sound(connection, pair);
    bool assumed;

    for (unsigned i = 0; i < pairs->count; i++) {
        unsigned other = where_sound(connection, &pairs->at[i]);

        if (pairs->at[i].damaged == pair->damaged && other != there &&
            tcpt_nearer(connection, there, other, way, &assumed) > 0 &&
            tcpt_nearer(connection, other, here, way, &assumed) > 0)
            return true;
    }
    return false;
}

/* Damaged at a flow's point, and sound nearer to its sender? */
static bool fill_copy(const tcpt_connection *connection, const tcpt_sound_pair *pair, const tcpt_flow *flow,
                      unsigned from, tcpt_sound_copy *copy)
{
    unsigned here = tcpt_member_of(connection, flow), way = from ^ connection->members[here].turned, there;

    if (tcpt_flow_of(pair->damaged) != flow || pair->damaged->from != from)
        return false;
    there = where_sound(connection, pair);
    *copy = (tcpt_sound_copy){.damaged = pair->damaged, .sound = pair->sound, .at = connection->members[there].at};
    return tcpt_nearer(connection, there, here, way, &copy->order_assumed) > 0 &&
           !sound_behind(connection, pair, here, way);
}

bool tcpt_sound_copy_of(const tcpt_flow *flow, unsigned from, unsigned number, tcpt_sound_copy *copy)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    const tcpt_sound_pairs *pairs = connection ? connection->sound_pairs : NULL;

    for (unsigned i = 0; pairs && i < pairs->count; i++)
        if (fill_copy(connection, &pairs->at[i], flow, from, copy) && number-- == 0)
            return true;
    return false;
}
