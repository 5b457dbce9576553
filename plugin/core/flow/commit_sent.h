/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Committing a segment: what its sender sends. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_SENT_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_SENT_H

#include "tcptriage/observation.h"

/** Take its sequence numbers, and with them its FIN. */
void tcpt_commit_sequence(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);
void tcpt_commit_fin(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record);

/** Note refused bytes, or a FIN: they are not delivered until they are sent again. */
void tcpt_commit_unwanted(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
