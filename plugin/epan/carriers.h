/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is around a TCP segment: IP headers, the link layer, padding.
 */
#ifndef TCPTRIAGE_EPAN_CARRIERS_H
#define TCPTRIAGE_EPAN_CARRIERS_H

#include <stdbool.h>
#include <stdint.h>

#include <epan/packet.h>

#include "tcptriage/icmp.h"
#include "tcptriage/segment.h"

/** What is around a TCP layer. */
typedef struct tcpt_carriers {
    uint8_t depth; /**< IP headers */
    bool ethernet; /**< a link layer that pads: Ethernet, or cooked, which may have been Ethernet */
} tcpt_carriers;

/** The IP header that ends where a segment begins. */
typedef struct tcpt_ip_header {
    const uint8_t *at; /**< NULL: not found, as in a reassembled datagram or behind IPv6 extension headers */
    unsigned bytes;    /**< 0 then */
    bool cut;          /**< it claims more bytes than its carrier holds: what the checksum covers is not all there */
} tcpt_ip_header;

/** To be called when all protocols are registered. */
void tcpt_carriers_handoff(void);

/** Begin a frame that is new. */
void tcpt_carriers_begin_frame(void);

/**
 * Dissect a TCP layer of a new frame: layers that come up meanwhile are inside of it.
 *
 * @param note  called first, with what is around this one
 */
int tcpt_carriers_dissect(dissector_t tcp, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data,
                          void (*note)(tvbuff_t *tvb, packet_info *pinfo, tcpt_carriers around));

/** Where a TCP layer's bytes are. */
typedef struct tcpt_place {
    tvbuff_t *source;        /**< the frame, or bytes that were put together */
    const uint8_t *captured; /**< of that: at least what is before the layer */
    unsigned captured_bytes; /**< that can be read there */
    unsigned begin;          /**< of the layer in there, at most captured_bytes */
    uint32_t bytes;          /**< of the layer, by the IP length */
} tcpt_place;

/** Find the IP header of a segment whose addresses are filled in. */
tcpt_ip_header tcpt_find_ip_header(const tcpt_place *place, const tcpt_segment *segment);

/**
 * Read the ICMP error that quotes a TCP header. It is found from there back, and read from its own IP header on.
 *
 * @param quoted  the TCP header, or as much of it as is quoted
 * @return false where what is before it is no such message (a tunnel's packet is quoted, extension headers)
 */
bool tcpt_find_icmp(tcpt_icmp *icmp, tvbuff_t *quoted, const packet_info *pinfo);

/** Ethernet padding behind the segment's datagram. */
uint32_t tcpt_find_padding(const tcpt_place *place, const packet_info *pinfo, const tcpt_ip_header *ip,
                           tcpt_carriers around);

#endif
