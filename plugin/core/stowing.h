/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows of a few packets that nothing was heard of for a while are stowed away: scans and floods have millions of them.
 * For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_STOWING_H
#define TCPTRIAGE_CORE_STOWING_H

#include "tcptriage/analysis.h"

/** Stow a flow away where it may be: it is small, and nothing but its records refers to it. */
void tcpt_stow_flow(tcpt_analysis *analysis, tcpt_flow *flow);

/** A flow was opened, and nobody has another one's address: stow away some that are older. */
void tcpt_stow_old(tcpt_analysis *analysis, int64_t now_ns);

#endif
