/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports in TIME-WAIT, counted by the step of time in which they entered it. */
#include "core/peers/time_wait_ports.h"

#include <glib.h>

#include "tcptriage/times.h"

static int64_t step_of(int64_t time_ns, uint32_t time_wait_seconds)
{
    return time_ns / (tcpt_seconds_ns(MAX(time_wait_seconds, 1)) / TCPT_TIME_WAIT_STEPS);
}

/* The count of a step; negative times exist in broken captures. */
static unsigned place_of_step(int64_t step)
{
    return (unsigned)((uint64_t)step % TCPT_TIME_WAIT_STEPS);
}

uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds)
{
    const tcpt_time_wait_ports *ports = pair->busy ? &pair->busy->time_wait : NULL;
    uint32_t in_use = tcpt_ports_at_most(pair);
    int64_t step = step_of(now_ns, time_wait_seconds);

    if (!ports || !ports->total)
        return in_use;
    for (int64_t over = 1; over <= MIN(step - ports->newest, TCPT_TIME_WAIT_STEPS); over++)
        in_use -= ports->count[place_of_step(ports->newest + over)];
    return in_use;
}

/* Forget those whose TIME-WAIT is over at this step. */
static void forget_over(tcpt_time_wait_ports *ports, int64_t step)
{
    int64_t over = MIN(step - ports->newest, TCPT_TIME_WAIT_STEPS);

    for (int64_t i = 1; i <= over; i++) {
        uint16_t *count = &ports->count[place_of_step(ports->newest + i)];

        ports->total -= *count;
        *count = 0;
    }
    ports->newest = MAX(ports->newest, step);
}

void tcpt_time_wait_ports_add(tcpt_time_wait_ports *ports, int64_t now_ns, uint32_t time_wait_seconds)
{
    int64_t step = step_of(now_ns, time_wait_seconds);
    uint16_t *count = &ports->count[place_of_step(step)];

    if (!ports->total)
        ports->newest = step;
    forget_over(ports, step);
    if (ports->newest - step >= TCPT_TIME_WAIT_STEPS || *count == UINT16_MAX)
        return;
    ++*count;
    ++ports->total;
}

void tcpt_time_wait_ports_remove(tcpt_time_wait_ports *ports, int64_t since_ns, uint32_t time_wait_seconds)
{
    int64_t step = step_of(since_ns, time_wait_seconds);

    if (ports->newest - step >= TCPT_TIME_WAIT_STEPS || !ports->count[place_of_step(step)])
        return;
    ports->count[place_of_step(step)]--;
    ports->total--;
}
