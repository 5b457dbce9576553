/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an analysis tells: what the end of the capture shows, findings and cases, counts. */
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"

#include <glib.h>

#include "core/lone.h"
#include "core/state.h"

uint32_t tcpt_newest_record(const tcpt_analysis *analysis)
{
    return analysis->records.newest;
}

tcpt_record *tcpt_record_numbered(const tcpt_analysis *analysis, uint32_t number)
{
    return tcpt_records_at(&analysis->records, number);
}

void tcpt_settle(tcpt_analysis *analysis, tcpt_flow *flow)
{
    if (flow->settled_at == (uint32_t)analysis->generation || !flow->last_record)
        return;
    analysis->records.held++;
    flow->settled_at = (uint32_t)analysis->generation;
    tcpt_dispatch_settle(&analysis->dispatch, flow);
}

/* The flow that something stands for, if its end may say anything: floods have millions of which it does not. */
static void settle_owner(tcpt_analysis *analysis, void *owner)
{
    if (tcpt_is_lone(owner)) {
        tcpt_lone_syn syn = tcpt_lone_at_end(tcpt_lone_of(owner));

        if (!tcpt_dispatch_settles(&analysis->dispatch, &syn))
            return;
    }
    tcpt_settle(analysis, tcpt_flow_owning(owner));
}

void tcpt_settle_record(tcpt_analysis *analysis, const tcpt_record *record)
{
    settle_owner(analysis, record->owner);
}

void tcpt_settle_all(tcpt_analysis *analysis)
{
    for (uint32_t number = 0; number < tcpt_flows_count(analysis->flows); number++)
        settle_owner(analysis, tcpt_flows_at(analysis->flows, number));
}

void tcpt_count_lone_outcomes(const tcpt_analysis *analysis, uint64_t counts[TCPT_OUTCOMES])
{
    for (uint32_t number = 0; number < tcpt_flows_count(analysis->flows); number++) {
        const tcpt_lone *lone = tcpt_lone_of(tcpt_flows_at(analysis->flows, number));

        if (lone)
            counts[tcpt_outcome_of_syn(tcpt_lone_at_end(lone).waited_ns)]++;
    }
    for (unsigned outcome = 0; outcome < TCPT_OUTCOMES; outcome++)
        counts[outcome] += analysis->lones_gone[outcome];
}

static int compare_frames(gconstpointer a, gconstpointer b)
{
    uint32_t left = (*(const tcpt_record *const *)a)->frame, right = (*(const tcpt_record *const *)b)->frame;

    return (left > right) - (left < right);
}

/* Records that were given back were used again: their places tell nothing of the order. */
static void each_found_sorted(const tcpt_analysis *analysis, void (*visit)(const tcpt_finding *, void *), void *data)
{
    GPtrArray *noted = g_ptr_array_new();

    for (uint32_t number = 0; number < analysis->records.count; number++) {
        tcpt_record *record = tcpt_records_at(&analysis->records, number);

        if (!tcpt_record_is_spare(record) && record->notes)
            g_ptr_array_add(noted, record);
    }
    g_ptr_array_sort(noted, compare_frames);
    for (guint i = 0; i < noted->len; i++)
        tcpt_each_finding(noted->pdata[i], visit, data);
    g_ptr_array_free(noted, TRUE);
}

void tcpt_each_found(const tcpt_analysis *analysis, void (*visit)(const tcpt_finding *, void *), void *data)
{
    if (analysis->records.spares || analysis->records.reused) {
        each_found_sorted(analysis, visit, data);
        return;
    }
    for (uint32_t number = 0; number < analysis->records.count; number++) {
        const tcpt_record *record = tcpt_records_at(&analysis->records, number);

        if (record->notes)
            tcpt_each_finding(record, visit, data);
    }
}

const tcpt_case *const *tcpt_cases(tcpt_analysis *analysis, unsigned *count)
{
    if (!analysis->cases.cases || analysis->cases.made_for != analysis->generation) {
        tcpt_settle_all(analysis);
        tcpt_cases_make(&analysis->cases, tcpt_first_awake_flow(analysis), analysis->findings.wide, analysis->peers);
        analysis->cases.made_for = analysis->generation;
    }
    *count = analysis->cases.cases->len;
    return (const tcpt_case *const *)analysis->cases.cases->pdata;
}

tcpt_flow *tcpt_first_flow(const tcpt_analysis *analysis)
{
    return tcpt_flows_first(analysis->flows);
}

tcpt_flow *tcpt_first_awake_flow(const tcpt_analysis *analysis)
{
    return tcpt_flows_first_awake(analysis->flows);
}

tcpt_scene *tcpt_scene_of(const tcpt_analysis *analysis, const tcpt_diagnosis *diagnosis)
{
    return analysis->scenes ? tcpt_scenes_of(analysis->scenes, diagnosis) : NULL;
}

const tcpt_pressure_curve *tcpt_pressure_curve_of(const tcpt_analysis *analysis, const tcpt_flow *flow)
{
    return tcpt_peers_curve(analysis->peers, flow);
}

void tcpt_each_path(const tcpt_analysis *analysis, void (*visit)(const tcpt_path *, void *), void *data)
{
    tcpt_points_each_path(analysis->points, visit, data);
}

bool tcpt_has_points(const tcpt_analysis *analysis)
{
    return analysis->points_expected || tcpt_points_count(analysis->points) > 1;
}

const tcpt_point *tcpt_first_point(const tcpt_analysis *analysis)
{
    return tcpt_points_first(analysis->points);
}

unsigned tcpt_point_count(const tcpt_analysis *analysis)
{
    return tcpt_points_count(analysis->points);
}

const tcpt_pressure *tcpt_highest_pressures(const tcpt_analysis *analysis, unsigned *count)
{
    return tcpt_peers_pressures(analysis->peers, count);
}

size_t tcpt_bytes_across_flows(const tcpt_analysis *analysis)
{
    return tcpt_peers_bytes(analysis->peers);
}

const tcpt_diagnosis *tcpt_first_wide_diagnosis(const tcpt_analysis *analysis)
{
    return analysis->findings.wide;
}

tcpt_totals tcpt_analysis_totals(const tcpt_analysis *analysis)
{
    tcpt_totals totals = {
        .segments = analysis->generation - analysis->icmp_errors,
        .flows = tcpt_flows_count(analysis->flows) + analysis->flows_gone,
        .folding = analysis->findings.folding,
        .kept = tcpt_points_kept(analysis->points),
    };
    const tcpt_point *point = tcpt_points_first(analysis->points);

    for (bool first = true; point; point = point->next, first = false) {
        totals.first_ns = first ? point->first_ns : MIN(totals.first_ns, point->first_ns);
        totals.newest_ns = first ? point->newest_ns : MAX(totals.newest_ns, point->newest_ns);
        totals.bare += point->bare;
        totals.points_joined |= point->id >= TCPT_POINTS_MOST;
    }
    return totals;
}
