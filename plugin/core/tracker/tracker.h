/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The tracker models along a capture: both rule sets per 4-tuple and capture point, and when to believe them.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_TRACKER_H
#define TCPTRIAGE_CORE_TRACKER_TRACKER_H

#include "core/tracker/models.h"
#include "tcptriage/observation.h"

/** What is followed per 4-tuple, from a SYN on; handed from life to life as a tracker's entry is. All zero to begin
 * with.
 */
typedef struct tcpt_tracker {
    tcpt_ct_models models;
    int64_t overrun_ns[2]; /**< by sender: since when it has sent beyond the window without an answer, 0 never */
    bool learned;          /**< the entry has learned from the newest packet; asked of open connections alone */
    bool follows; /**< it has seen all that a tracker would have: from a new life's SYN to the first packet that the
                       capture lacks. Else nothing is believed */
} tcpt_tracker;

/** What a segment does to a tracker. */
typedef enum tcpt_tracker_course {
    TCPT_TRACKER_STAYS,     /**< nothing */
    TCPT_TRACKER_SHORT_WAY, /**< the one entry takes it by the short way */
    TCPT_TRACKER_FOLLOWS,
    TCPT_TRACKER_LOSES, /**< the capture lacks something: it is lost */
} tcpt_tracker_course;

/** What becomes of a tracker by a segment. Only `course` is valid where that says all. */
typedef struct tcpt_tracker_proposal {
    tcpt_tracker_course course;
    bool begins;        /**< it follows from here on */
    int64_t overrun_ns; /**< the sender's from now on; 0 as it was */
    tcpt_ct_proposal models;
} tcpt_tracker_proposal;

/**
 * Say in `seen->tracker` what a tracker at the capture point makes of a segment, and propose what becomes of the
 * tracker. Everything else of `seen` is filled in.
 *
 * @param proposal  its `course` is TCPT_TRACKER_STAYS
 */
void tcpt_track(tcpt_observation *seen, tcpt_tracker_proposal *proposal, const tcpt_flow *flow,
                const tcpt_segment *segment);

/** tcpt_track() for a SYN that tcpt_observe_first_syn() has judged, but for the proposal: it begins an entry. */
void tcpt_track_first_syn(tcpt_observation *seen);

/** Whether a RST that tcpt_rst_comes_again() is VALID by both rule sets and leaves the entry ESTABLISHED, so that
 * tcpt_track() says no more of it. */
bool tcpt_tracks_rst_again(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Let the tracker of a flow with `tracker_lags` or `tracker_blank` be what it would be by now. Nothing that is known
 * changes by it. */
void tcpt_tracker_catch_up(const tcpt_flow *flow);

/** Free what a tracker owns; NULL is fine. */
void tcpt_tracker_clear(tcpt_tracker *tracker);

#endif
