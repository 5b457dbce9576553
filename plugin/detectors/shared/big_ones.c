/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/big_ones.h"

#include <glib.h>

#include "tcptriage/sequence.h"

enum {
    IPV6_HEADER_BYTES = 40,
    /* With what they are padded by (RFC 7323, appendix A). */
    TIMESTAMPS_BYTES = 12,
    /* What Ethernet's 1500 leave: where no SYN was captured, a longer record may be several packets. */
    PLAIN_MSS = 1460,
};

uint32_t tcpt_wire_payload(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    uint32_t most = flow->ends[!from].mss, own = flow->ends[from].mss;
    uint32_t options = (uint32_t)segment->header_bytes - TCPT_TCP_HEADER_BYTES;

    if (own && (!most || own < most))
        most = own;
    if (!most)
        return segment->payload_bytes <= PLAIN_MSS ? segment->payload_bytes : 0;
    return MIN(segment->payload_bytes, most > options ? most - options : 0); /* RFC 6691, section 2 */
}

uint32_t tcpt_longest_payload(const tcpt_flow *flow)
{
    const tcpt_endpoint *a = &flow->ends[0], *b = &flow->ends[1];
    bool timestamps = a->syn_options & b->syn_options & TCPT_OPTION_TIMESTAMPS;
    uint32_t mss = MIN(a->mss, b->mss), options = timestamps ? TIMESTAMPS_BYTES : 0;

    return a->syn && b->syn && mss > options ? mss - options : 0;
}

uint32_t tcpt_datagram_bytes(const tcpt_segment *segment, uint32_t payload_bytes)
{
    uint32_t ip_bytes = segment->family == 6 ? IPV6_HEADER_BYTES : TCPT_IPV4_HEADER_BYTES;

    return ip_bytes + segment->header_bytes + payload_bytes;
}

bool tcpt_acked_as_many(const tcpt_endpoint *receiver, uint32_t bytes)
{
    for (unsigned i = 1; i < receiver->ack_step_count; i++)
        if (receiver->ack_steps[i].ack - receiver->ack_steps[i - 1].ack >= bytes)
            return true;
    return false;
}

uint32_t tcpt_only_shorter_pass(const tcpt_flow *flow, unsigned from, uint32_t lost_bytes)
{
    const tcpt_endpoint *receiver = &flow->ends[!from];
    uint32_t passed = receiver->trouble->sack_leap;

    if (!receiver->acked || !passed || receiver->trouble->sack_ack != receiver->rcv_nxt || passed >= lost_bytes)
        return 0;
    if (!receiver->sack_held || receiver->sack_edge != flow->ends[from].snd_nxt)
        return 0; /* what was sent since goes unanswered, however short */
    return tcpt_acked_as_many(receiver, lost_bytes) ? 0 : passed;
}
