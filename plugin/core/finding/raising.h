/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The findings' own memory. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_RAISING_H
#define TCPTRIAGE_CORE_FINDING_RAISING_H

#include "tcptriage/finding.h"

/** Free a flow's list of findings, linked by next_in_flow. */
void tcpt_findings_free(tcpt_finding *finding);

#endif
