/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Runs that the findings of a flood join, and findings that are told anew. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_RAISING_H
#define TCPTRIAGE_CORE_FINDING_RAISING_H

#include "tcptriage/detector.h"
#include "tcptriage/flow.h"

/**
 * What the next frame has of a sender's finding that the next one would join all the same: on this frame there is
 * nothing but the newest of a run, or nothing.
 *
 * @param number   set to the detector's, plus one; 0 where nothing is on the frame
 * @param any_seq  set to whether the run tells nothing that is of one SEQ only
 * @return false when that cannot be told
 */
bool tcpt_joins_run(const tcpt_record *record, unsigned *number, bool *any_seq);

/** The run of the detector with that number plus one that a frame's sender has, or NULL. */
tcpt_diagnosis *tcpt_run_of(const tcpt_record *record, unsigned number);

/** Let a frame's finding join a run, as tcpt_raise() would; its values are those of the last. */
void tcpt_join_run(tcpt_diagnosis *run, tcpt_record *record, int64_t time_ns);

/** Forget what was raised when a flow was settled: what that had superseded is shown again. */
void tcpt_end_findings_forget(tcpt_flow *flow);

#endif
