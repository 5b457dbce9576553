/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/pressure.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/times.h"

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

/* ---- over time ---- */

/* The pair's, or a new one in the place of the one that has come to least. */
static tcpt_pressure_curve *curve_of(tcpt_pressures *pressures, uint64_t pair, int64_t now_ns)
{
    tcpt_pressure_curve *least = &pressures->curves[0];

    for (unsigned i = 0; i < TCPT_PRESSURES; i++) {
        tcpt_pressure_curve *curve = &pressures->curves[i];

        if (curve->pair == pair)
            return curve;
        if (curve->highest < least->highest)
            least = curve;
    }
    *least = (tcpt_pressure_curve){.pair = pair, .begin_ns = now_ns, .step_ns = TCPT_SECOND_NS};
    return least;
}

/* Steps twice as long. */
static void coarsen(tcpt_pressure_curve *curve)
{
    for (uint32_t i = 0; i < TCPT_SERIES_POINTS; i += 2)
        curve->most[i / 2] = MAX(curve->most[i], curve->most[i + 1]);
    memset(&curve->most[TCPT_SERIES_POINTS / 2], 0, TCPT_SERIES_POINTS / 2 * sizeof curve->most[0]);
    curve->count = (curve->count + 1) / 2;
    curve->step_ns *= 2;
}

static void note_on_curve(tcpt_pressures *pressures, uint64_t pair, uint32_t in_use, int64_t now_ns)
{
    tcpt_pressure_curve *curve = curve_of(pressures, pair, now_ns);
    int64_t since_ns = MAX(now_ns - curve->begin_ns, 0);
    uint32_t at;

    while (since_ns / curve->step_ns >= TCPT_SERIES_POINTS)
        coarsen(curve);
    at = (uint32_t)(since_ns / curve->step_ns);
    curve->most[at] = MAX(curve->most[at], in_use);
    curve->count = MAX(curve->count, at + 1);
    curve->highest = MAX(curve->highest, in_use);
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
    if (in_use >= worth_telling && pressures->curves)
        note_on_curve(pressures, pair->hash, in_use, now_ns);
    if (in_use >= worth_telling)
        keep(pressures, &(tcpt_pressure){pair->hash, in_use, settings->ephemeral_ports, now_ns, at});
}
