/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/queries.h"
#include "tcptriage/times.h"

/* Attempts that came to nothing between two lives: a client makes a handful within TIME-WAIT, a flood any number. */
enum { ATTEMPTS_MOST = 64 };

/* @param refused  an ACK of the old life shows that it is there: what was to end it had not */
static const tcpt_flow *held(const tcpt_flow *flow, const tcpt_settings *settings, bool refused)
{
    const tcpt_flow *old = tcpt_life_before(flow);

    /* A SYN that came to nothing leaves the entry as it was, unless its refusal was answered by the exact RST. */
    for (unsigned count = 0; old && !old->synchronised && count < ATTEMPTS_MOST; count++) {
        if (old->rare->refusal.reset && !refused)
            return NULL;
        refused = refused || old->rare->refusal.seen;
        old = tcpt_life_before(old);
    }
    if (!old || flow->first_ns - old->last_ns >= tcpt_seconds_ns(settings->time_wait_seconds))
        return NULL;
    return old->ends[0].state == TCPT_TIME_WAIT || old->ends[1].state == TCPT_TIME_WAIT ? old : NULL;
}

const tcpt_flow *tcpt_life_in_time_wait(const tcpt_flow *flow, const tcpt_settings *settings)
{
    return held(flow, settings, flow->rare->refusal.seen);
}

const tcpt_flow *tcpt_life_that_refuses(const tcpt_flow *flow, const tcpt_settings *settings)
{
    return held(flow, settings, true);
}
