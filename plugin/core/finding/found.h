/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a flow has found: its diagnoses, as lists. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_FOUND_H
#define TCPTRIAGE_CORE_FINDING_FOUND_H

#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

/** What the flow of a frame has found; made, from the diagnosis' store, where it has found nothing yet. */
tcpt_found *tcpt_found_with(const tcpt_diagnosis *diagnosis, const tcpt_record *on);

/** A finding comes (`more` 1) or goes (-1): tcpt_is_explained() asks for those above chat. */
void tcpt_found_weigh(const tcpt_finding *finding, int more);

/** What the end has refuted explains nothing, nor does its refutation (`more` -1), until that is forgotten (1). */
void tcpt_found_weigh_refuted(const tcpt_diagnosis *refutation, int more);

/** Last on the list of those raised on frames, or of those raised at the end. */
void tcpt_found_append(tcpt_found *found, tcpt_diagnosis *diagnosis);

/** Off the list that it is on. */
void tcpt_found_take_out(tcpt_found *found, tcpt_diagnosis *diagnosis);

#endif
