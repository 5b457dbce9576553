/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the checksums of a flow's segments tell: which are really bad, and what became of their bytes. Inside the room
 * only.
 *
 * A wrong sum proves damage only as long as nothing refutes it: bytes that are acknowledged and were never sent again
 * have arrived, so the field or the bytes were changed behind the sender's back, for the capture alone.
 */
#ifndef TCPTRIAGE_CORE_FLOW_CHECKSUMS_H
#define TCPTRIAGE_CORE_FLOW_CHECKSUMS_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"

/** Whether the checksum is really bad: no offload, no rewriting. Hosts drop such a segment. `host` is what is known of
 * its source address, or NULL. */
bool tcpt_really_bad(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from, const tcpt_host *host);

/** Judge a checksum that does not verify: fills really_bad, sum_explained and checksums_wrong. */
void tcpt_observe_checksum(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_host *host);

/** What a segment tells of damages: for flows that have some, and when all else is judged. */
void tcpt_observe_damages(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment);

#endif
