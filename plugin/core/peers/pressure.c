/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/pressure.h"

#include <glib.h>

enum { WORTH_TELLING_PERCENT = 10 }; /* of the range: below, ten times as many connections would still find a port */

static void keep(tcpt_pressures *pressures, const tcpt_pressure *now)
{
    tcpt_pressure *highest = pressures->highest;
    unsigned at = 0;

    while (at < pressures->count && highest[at].pair != now->pair)
        at++;
    if (at == TCPT_PRESSURES)
        at--;
    if (at < pressures->count && now->in_use <= highest[at].in_use)
        return;
    if (at == pressures->count)
        pressures->count++;
    for (; at > 0 && highest[at - 1].in_use < now->in_use; at--)
        highest[at] = highest[at - 1];
    highest[at] = *now;
}

/* No fewer ports than so much of the range. */
static uint32_t share_of_range(const tcpt_settings *settings, uint32_t percent)
{
    return (uint32_t)(((uint64_t)settings->ephemeral_ports * percent + 99) / 100);
}

void tcpt_pressures_note(tcpt_pressures *pressures, tcpt_pair *pair, const tcpt_settings *settings,
                         const struct tcpt_record *at, int64_t now_ns)
{
    uint32_t line = share_of_range(settings, settings->port_pressure_percent);
    uint32_t worth_telling = MIN(line, share_of_range(settings, WORTH_TELLING_PERCENT));
    uint32_t in_use;

    pair->above = false;
    if (tcpt_ports_at_most(pair) < worth_telling)
        return;
    in_use = tcpt_ports_in_use(pair, now_ns, settings->time_wait_seconds);
    pair->above = in_use >= line;
    if (in_use >= worth_telling)
        keep(pressures, &(tcpt_pressure){pair->hash, in_use, settings->ephemeral_ports, now_ns, at});
}
