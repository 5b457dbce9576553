/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Asked before a host is blamed for a silence (rule K): what else explains that repeats go unanswered?
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_SILENCE_H
#define TCPTRIAGE_DETECTORS_SHARED_SILENCE_H

#include "tcptriage/detector.h"

/** A host that is busy, a path that is mended: what is answered within this is a stall, and no dead peer. */
enum { TCPT_HEARD_SECONDS = 10 };

/** Whether the last that was heard of an end is a RST: it has left, and owes no answer. */
bool tcpt_left_by_rst(const tcpt_flow *flow, unsigned end);

/** Whether all that `from` has sent behind its oldest unacknowledged segment was taken (SACK), and nothing new since
 * goes unanswered: that one segment does not get through (its size, its damage, its contents), the peer is there. */
bool tcpt_only_oldest_missing(const tcpt_flow *flow, unsigned from);

/** Whether a segment lacks the timestamps that both SYNs have agreed on: its receiver may drop it (RFC 7323, 3.2). */
bool tcpt_drops_timestamps(const tcpt_flow *flow, const tcpt_segment *segment);

/** Whether any of these explains why `from`, the sender of the segment, gets no answer, or that the capture has none of
 * the answers (payload only). Damaged repeats are not counted as such in the first place. */
bool tcpt_silence_explained(const tcpt_context *context);

/** Whether it takes notice of what was sent: an ACK that neither moves nor selects may answer something else. */
bool tcpt_answers(const tcpt_context *context);

/** Whether an answer comes so soon that there was no silence to speak of. Of the end that is heard again. */
bool tcpt_heard_in_time(const tcpt_context *context);

/** How long the other end has waited for it. */
int64_t tcpt_waited_ns(const tcpt_context *context);

#endif
