/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Display filters that a report names: made to be pasted.
 */
#ifndef TCPTRIAGE_REPORT_FILTERS_H
#define TCPTRIAGE_REPORT_FILTERS_H

#include "model.h"

/** Wireshark takes a SYN with other numbers for a new stream of its 4-tuple, and what comes later for that one's.
 * Between two capture points that may be the same connection, renumbered on the way: its frames are in no one stream
 * then. */
bool tcpt_has_own_stream(const tcpt_flow *flow);

/** Selects the findings of an entry in a flow's chapter. To be freed, as the others. */
char *tcpt_filter_for_entry(const tcpt_flow *flow, const tcpt_entry *entry);

/** Selects frames by their numbers. */
char *tcpt_filter_for_frames(const GArray *frames);

/** Selects the SYNs of the client to the server's port. */
char *tcpt_filter_for_pressure(const tcpt_pressure *pressure);

#endif
