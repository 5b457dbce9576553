/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One TCP segment as the capture holds it: the only input of the analysis.
 *
 * The feeder fills in who sends it when and where (time, addresses, capture point); tcpt_segment_read() reads the rest:
 * what the IP header says, the TCP header and its options by tcpt_segment_parse(), the checksum by
 * tcpt_segment_check().
 */
#ifndef TCPTRIAGE_SEGMENT_H
#define TCPTRIAGE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tcptriage/limits.h"

enum {
    TCPT_FIN = 0x01,
    TCPT_SYN = 0x02,
    TCPT_RST = 0x04,
    TCPT_PSH = 0x08,
    TCPT_ACK = 0x10,
    TCPT_URG = 0x20,
    TCPT_ECE = 0x40, /**< RFC 3168, section 6.1 */
    TCPT_CWR = 0x80,
};

/** Options met in the header, bits of tcpt_segment.options. */
enum {
    TCPT_OPTION_MSS = 0x01,
    TCPT_OPTION_WSCALE = 0x02,
    TCPT_OPTION_SACK_PERMITTED = 0x04,
    TCPT_OPTION_SACK = 0x08,
    TCPT_OPTION_TIMESTAMPS = 0x10,
    TCPT_OPTION_FAST_OPEN = 0x20, /**< kind 34, or kind 254 with magic 0xF989 (RFC 7413, section 4.1.1) */
    TCPT_OPTION_MULTIPATH = 0x40, /**< kind 30 (RFC 8684, section 3) */
    TCPT_OPTION_SIGNED = 0x80,    /**< kind 19 (RFC 2385, MD5) or 29 (RFC 5925, TCP-AO) */
};

/** What the checksum field says about the segment. */
typedef enum tcpt_checksum {
    TCPT_CHECKSUM_UNKNOWN, /**< truncated, fragment: nothing to compute on */
    TCPT_CHECKSUM_GOOD,
    TCPT_CHECKSUM_PARTIAL,      /**< the folded pseudo-header sum that checksum offload leaves */
    TCPT_CHECKSUM_BOTH_WRONG,   /**< wrong, and so is the IPv4 header's: no router or host would have passed it on, so
                                     addresses were changed since, or both sums are left to the network card */
    TCPT_CHECKSUM_OVER_PADDING, /**< right only when the Ethernet padding is counted in */
    TCPT_CHECKSUM_WRONG,
} tcpt_checksum;

/** SACK blocks a header has room for. */
#define TCPT_SACK_BLOCKS 4

/**
 * A segment. Pointers are borrowed: they live as long as the call that takes the segment.
 */
typedef struct tcpt_segment {
    int64_t time_ns;        /**< capture time, nanoseconds since 1970; tcpt_analyse() bounds it (times.h) */
    uint32_t frame;         /**< frame number, 1-based */
    uint32_t point;         /**< capture point: interface of the file, 0 when there is only one */
    const char *point_name; /**< its name, NULL unknown */
    uint8_t depth;          /**< IP headers around this segment: 1 without a tunnel */
    uint8_t family;         /**< 4 or 6 */
    bool fragment;          /**< first IP fragment only: the payload's length is not known */
    const uint8_t *src;     /**< 4 or 16 bytes, by family */
    const uint8_t *dst;

    /* Filled by tcpt_segment_read(). */
    uint8_t ttl;    /**< TTL or hop limit, 0 unknown */
    bool has_ip_id; /**< IPv4 only */
    uint16_t ip_id;
    bool fragments; /**< put together from IP fragments */

    /* Filled by tcpt_segment_parse(). */
    uint16_t src_port;
    uint16_t dst_port;
    uint32_t seq;
    uint32_t ack;              /**< 0 without the ACK flag */
    uint32_t ack_without_flag; /**< what the field holds where the ACK flag is not set, else 0 */
    uint8_t flags;             /**< none where SYN or RST came with flags that no host sends with it: see odd_flags */
    bool odd_flags;            /**< they did: made by a scanner or a fuzzer, and neither SYN nor RST */
    uint8_t header_bytes;
    uint16_t window; /**< as in the header, not scaled */
    uint16_t checksum;
    uint32_t payload_bytes; /**< by the IP length, not by what was captured */
    const uint8_t *payload; /**< captured part, NULL when there is none */
    uint32_t payload_captured_bytes;
    uint32_t end_seq; /**< SEQ + payload + SYN + FIN */
    bool options_cut; /**< the capture lacks bytes of the header */
    uint8_t options;
    uint8_t wscale;          /**< shift offered, capped at 14 (RFC 7323, section 2.3) */
    uint8_t fast_open_bytes; /**< cookie length, 0 for a request */
    uint8_t sack_count;
    uint16_t mss;
    uint32_t tsval;
    uint32_t tsecr;
    uint32_t sack_left[TCPT_SACK_BLOCKS];
    uint32_t sack_right[TCPT_SACK_BLOCKS];

    /* Filled by tcpt_segment_check(). */
    tcpt_checksum checksum_is;
    uint8_t pad_bytes;              /**< Ethernet padding behind the datagram */
    uint16_t checksum_expected;     /**< what the field should hold, over the IP length */
    uint16_t checksum_over_padding; /**< what a verifier that does not cut the padding would want there */
} tcpt_segment;

