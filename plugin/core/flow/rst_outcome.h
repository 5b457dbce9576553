/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Whether a RST had effect, by what its receiver does afterwards (rules A.5 and K.3). Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_RST_OUTCOME_H
#define TCPTRIAGE_CORE_FLOW_RST_OUTCOME_H

#include "tcptriage/observation.h"

/** Tell, of a flow that has seen a RST, whether a segment shows that a RST toward its sender had no effect; the rest of
 * `seen` is filled in but for what its receiver makes of it. */
void tcpt_observe_rst_outcome(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment);

/** Note a RST, to be judged by its outcome; `reset_before`: its sender had sent an exact one before. */
void tcpt_commit_rst_toward(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                            tcpt_record *record, bool reset_before);

/** Note, in a flow that has seen a RST, what a segment other than a RST says of the RST toward its sender. */
void tcpt_commit_rst_outcome(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
