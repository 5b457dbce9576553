/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The handshake's part of a commit. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_SYN_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_SYN_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"
#include "tcptriage/times.h"

/** Note one round trip from the capture point to `end` and back, nanoseconds; the smallest is kept. */
static inline void tcpt_note_rtt(tcpt_endpoint *end, int64_t sample_ns)
{
    if (sample_ns <= 0)
        return;
    if (!end->rtt_ns || sample_ns < end->rtt_ns)
        end->rtt_ns = sample_ns < TCPT_RTT_MOST_NS ? sample_ns : TCPT_RTT_MOST_NS;
}

/** Remember a SYN that is not this life's: it opens the next one if it is answered. */
void tcpt_note_next_syn(tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Note that an ACK of the life before refuses this life's SYN, that the RST which it asks for was sent, and whether
 * that helped. */
void tcpt_commit_old_refusal(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/** Take a SYN or SYN-ACK of this life into the flow. */
void tcpt_commit_syn(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
