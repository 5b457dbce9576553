/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Timestamp clocks behind one address, told apart by their rates and offsets. */
#include "core/peers/clocks.h"

#include <glib.h>

#include "tcptriage/sequence.h"

/* Rates met in the field, ticks per second. */
static const uint32_t rates[] = {1000, 250, 100, 1000000};

/* Whether a sample fits a clock: within 3 % of the time between, for imprecise rates, and two ticks. */
static bool fits(const tcpt_clock *clock, uint32_t tsval, int64_t time_ns, uint32_t hz)
{
    double ticks = (double)(time_ns - clock->time_ns) / 1e9 * hz;
    double off = (double)seq_delta(tsval, clock->tsval) - ticks;

    return ABS(off) <= 2 + ABS(ticks) * 0.03 + hz * 0.02;
}

static bool take_sample(tcpt_clock *clock, uint32_t tsval, int64_t time_ns)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        if (clock->hz && clock->hz != rates[i])
            continue;
        if (!fits(clock, tsval, time_ns, rates[i]))
            continue;
        clock->hz = rates[i];
        clock->tsval = tsval;
        clock->time_ns = time_ns;
        clock->samples++;
        return true;
    }
    return false;
}

void tcpt_clocks_note(tcpt_busy *busy, uint32_t tsval, int64_t time_ns)
{
    tcpt_clock *oldest = &busy->clocks[0];

    for (unsigned i = 0; i < TCPT_CLOCKS; i++) {
        if (busy->clocks[i].samples && take_sample(&busy->clocks[i], tsval, time_ns))
            return;
        if (busy->clocks[i].time_ns < oldest->time_ns)
            oldest = &busy->clocks[i];
    }
    *oldest = (tcpt_clock){.time_ns = time_ns, .tsval = tsval, .samples = 1};
}

uint32_t tcpt_clock_count(const tcpt_pair *pair)
{
    uint32_t count = 0;

    for (unsigned i = 0; pair->busy && i < TCPT_CLOCKS; i++)
        count += pair->busy->clocks[i].samples >= 2;
    return count;
}
