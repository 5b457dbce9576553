/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports in TIME-WAIT, counted by the step of time in which they entered it. */
#include "core/peers/time_wait_ports.h"

#include <glib.h>

#include "tcptriage/times.h"

static int64_t wait_step(int64_t time_ns, uint32_t time_wait_seconds)
{
    return time_ns / (tcpt_seconds_ns(MAX(time_wait_seconds, 1)) / TCPT_WAIT_STEPS);
}

/* The count of a step; negative times exist in broken captures. */
static unsigned wait_place(int64_t step)
{
    return (unsigned)((uint64_t)step % TCPT_WAIT_STEPS);
}

uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds)
{
    const tcpt_waiting *waiting = pair->busy ? &pair->busy->waiting : NULL;
    uint32_t in_use = tcpt_ports_at_most(pair);
    int64_t step = wait_step(now_ns, time_wait_seconds);

    if (!waiting || !waiting->total)
        return in_use;
    for (int64_t over = 1; over <= MIN(step - waiting->newest, TCPT_WAIT_STEPS); over++)
        in_use -= waiting->count[wait_place(waiting->newest + over)];
    return in_use;
}

/* Forget those whose TIME-WAIT is over at this step. */
static void advance_waiting(tcpt_waiting *waiting, int64_t step)
{
    int64_t over = MIN(step - waiting->newest, TCPT_WAIT_STEPS);

    for (int64_t i = 1; i <= over; i++) {
        uint16_t *count = &waiting->count[wait_place(waiting->newest + i)];

        waiting->total -= *count;
        *count = 0;
    }
    waiting->newest = MAX(waiting->newest, step);
}

void tcpt_waiting_start(tcpt_waiting *waiting, int64_t now_ns, uint32_t time_wait_seconds)
{
    int64_t step = wait_step(now_ns, time_wait_seconds);
    uint16_t *count = &waiting->count[wait_place(step)];

    if (!waiting->total)
        waiting->newest = step;
    advance_waiting(waiting, step);
    if (waiting->newest - step >= TCPT_WAIT_STEPS || *count == UINT16_MAX)
        return;
    ++*count;
    ++waiting->total;
}

void tcpt_waiting_stop(tcpt_waiting *waiting, int64_t since_ns, uint32_t time_wait_seconds)
{
    int64_t step = wait_step(since_ns, time_wait_seconds);

    if (waiting->newest - step >= TCPT_WAIT_STEPS || !waiting->count[wait_place(step)])
        return;
    waiting->count[wait_place(step)]--;
    waiting->total--;
}
