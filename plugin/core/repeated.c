/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/repeated.h"

#include "core/tracker/commit.h"
#include "tcptriage/portable.h"

void tcpt_keep_rst(const tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                   const tcpt_observation *seen, tcpt_record *record, const tcpt_rst_marks *before)
{
    unsigned detector;
    bool any_seq;

    if (tcpt_rst_may_come_again(flow, segment, seen, before) &&
        tcpt_dispatch_repeats(&analysis->dispatch, flow, seen->traits) && tcpt_joins_run(record, &detector, &any_seq))
        tcpt_rst_keep(flow, segment, seen, record, detector, any_seq);
}

/* Trackers learn from each. @return false where a detector might have something to say of what they find. */
static bool track_again(const tcpt_analysis *analysis, tcpt_observation *seen, tcpt_tracker_proposal *proposal,
                        const tcpt_flow *flow, const tcpt_segment *segment)
{
    proposal->course = TCPT_TRACKER_STAYS;
    if (analysis->settings.tracker_models)
        tcpt_track(seen, proposal, flow, segment);
    return !seen->traits && !seen->tracker.scale_reset && !seen->tracker.divergent && !seen->tracker.lags;
}

/* A flood's records say the same, but of which frame: one does for all that nothing refers to. */
static void share_record(tcpt_records *records, tcpt_flow *flow, uint32_t number, uint32_t frame)
{
    const tcpt_rst_again *again = &flow->rare->rst_again;

    if (tcpt_records_at(records, number)->frame == frame)
        return; /* whoever shows the frame may still look at it */
    if (!again->shares || !tcpt_records_share(records, number, again->shared))
        tcpt_rst_share(flow, number);
}

/* At length: what its trackers make of it is other than of the one before. @return false where it has to go the long
 * way
 */
static bool TCPT_NOINLINE track_anew(const tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                                     tcpt_record *record)
{
    const tcpt_rst_again *again = &flow->rare->rst_again;
    tcpt_tracker_proposal proposal;
    tcpt_observation seen;

    tcpt_rst_observe_again(&seen, again);
    if (!track_again(analysis, &seen, &proposal, flow, segment))
        return false;
    if (proposal.course != TCPT_TRACKER_STAYS)
        tcpt_tracker_commit(flow->tracker, segment, again->from, &proposal);
    tcpt_record_judged(record, &seen);
    tcpt_record_states_as(record, again->last); /* neither has changed them */
    return true;
}

/* @return false where it has to go the long way */
static bool track(const tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment, tcpt_record *record)
{
    const tcpt_rst_again *again = &flow->rare->rst_again;

    if (!tcpt_record_tracked_open(again->last) || !tcpt_tracks_rst_again(flow, segment, again->from))
        return track_anew(analysis, flow, segment, record);
    tcpt_tracker_commit_rst_again(flow->tracker, segment, again->from);
    tcpt_record_says_as(record, again->last);
    return true;
}

bool tcpt_take_rst_again(tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_packet_id *packet, tcpt_record *record)
{
    const tcpt_rst_again *again = &flow->rare->rst_again;
    tcpt_diagnosis *run = again->detector ? tcpt_run_of(record, again->detector) : NULL;
    uint32_t left;
    bool leaves;

    if ((again->detector && !run) || !track(analysis, flow, segment, record))
        return false;
    tcpt_point_commit(flow->at, segment);
    leaves = analysis->records.moved && tcpt_rst_leaves(flow, analysis->records.held, &left);
    tcpt_flow_remember(flow, segment, again->from, packet, analysis->records.newest);
    tcpt_flow_commit_rst_again(flow, segment, record);
    if (run)
        tcpt_join_run(run, record, segment->time_ns);
    if (leaves)
        share_record(&analysis->records, flow, left, segment->frame);
    return true;
}
