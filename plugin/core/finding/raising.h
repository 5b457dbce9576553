/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a flow has found. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_RAISING_H
#define TCPTRIAGE_CORE_FINDING_RAISING_H

#include "tcptriage/flow.h"

/** Forget what was raised when a flow was settled: what that had superseded is shown again. */
void tcpt_end_findings_forget(tcpt_flow *flow);

/** Free what was found in a flow, with the analysis: the frames are not told. */
void tcpt_found_free(tcpt_flow *flow);

#endif
