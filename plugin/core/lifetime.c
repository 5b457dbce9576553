/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An analysis begins, hears what is expected of it, and ends. */
#include "tcptriage/analysis.h"

#include <glib.h>

#include "core/state.h"

tcpt_analysis *tcpt_analysis_new(const tcpt_settings *settings)
{
    tcpt_analysis *analysis = g_new0(tcpt_analysis, 1);

    analysis->settings = *settings;
    analysis->flows = tcpt_flows_new(&analysis->records, &analysis->findings);
    tcpt_records_open(&analysis->records);
    analysis->peers = tcpt_peers_new();
    analysis->points = tcpt_points_new(settings);
    tcpt_findings_open(&analysis->findings, TCPT_DIAGNOSES_MOST_BYTES);
    tcpt_dispatch_open(&analysis->dispatch, &analysis->settings, &analysis->findings);
    return analysis;
}

void tcpt_analysis_free(tcpt_analysis *analysis)
{
    if (!analysis)
        return;
    tcpt_flows_free(analysis->flows);
    tcpt_peers_free(analysis->peers);
    tcpt_points_free(analysis->points);
    tcpt_cases_clear(&analysis->cases);
    tcpt_records_clear(&analysis->records);
    tcpt_dispatch_clear(&analysis->dispatch);
    tcpt_findings_clear(&analysis->findings);
    tcpt_scenes_free(analysis->scenes);
    g_free(analysis);
}

void tcpt_watch_points(tcpt_analysis *analysis)
{
    tcpt_flows_link_twins(analysis->flows);
    tcpt_points_watch(analysis->points);
    analysis->watched = true;
    analysis->records.held++;
}

void tcpt_suspect_points(tcpt_analysis *analysis)
{
    if (!analysis->settings.capture_points || tcpt_points_watching(analysis->points))
        return;
    tcpt_flows_link_twins(analysis->flows);
    tcpt_points_suspect(analysis->points);
    analysis->watched = true;
}

void tcpt_expect_points(tcpt_analysis *analysis)
{
    if (!analysis->settings.capture_points)
        return;
    tcpt_watch_points(analysis);
    analysis->points_expected = true;
}

void tcpt_expect_pictures(tcpt_analysis *analysis)
{
    if (analysis->scenes)
        return;
    analysis->scenes = tcpt_scenes_new(&analysis->findings);
    tcpt_peers_keep_curves(analysis->peers);
    analysis->watched = true;
}

void tcpt_share_records(tcpt_analysis *analysis, tcpt_record_moved *moved)
{
    analysis->records.moved = moved;
}
