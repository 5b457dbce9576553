/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/connection.h"

unsigned tcpt_member_of(const tcpt_connection *connection, const tcpt_flow *flow)
{
    unsigned member = 0;

    while (connection->members[member].record != flow->record)
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
