/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What detectors ask about flows besides what these hold. Nothing here changes anything; of capture points see
 * points.h, of other connections peers.h.
 */
#ifndef TCPTRIAGE_QUERIES_H
#define TCPTRIAGE_QUERIES_H

#include "tcptriage/flow.h"
#include "tcptriage/settings.h"

/** Whether a segment's payload asks for an answer: what is shorter says farewell or keeps alive. */
tcpt_asks tcpt_asks_of(const tcpt_segment *segment);

/** The life before this one that one end still holds in TIME-WAIT when this one begins, or NULL: it ended by FINs, less
 * than time_wait_seconds before, and no exact RST has destroyed the entry. */
const tcpt_flow *tcpt_life_in_time_wait(const tcpt_flow *flow, const tcpt_settings *settings);

/** The same for a segment that speaks from that life: a RST that seemed to have destroyed the entry had not. */
const tcpt_flow *tcpt_life_that_refuses(const tcpt_flow *flow, const tcpt_settings *settings);

/** Whether an end goes on without the timestamps that both SYNs have agreed on: its peer may drop all of it (RFC 7323,
 * section 3.2). */
static inline bool tcpt_lacks_timestamps(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *sender = &flow->ends[end];

    return (flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) &&
           sender->segment_count > sender->syn_count && sender->tsval_ns <= sender->syn_ns;
}

/** Whether a note or a warning stands on one of its frames. Of those that are raised while a flow is settled, by the
 * detectors before the asking one in detectors.def. */
bool tcpt_is_explained(const tcpt_flow *flow);

/** The same without those that are raised at the end: for another flow than the one that is settled. */
bool tcpt_was_explained(const tcpt_flow *flow);

/** In which flow a silent end goes on under another address or port, or NULL: a connection whose opening is not in the
 * capture came to `from` with the silent end's next numbers (a NAT on the way has lost its entry and made another), or
 * with the SYN-ACK that the silent end owes. */
const tcpt_flow *tcpt_goes_on_in(const tcpt_flow *flow, unsigned from);

/** Whether it does. */
static inline bool tcpt_goes_on_elsewhere(const tcpt_flow *flow, unsigned from)
{
    return tcpt_goes_on_in(flow, from) != NULL;
}

/** What ICMP errors say of what an end has sent since then, there or at another capture point of the connection; NULL
 * where there is none. */
const tcpt_icmp_told *tcpt_told_by_icmp(const tcpt_flow *flow, unsigned end, int64_t since_ns);

#endif
