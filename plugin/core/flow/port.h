/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Whether the client's port is taken by a flow. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_PORT_H
#define TCPTRIAGE_CORE_FLOW_PORT_H

#include "tcptriage/observation.h"

/** Follow the port, once the states are those after the segment. */
void tcpt_commit_port(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
