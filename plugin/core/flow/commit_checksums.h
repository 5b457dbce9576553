/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Committing a segment: its checksum, and what it tells of damages. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_CHECKSUMS_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_CHECKSUMS_H

#include "tcptriage/observation.h"

/** Take the checksum into the counts, and what the segment tells of damages. Before the sender's numbers advance. */
void tcpt_commit_checksums(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                           tcpt_record *record);

#endif
