/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/tuples.h"

#include "tcptriage/analysis.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"
#include "tcptriage/times.h"

enum {
    /* Lives and points of one tuple that are looked at from each flow: those next to it are enough to join them all. */
    NEIGHBOURS_MOST = 32,
};

uint32_t tcpt_tuple_of(tcpt_tuples *tuples, uint32_t place)
{
    uint32_t *joined_to = &g_array_index(tuples->joined_to, uint32_t, 0);

    while (joined_to[place] != place) {
        joined_to[place] = joined_to[joined_to[place]]; /* the way gets shorter each time it is walked */
        place = joined_to[place];
    }
    return place;
}

static void join(tcpt_tuples *tuples, uint32_t a, uint32_t b)
{
    a = tcpt_tuple_of(tuples, a);
    b = tcpt_tuple_of(tuples, b);
    g_array_index(tuples->joined_to, uint32_t, MAX(a, b)) = MIN(a, b);
}

/* One is there while the other is, or follows within the time that hosts remember a connection. */
static bool close_in_time(const tcpt_flow *a, const tcpt_flow *b)
{
    int64_t most_ns = tcpt_seconds_ns(TCPT_SIBLING_SECONDS);

    return a->first_ns - b->last_ns <= most_ns && b->first_ns - a->last_ns <= most_ns;
}

/* Its place plus one; 0 for a flow without findings. */
static uint32_t place_of(const tcpt_tuples *tuples, const tcpt_flow *flow)
{
    return flow->number < tuples->places->len ? g_array_index(tuples->places, uint32_t, flow->number) : 0;
}

static void join_if_close(tcpt_tuples *tuples, uint32_t place, const tcpt_flow *flow, const tcpt_flow *other)
{
    uint32_t of_other = place_of(tuples, other);

    if (of_other && close_in_time(flow, other))
        join(tuples, place, of_other - 1);
}

static void join_neighbours(tcpt_tuples *tuples, uint32_t place)
{
    const tcpt_flow *flow = tuples->flows->pdata[place];
    const tcpt_flow *other = tcpt_life_before(flow);

    for (unsigned looked = 0; other && looked < NEIGHBOURS_MOST; other = tcpt_life_before(other), looked++) {
        join_if_close(tuples, place, flow, other);
        if (!close_in_time(flow, other))
            break;
    }
    for (unsigned number = 0; (other = tcpt_flow_elsewhere(flow, number));
         number++) { /* whatever its addresses there */
        uint32_t there = place_of(tuples, other);

        if (there)
            join(tuples, place, there - 1);
    }
    for (unsigned from = 0; from < 2; from++)
        if ((other = tcpt_goes_on_in(flow, from)))
            join_if_close(tuples, place, flow, other);
    if (flow->rare->gone_to) /* for a segment only, and this name was heard again since */
        join_if_close(tuples, place, flow, tcpt_flow_of(flow->rare->gone_to));
    other = tcpt_next_twin(flow);
    for (unsigned looked = 0; other && other != flow && looked < NEIGHBOURS_MOST;
         other = tcpt_next_twin(other), looked++)
        join_if_close(tuples, place, flow, other);
}

static bool has_findings(const tcpt_flow *flow)
{
    return tcpt_first_diagnosis(flow) || tcpt_first_end_diagnosis(flow);
}

void tcpt_tuples_open(tcpt_tuples *tuples, const tcpt_flow *first)
{
    tuples->flows = g_ptr_array_new();
    tuples->joined_to = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    tuples->places = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    for (const tcpt_flow *flow = first; flow; flow = flow->next) {
        uint32_t place = tuples->flows->len;

        if (!has_findings(flow))
            continue;
        g_ptr_array_add(tuples->flows, (gpointer)flow);
        g_array_append_val(tuples->joined_to, place);
        if (flow->number >= tuples->places->len)
            g_array_set_size(tuples->places, flow->number + 1);
        g_array_index(tuples->places, uint32_t, flow->number) = place + 1;
    }
    for (uint32_t place = 0; place < tuples->flows->len; place++)
        join_neighbours(tuples, place);
}

void tcpt_tuples_clear(tcpt_tuples *tuples)
{
    g_ptr_array_unref(tuples->flows);
    g_array_unref(tuples->joined_to);
    g_array_unref(tuples->places);
}
