/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The lives of a 4-tuple.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TIME_WAIT_H
#define TCPTRIAGE_CORE_FLOW_TIME_WAIT_H

#include "tcptriage/flow.h"
#include "tcptriage/settings.h"
#include "tcptriage/times.h"

/** The life before this one that one end still holds in TIME-WAIT when this one begins, or NULL: it ended by FINs, less
 * than time_wait_seconds before, and no exact RST has destroyed the entry. */
const tcpt_flow *tcpt_life_in_time_wait(const tcpt_flow *flow, const tcpt_settings *settings);

#endif
