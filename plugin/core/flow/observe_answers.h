/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Judging a segment: what it asks of the other end, and what it answers. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_OBSERVE_ANSWERS_H
#define TCPTRIAGE_CORE_FLOW_OBSERVE_ANSWERS_H

#include "tcptriage/observation.h"

/** Fill in what a segment answers: a challenge, a refusal, pure ACKs; and how often its sender has asked in vain. The
 * segment is no other SYN and not stale; its repeats and probes are judged. */
void tcpt_observe_answers(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment);

#endif
