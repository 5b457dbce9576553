/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments of the life before. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STALE_H
#define TCPTRIAGE_CORE_FLOW_STALE_H

#include "tcptriage/flow.h"

/** Whether a segment belongs to the 4-tuple's previous life: inside the numbers that were in use then, and out of reach
 * now. There is such a life. */
bool tcpt_is_stale(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

#endif
