/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/queries.h"
#include "tcptriage/times.h"

/* Attempts that came to nothing between two lives: a client makes a handful within TIME-WAIT, a flood any number. */
enum { ATTEMPTS_MOST = 64 };

const tcpt_flow *tcpt_life_in_time_wait(const tcpt_flow *flow, const tcpt_settings *settings)
{
    const tcpt_flow *old = flow->previous;

    for (unsigned count = 0; old && !old->synchronised && count < ATTEMPTS_MOST; count++)
        old = old->previous; /* a SYN that came to nothing leaves the entry as it was */
    if (!old || flow->first_ns - old->last_ns >= tcpt_seconds_ns(settings->time_wait_seconds))
        return NULL;
    return old->ends[0].state == TCPT_TIME_WAIT || old->ends[1].state == TCPT_TIME_WAIT ? old : NULL;
}
