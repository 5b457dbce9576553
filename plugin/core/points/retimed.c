/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/retimed.h"

#include <glib.h>

#include "core/points/legs.h"
#include "core/points/nearer.h"
#include "core/points/state.h"

static void keep(tcpt_connection *connection, tcpt_record *earlier, tcpt_record *later)
{
    tcpt_retimed *retimed = connection->retimed;

    if (!retimed)
        retimed = connection->retimed = g_new0(tcpt_retimed, 1);
    retimed->at[retimed->count++ % G_N_ELEMENTS(retimed->at)] = (tcpt_retimed_pair){earlier, later};
}

/* A device that adds the same to every timestamp changes nothing in their order. */
void tcpt_retimed_note(const tcpt_sighting *known, const tcpt_sighting *now)
{
    tcpt_leg *leg = tcpt_leg_of(known->connection, known->first, now->first);
    uint32_t shift = known->first < now->first ? now->tsval - known->tsval : known->tsval - now->tsval;
    unsigned way = now->way;

    if (!known->has_timestamps || !now->has_timestamps)
        return;
    if (!leg->tsval_shift_known[way]) {
        leg->tsval_shift_known[way] = true;
        leg->tsval_shift[way] = shift;
    } else if (shift && shift != leg->tsval_shift[way]) {
        keep(known->connection, known->record[known->first], now->record[now->first]);
    }
}

bool tcpt_retimed_copy_of(const tcpt_flow *flow, const tcpt_record *record, tcpt_retimed_copy *copy)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    const tcpt_retimed *retimed = connection ? connection->retimed : NULL;
    unsigned here, there, kept = retimed ? (unsigned)MIN(retimed->count, G_N_ELEMENTS(retimed->at)) : 0;

    for (unsigned i = 0; i < kept; i++) {
        const tcpt_retimed_pair *pair = &retimed->at[i];

        if (pair->earlier != record && pair->later != record)
            continue;
        here = tcpt_member_of(connection, flow);
        copy->record = pair->earlier == record ? pair->later : pair->earlier;
        there = tcpt_member_of(connection, tcpt_flow_of(copy->record));
        copy->at = connection->members[there].at;
        return tcpt_nearer(connection, there, here, record->from ^ connection->members[here].turned,
                           &copy->order_assumed) > 0;
    }
    return false;
}
