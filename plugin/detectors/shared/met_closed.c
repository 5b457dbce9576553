/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/met_closed.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

bool tcpt_refuses_payload(const tcpt_context *context)
{
    const tcpt_endpoint *closed = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *writer = &context->flow->ends[!context->seen->from];
    int64_t ago_ns = context->segment->time_ns - writer->payload_ns;

    /* The RST answers the payload at once. */
    if (ago_ns > 2 * tcpt_rtt_ns(context->flow) + TCPT_ANSWER_MS * TCPT_MS_NS)
        return false;
    /* Without a socket the RST carries no ACK, and SEQ is the payload's ACK (RFC 9293, section 3.10.7.1). */
    if (!(context->segment->flags & TCPT_ACK))
        return context->segment->seq == writer->rcv_nxt || context->segment->seq == closed->fin_end ||
               context->segment->seq + 1 == closed->fin_end;
    return seq_after(writer->snd_nxt, closed->rcv_nxt); /* a live socket: payload that it had not acknowledged */
}
