/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The records, one per segment, and what they show of it. For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_RECORDS_H
#define TCPTRIAGE_CORE_RECORDS_H

#include <glib.h>

#include "tcptriage/flow.h"
#include "tcptriage/tracker.h"

/** Records come in slabs: one allocation for many packets, none of its own per packet. */
typedef struct tcpt_records {
    GPtrArray *slabs;
    uint32_t count; /**< they are numbered from 0 */
} tcpt_records;

void tcpt_records_open(tcpt_records *records);
void tcpt_records_clear(tcpt_records *records);

/** @return a new one, all zero; lives until tcpt_records_clear() */
tcpt_record *tcpt_records_add(tcpt_records *records);

/** The one of this number, which is less than `count`. */
tcpt_record *tcpt_records_at(const tcpt_records *records, uint32_t number);

/** Show what connection tracking makes of the segment. */
void tcpt_record_tracker(tcpt_record *record, const tcpt_ct_view *view);

/** Show the states of both ends as the flow has them now. */
void tcpt_record_states(tcpt_record *record, const tcpt_flow *flow);

#endif
