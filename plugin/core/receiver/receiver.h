/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The receiver model: what the chosen stack does with a segment.
 *
 * What a capture can know of a receiver: the last ACK it was seen to send (A), how far its peer has sent without a gap
 * (N), the right edge it has advertised (R). What it really expects next lies in [A, N]; a verdict that would change
 * within that range is "undetermined".
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_RECEIVER_H
#define TCPTRIAGE_CORE_RECEIVER_RECEIVER_H

#include "tcptriage/observation.h"
#include "tcptriage/settings.h"

/** Fill in what the receiver makes of a segment: `receiver`, `rst` and `provokes` of an observation that is complete
 * else. */
void tcpt_judge_receiver(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_settings *settings);

/** The same of bytes that are all acknowledged, on an open connection without gaps whose receiver is Linux, with an ACK
 * and a timestamp that are not behind: tcpt_receiver_view alone. */
void tcpt_judge_old_data(tcpt_receiver_view *view, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

#endif
