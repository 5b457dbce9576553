/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Whether only long segments get lost (rule K.2): what a sender cannot get through although shorter ones pass.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_BIG_ONES_H
#define TCPTRIAGE_DETECTORS_SHARED_BIG_ONES_H

#include "tcptriage/flow.h"

/** Payload bytes of the longest packet that a record becomes on the wire: hosts cut what they hand to the network card
 * (GSO) by the MSS, less options. 0 where the capture does not tell. */
uint32_t tcpt_wire_payload(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Payload of the longest packet that two hosts send each other, by the MSS of both SYNs, with no more options than the
 * timestamps that both have; 0 where the capture does not tell. */
uint32_t tcpt_longest_payload(const tcpt_flow *flow);

/** The IP datagram of such a packet. */
uint32_t tcpt_datagram_bytes(const tcpt_segment *segment, uint32_t payload_bytes);

/** Whether one acknowledgment has covered as many bytes at once: a segment as long, or several. */
bool tcpt_acked_as_many(const tcpt_endpoint *receiver, uint32_t bytes);

/** Payload of the longest segment that was taken behind the oldest missing one, of `lost_bytes`; 0 where there is none,
 * or one as long may be among them, or was acknowledged before. */
uint32_t tcpt_only_shorter_pass(const tcpt_flow *flow, unsigned from, uint32_t lost_bytes);

#endif
