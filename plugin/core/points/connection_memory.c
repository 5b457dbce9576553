/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/connection_memory.h"

#include "core/points/legs.h"
#include "core/points/losses.h"

void tcpt_connection_free(tcpt_connection *connection)
{
    tcpt_leg *leg = connection->legs;

    while (leg) {
        tcpt_leg *next = leg->next;

        for (unsigned i = 0; i < 4; i++)
            tcpt_loss_table_free(leg->losses[i / 2][i % 2]);
        g_free(leg);
        leg = next;
    }
    tcpt_loss_table_free(connection->alone);
    g_free(connection->sound_pairs);
    g_free(connection->retimed);
    for (unsigned i = 0; i < connection->member_count; i++)
        g_free(connection->members[i].repeats);
    if (connection->members != connection->few)
        g_free(connection->members);
    g_free(connection);
}
