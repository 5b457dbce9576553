/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The tracker models along a capture: both rule sets per 4-tuple and capture point, and when to believe them.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_TRACKER_H
#define TCPTRIAGE_CORE_TRACKER_TRACKER_H

#include "core/tracker/entry.h"
#include "tcptriage/observation.h"

/** What is followed per 4-tuple: made at a SYN, handed from life to life as a tracker's entry is. */
typedef struct tcpt_tracker {
    tcpt_ct_models models;
    int64_t overrun_ns[2]; /**< by sender: since when it has sent beyond the window without an answer, 0 never */
    bool lost; /**< the capture lacks packets that the tracker would have seen: nothing is believed until a new life */
} tcpt_tracker;

/**
 * Follow a segment, and say in `seen->tracker` what a tracker at the capture point makes of it. To be called before the
 * segment is taken into the flow, whose tracker is made and advanced here.
 */
void tcpt_track(tcpt_flow *flow, const tcpt_segment *segment, tcpt_observation *seen);

/** Free a tracker; NULL is fine. */
void tcpt_tracker_free(tcpt_tracker *tracker);

#endif
