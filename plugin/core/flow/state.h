/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The ends' states (RFC 9293, section 3.3.2), derived from what the flow holds. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STATE_H
#define TCPTRIAGE_CORE_FLOW_STATE_H

#include "tcptriage/flow.h"

/** Derive both ends' states anew. */
void tcpt_derive_states(tcpt_flow *flow);

#endif
