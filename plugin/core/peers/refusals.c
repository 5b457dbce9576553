/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/refusals.h"

#include <stddef.h>

#include "tcptriage/limits.h"
#include "tcptriage/times.h"

tcpt_record *tcpt_refusals_find(const tcpt_refusals *refusals, uint64_t server, int64_t now_ns)
{
    const tcpt_refused_syn *known = &refusals->of[server % TCPT_REFUSALS];

    return known->server == server && now_ns > known->time_ns &&
                   now_ns - known->time_ns < tcpt_seconds_ns(TCPT_SIBLING_SECONDS)
               ? known->record
               : NULL;
}

void tcpt_refusals_note(tcpt_refusals *refusals, uint64_t server, tcpt_record *record, int64_t now_ns)
{
    tcpt_refused_syn *place = &refusals->of[server % TCPT_REFUSALS];

    refusals->count += place->server == 0;
    *place = (tcpt_refused_syn){server, record, now_ns};
}

void tcpt_refusals_forget(tcpt_refusals *refusals, uint64_t server)
{
    tcpt_refused_syn *known = &refusals->of[server % TCPT_REFUSALS];

    if (known->server != server)
        return;
    refusals->count--;
    *known = (tcpt_refused_syn){0};
}