/** The bytes that a segment is read from. */
typedef struct tcpt_datagram {
    const uint8_t *tcp;      /**< first byte of its header */
    uint32_t captured_bytes; /**< of header and payload, readable there */
    uint32_t reported_bytes; /**< of them by the IP length */
    uint32_t readable_bytes; /**< from there on, with what lies behind the datagram */
    uint32_t pad_bytes;      /**< Ethernet padding directly behind it */
    const uint8_t *ip;       /**< the IP header directly before it; NULL: none, or it is that of a fragment */
    uint32_t ip_bytes;       /**< its length */
    bool ip_cut;             /**< it claims more bytes than its carrier holds: not all that is summed is there */
} tcpt_datagram;

/** A SYN that asks for ECN: RFC 3168, section 6.1.1. */
static inline bool tcpt_asks_ecn(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_ECE | TCPT_CWR)) == (TCPT_SYN | TCPT_ECE | TCPT_CWR);
}

/** Whether a host sends these flags together; PSH, ECE and CWR come with anything (Linux, tcp_valid_flags in
 * nf_conntrack_proto_tcp.c). */
bool tcpt_legal_flags(uint8_t flags);

/**
 * Read a TCP header.
 *
 * @param segment         addresses, time and the like already filled in
 * @param header          first byte of the TCP header
 * @param captured_bytes  bytes readable at `header`
 * @param reported_bytes  bytes the IP header says there are (header and payload)
 * @return false when the bytes are no usable TCP header (under 20 bytes, data offset under 5 or beyond the
 *         datagram): there is no segment then. Odd or cut options are passed over one by one.
 */
bool tcpt_segment_parse(tcpt_segment *segment, const uint8_t *header, uint32_t captured_bytes, uint32_t reported_bytes);

/**
 * Judge the checksum of a parsed segment and, on padded frames, what it is with the padding counted in.
 *
 * @param header          first byte of the TCP header; `captured_bytes` are readable there
 * @param reported_bytes  bytes of header and payload by the IP length
 * @param pad_bytes       padding directly behind them, readable too when everything was captured
 */
void tcpt_segment_check(tcpt_segment *segment, const uint8_t *header, uint32_t captured_bytes, uint32_t reported_bytes,
                        uint32_t pad_bytes);

/**
 * Look at the checksum of the IPv4 header around a segment whose own was judged to be wrong.
 *
 * @param header  the whole header, 20 to 60 bytes
 */
void tcpt_segment_check_ipv4(tcpt_segment *segment, const uint8_t *header, uint32_t header_bytes);

/**
 * Read a segment whose sender, time and the like are filled in.
 *
 * @return false when the bytes are no usable TCP header, as tcpt_segment_parse() says it
 */
bool tcpt_segment_read(tcpt_segment *segment, const tcpt_datagram *datagram);

/**
 * How many of the bytes behind an IP datagram are Ethernet padding.
 *
 * Padding fills the payload of a frame up to 46 bytes (IEEE 802.3, clause 4.2.3.3), with a VLAN tag up to 42 or
 * 46: whatever makes datagram and rest longer than 46 is a trailer and counts as none.
 *
 * @param datagram_bytes  the IP total length
 * @param behind_bytes    bytes of the frame behind it, without the FCS
 */
uint32_t tcpt_padding_bytes(uint32_t datagram_bytes, uint32_t behind_bytes);

/** Whether Ethernet pads a segment on its way: an IPv4 datagram shorter than its least payload. */
static inline bool tcpt_short_on_the_wire(const tcpt_segment *segment)
{
    return segment->family == 4 &&
           TCPT_IPV4_HEADER_BYTES + segment->header_bytes + segment->payload_bytes < TCPT_ETHERNET_PAYLOAD_LEAST;
}

#endif
