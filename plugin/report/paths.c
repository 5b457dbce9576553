/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "paths.h"

enum { TWINS_MOST = 256 }; /* lives of a 4-tuple that are looked at */

static void keep_path(const tcpt_path *path, void *data)
{
    g_array_append_vals(data, path, 1);
}

GArray *tcpt_paths(const tcpt_analysis *analysis)
{
    GArray *paths = g_array_new(FALSE, FALSE, sizeof(tcpt_path));

    tcpt_each_path(analysis, keep_path, paths);
    return paths;
}

/* The inside and the outside of a tunnel are two points at one interface. */
static bool has_two_interfaces(const tcpt_analysis *analysis)
{
    const tcpt_point *first = tcpt_first_point(analysis);

    for (const tcpt_point *point = first; point; point = point->next)
        if (point->id != first->id)
            return true;
    return false;
}

/* What connections of the same addresses and ports at two interfaces have in common. */
typedef struct comparison {
    bool any;
    bool both_directions; /* some point saw both of such a connection */
    bool same_time;
} comparison;

static void compare_twins(comparison *seen, const tcpt_flow *flow)
{
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++) {
        if (twin->at->id == flow->at->id)
            continue;
        seen->any = true;
        seen->both_directions |= flow->both_ways || twin->both_ways;
        seen->same_time |= twin->first_ns <= flow->last_ns && flow->first_ns <= twin->last_ns;
    }
}

tcpt_apart tcpt_paths_apart(const tcpt_analysis *analysis)
{
    comparison seen = {0};

    if (!has_two_interfaces(analysis))
        return TCPT_APART_NOT;
    for (const tcpt_flow *flow = tcpt_first_flow(analysis); flow; flow = flow->next)
        compare_twins(&seen, flow);
    if (!seen.any)
        return TCPT_APART_TRAFFIC;
    if (!seen.same_time)
        return TCPT_APART_TIMES;
    return seen.both_directions ? TCPT_APART_SEGMENTS : TCPT_APART_DIRECTIONS;
}
