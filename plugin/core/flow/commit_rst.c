/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit_rst.h"

#include "core/flow/rst_outcome.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

void tcpt_commit_rst(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];
    tcpt_endpoint *receiver = &flow->ends[!seen->from];
    bool reset_before = sender->reset_peer;
    bool exact = seen->rst.position == TCPT_RST_EXACT || seen->rst.position == TCPT_RST_EXACT_UNACKED ||
                 seen->rst.position == TCPT_RST_SYN_SENT_OK;

    sender->rst_count++;
    sender->rst_ns = segment->time_ns;
    sender->rst_record = record;
    tcpt_commit_rst_toward(flow, segment, seen, record, reset_before);
    /* It resets the old life's answer to this life's SYN, not this life. */
    if (sender->syn && sender->handshake == TCPT_SYN_SENT &&
        (seq_before(segment->seq, sender->iss) || seq_after(segment->seq, sender->snd_nxt)))
        return;
    if (seen->rst.position != TCPT_RST_SYN_SENT_BAD_ACK && seen->rst.position != TCPT_RST_SYN_SENT_NO_ACK)
        sender->reset = true;
    if (exact)
        sender->reset_peer = true;
    if (exact || seen->rst.verdict == TCPT_VERDICT_RESET || seen->rst.position == TCPT_RST_NONE ||
        seen->rst.position == TCPT_RST_AT_ACK)
        receiver->reset = true;
}

/* After a RST its sender and its taker are closed. A segment that comes so much later was not on the way already: its
 * sender lives on. */
void tcpt_commit_revival(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];
    int64_t rst_ns;

    if (seen->challenged && seen->challenged == receiver->rst_record) {
        /* Whoever has forgotten the connection answers with an exact one. */
        sender->reset = receiver->reset = receiver->reset_peer = false;
        return;
    }
    if (!sender->reset)
        return;
    rst_ns = sender->rst_ns > receiver->rst_ns ? sender->rst_ns : receiver->rst_ns;
    if (segment->time_ns - rst_ns < tcpt_rtt_ns(flow) + TCPT_REACT_MS * TCPT_MS_NS)
        return;
    sender->reset = false;
}
