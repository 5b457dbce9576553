/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * An ICMP error that quotes a TCP segment: what a router or host says of it. Evidence, and nothing more: it changes no
 * state (RFC 5927).
 */
#ifndef TCPTRIAGE_ICMP_H
#define TCPTRIAGE_ICMP_H

#include <stdbool.h>
#include <stdint.h>

/** What it says. */
typedef enum tcpt_icmp_kind {
    TCPT_ICMP_OTHER,
    TCPT_ICMP_HOST_UNREACHABLE, /**< or its network: no way to it */
    TCPT_ICMP_PORT_UNREACHABLE, /**< or the protocol */
    TCPT_ICMP_PROHIBITED,       /**< by a filter that says so */
    TCPT_ICMP_FRAGMENTATION_NEEDED,
    TCPT_ICMP_TTL_EXCEEDED,
} tcpt_icmp_kind;

/** Filled by tcpt_icmp_parse() but for the first four; pointers are borrowed, as in tcpt_segment. */
typedef struct tcpt_icmp {
    int64_t time_ns; /**< as in tcpt_segment, the next ones too */
    uint32_t frame;
    uint32_t point;
    uint8_t depth;  /**< IP headers around the ICMP message */
    uint8_t family; /**< 4 or 6 */
    uint8_t type;
    uint8_t code;
    tcpt_icmp_kind kind;
    uint32_t mtu;        /**< that it tells, 0 none */
    const uint8_t *from; /**< who sent it: 4 or 16 bytes */

    /* The quotation. */
    const uint8_t *src;
    const uint8_t *dst;
    uint16_t src_port;
    uint16_t dst_port;
    uint16_t ip_id; /**< 0 where there is none: IPv6 */
    uint32_t seq;
    uint32_t tcp_at; /**< where its TCP header lies, behind the first byte of the message's own IP header */
} tcpt_icmp;

/**
 * Read an ICMP error from the IP header on. IPv4 with options; IPv6 without extension headers.
 *
 * @param datagram  `captured_bytes` are readable there
 * @return false where it is no error that quotes TCP's first eight bytes
 */
bool tcpt_icmp_parse(tcpt_icmp *icmp, const uint8_t *datagram, uint32_t captured_bytes);

/** "host_unreachable" and so on: the value of tcptriage.icmp.kind. */
const char *tcpt_icmp_kind_name(unsigned kind);

/** The same for sentences: "host unreachable". */
const char *tcpt_icmp_kind_words(unsigned kind);

#endif
