/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Committing a RST, and what speaks against an earlier one. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_RST_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_RST_H

#include "tcptriage/observation.h"

void tcpt_commit_rst(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record);

/** An end that goes on long after a RST was not closed by it; a RST that was challenged has closed neither. */
void tcpt_commit_revival(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
