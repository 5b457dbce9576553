/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/legs.h"

#include <glib.h>

tcpt_leg *tcpt_leg_of(tcpt_connection *connection, unsigned a, unsigned b)
{
    tcpt_leg *leg = (tcpt_leg *)tcpt_leg_between(connection, a, b);

    if (leg)
        return leg;
    leg = g_new0(tcpt_leg, 1);
    leg->a = (uint8_t)MIN(a, b);
    leg->b = (uint8_t)MAX(a, b);
    leg->next = connection->legs;
    connection->legs = leg;
    return leg;
}
