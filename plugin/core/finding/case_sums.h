/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One case grows: what findings and other cases add to it, and which of two comes first. Which case that is
 * cases.c decides. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_CASE_SUMS_H
#define TCPTRIAGE_CORE_FINDING_CASE_SUMS_H

#include <glib.h>
#include <stdbool.h>

#include "tcptriage/cases.h"
#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

/** A diagnosis becomes part of a case, as its cause or as a consequence: time, counts, severity. */
void tcpt_case_take(tcpt_case *made, tcpt_diagnosis *diagnosis, bool consequence);

/** A cause may be an example: the costliest come first, of equals the earliest; one of a flow. */
void tcpt_case_note_example(tcpt_case *made, const tcpt_diagnosis *cause);

/** A flow has part in it. The first one (tcpt_case.flow) names the place; what this has not in common with it is no
 * part of that. */
void tcpt_case_note_place(tcpt_case *made, const tcpt_flow *flow);

/** A frame that decides it, while there is room for more. */
void tcpt_case_note_frame(tcpt_case *made, const tcpt_diagnosis *diagnosis);

/** Whether one is there while the other is, or within the time that hosts remember a connection. */
bool tcpt_case_close_in_time(const tcpt_case *a, const tcpt_case *b);

/** The case that one has joined, or itself. Arrows have no circles: who sets `joined` sees to it. */
tcpt_case *tcpt_case_root(tcpt_case *made);

/** Adds a case of the same kind and place: the causes of both are causes. */
void tcpt_case_add_causes(tcpt_case *into, const tcpt_case *made);

/** Adds a case of the same kind on another way. */
void tcpt_case_add_way(tcpt_case *into, const tcpt_case *made);

/** Adds a case of another kind: its causes are consequences here. Their flows are others: what explains a finding on
 * its own tuple has it already. */
void tcpt_case_add_consequences(tcpt_case *into, const tcpt_case *made);

/** GCompareFunc over tcpt_case *. First comes the graver one, then what has hit more connections, cost more, is surer,
 * came earlier. */
int tcpt_case_compare(gconstpointer a, gconstpointer b);

#endif
