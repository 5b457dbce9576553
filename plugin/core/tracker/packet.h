/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A segment as the tracker reads it, and what it says of one. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_PACKET_H
#define TCPTRIAGE_CORE_TRACKER_PACKET_H

#include "tcptriage/segment.h"
#include "tcptriage/tracker.h"

/** What a packet is to the transition table; numbered as in the kernel's log lines. */
typedef enum tcpt_ct_class {
    TCPT_CT_CLASS_SYN,
    TCPT_CT_CLASS_SYN_ACK,
    TCPT_CT_CLASS_FIN,
    TCPT_CT_CLASS_ACK,
    TCPT_CT_CLASS_RST,
    TCPT_CT_CLASS_NONE,
} tcpt_ct_class;

/** A segment as the tracker reads it; the same for both rule sets. */
typedef struct tcpt_ct_packet {
    const tcpt_segment *segment;
    uint8_t from;      /**< end of the flow that sent it */
    uint8_t class;     /**< tcpt_ct_class */
    bool bad_checksum; /**< really bad */
    bool legal_flags;
    bool options;    /**< has any option bytes */
    int64_t jump_ns; /**< by how much the capture's clock was set, or files are apart, since the packet before */
} tcpt_ct_packet;

/** The ACK field as it stands in the header: the tracker does not always look at the flag. */
static inline uint32_t tcpt_ct_ack_field(const tcpt_segment *segment)
{
    return segment->ack | segment->ack_without_flag;
}

/** Prepare a segment for tcpt_ct_judge(). `bad_checksum`: the sum is wrong on the wire. */
tcpt_ct_packet tcpt_ct_packet_of(const tcpt_segment *segment, unsigned from, bool bad_checksum);

/** What became of one packet. */
typedef struct tcpt_ct_result {
    uint8_t verdict; /**< tcpt_ct_verdict, never unknown */
    uint8_t reason;  /**< tcpt_ct_reason */
    uint8_t state;   /**< of the entry afterwards, TCPT_CT_NONE without one */
    bool scale_reset;
} tcpt_ct_result;

#endif
