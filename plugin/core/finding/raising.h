/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The findings' own memory. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_RAISING_H
#define TCPTRIAGE_CORE_FINDING_RAISING_H

#include "tcptriage/finding.h"

/** Forget what was raised when a flow was settled: what that had superseded is shown again. */
void tcpt_end_findings_forget(struct tcpt_flow *flow);

/** Free all findings of a flow. */
void tcpt_findings_clear(struct tcpt_flow *flow);

#endif
