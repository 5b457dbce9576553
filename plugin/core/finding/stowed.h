/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What was found in a flow that is stowed away. Findings of one detector are nearly the same: the first that is stowed
 * is kept as a pattern, and of each of them stays what differs from that: a twentieth. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_STOWED_H
#define TCPTRIAGE_CORE_FINDING_STOWED_H

#include <stdbool.h>

#include "tcptriage/flow.h"

struct tcpt_findings;

/** Records of a flow that is stowed away, at most. */
enum { TCPT_FOUND_RECORDS_MOST = 8 };

/**
 * Pack what was found in a flow, and what its frames are proof of, into tcpt_flow.found; its records say so
 * (tcpt_notes_stow()). Only what nothing else points to is packed: plain findings, raised on the flow's own frames and
 * proven by them alone, of detectors without memory. All else stays as it is.
 * @param records  all of the flow's
 */
void tcpt_found_stow(struct tcpt_findings *store, tcpt_flow *flow, tcpt_record *const *records, unsigned count);

/** Make it again as it was, at other addresses, where it was packed.
 *  @param records  as tcpt_found_stow() was given them */
void tcpt_found_unstow(struct tcpt_findings *store, tcpt_flow *flow, tcpt_record *const *records);

#endif
