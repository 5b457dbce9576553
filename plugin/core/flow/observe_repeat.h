/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What was sent before comes again: whether its sender must have known that it had arrived. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_OBSERVE_REPEAT_H
#define TCPTRIAGE_CORE_FLOW_OBSERVE_REPEAT_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"

/** Judge a repeat that fills no gap of the capture. */
void tcpt_observe_repeat(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment);

#endif
