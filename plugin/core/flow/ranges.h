/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a sender was seen to send: contiguous up to snd_contig, and some ranges above a gap.
 */
#ifndef TCPTRIAGE_CORE_FLOW_RANGES_H
#define TCPTRIAGE_CORE_FLOW_RANGES_H

#include "tcptriage/flow.h"

/** Note [left, right) as seen; left is not after right. */
void tcpt_ranges_add(tcpt_endpoint *sender, uint32_t left, uint32_t right);

/** [left, right) was sent once more, or late; below `acked` it is known already. */
void tcpt_ranges_late(tcpt_endpoint *sender, uint32_t left, uint32_t right, uint32_t acked);

/** Everything below `ack` has arrived: of a gap that was given up, what was not seen since the capture lacks. */
void tcpt_ranges_acked(tcpt_endpoint *sender, uint32_t ack);

/** One place more that the capture lacks bytes of. */
void tcpt_add_hole(tcpt_endpoint *sender);

/** After one less. */
void tcpt_holes_changed(tcpt_endpoint *sender);

/** Take everything up to `right` as known, seen or not. @return true when part of it was not seen. */
bool tcpt_ranges_skip_to(tcpt_endpoint *sender, uint32_t right);

#endif
