/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One life of a 4-tuple after the other. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_LIFE_H
#define TCPTRIAGE_CORE_FLOW_LIFE_H

#include "tcptriage/flow.h"

/** Set up a flow (zeroed; key and previous are filled in) for its first segment. */
void tcpt_life_open(tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Free what the flow owns, not the flow. */
void tcpt_life_clear(tcpt_flow *flow);

#endif
