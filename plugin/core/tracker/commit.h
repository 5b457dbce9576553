/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The tracker models: the writer. For the analysis only, once the detectors have looked.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_COMMIT_H
#define TCPTRIAGE_CORE_TRACKER_COMMIT_H

#include "core/tracker/tracker.h"

/** Let a 4-tuple's tracker become what was proposed for a segment, where it does not stay as it is. */
void tcpt_tracker_commit(tcpt_tracker *tracker, const tcpt_segment *segment, unsigned from,
                         const tcpt_tracker_proposal *proposal);

/** Let it take a RST that tcpt_tracks_rst_again(). */
void tcpt_tracker_commit_rst_again(tcpt_tracker *tracker, const tcpt_segment *segment, unsigned from);

#endif
