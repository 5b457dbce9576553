/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/connection.h"

#include "tcptriage/points.h"

enum { LIVES_MOST = 32 }; /* of a 4-tuple that are looked through, at all points */

unsigned tcpt_member_of(const tcpt_connection *connection, const tcpt_flow *flow)
{
    unsigned member = 0;

    while (connection->members[member].record != flow->record)
        member++;
    return member;
}

unsigned tcpt_member_at(const tcpt_connection *connection, const tcpt_point *point)
{
    unsigned member = 0;

    while (member < connection->member_count && connection->members[member].at != point)
        member++;
    return member;
}

void tcpt_member_learn_shift(tcpt_connection *connection, unsigned member, unsigned way, uint32_t iss)
{
    tcpt_member *here = &connection->members[member];

    if (here->shift_known[way])
        return;
    if (!connection->reference_known[way]) {
        connection->reference_known[way] = true;
        connection->reference[way] = iss;
    }
    here->shift_known[way] = true;
    here->shift[way] = iss - connection->reference[way];
}

static const tcpt_next_syn *next_syn(const tcpt_flow *flow)
{
    return flow->rare && flow->rare->next_syn.seen ? &flow->rare->next_syn : NULL;
}

static bool begins_with(const tcpt_flow *flow, const tcpt_next_syn *syn)
{
    return syn && flow->client == syn->from && flow->ends[flow->client].syn && flow->ends[flow->client].iss == syn->seq;
}

/* Of the SYNs that came into a life no more than the newest is known. */
static bool newer_came(const tcpt_flow *twin, int64_t due_ns)
{
    return next_syn(twin) && twin->first_ns <= due_ns && next_syn(twin)->time_ns > due_ns;
}

bool tcpt_syn_is_in_life_at(const tcpt_flow *flow, const tcpt_point *point, int64_t due_ns)
{
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < LIVES_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->at == point && (begins_with(flow, next_syn(twin)) || newer_came(twin, due_ns)))
            return true;
    return false;
}

/* Of the SYNs that came into a life no more than the newest is known: what came before that may belong to an earlier
 * one, and a life that goes on there at the time tells. */
static bool lives_at(const tcpt_flow *twin, int64_t due_ns, int64_t late_ns)
{
    return twin->first_ns - late_ns <= due_ns && due_ns <= twin->last_ns + late_ns;
}

bool tcpt_is_in_next_life(const tcpt_member *from, const tcpt_member *to, int64_t time_ns, int64_t due_ns,
                          int64_t late_ns)
{
    const tcpt_flow *flow = tcpt_member_flow(to);
    const tcpt_next_syn *syn = next_syn(tcpt_member_flow(from));
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); syn && twin != flow && count < LIVES_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->at == flow->at &&
            (time_ns >= syn->time_ns ? begins_with(twin, syn) : lives_at(twin, due_ns, late_ns)))
            return true;
    return false;
}
