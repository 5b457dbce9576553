/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is taken apart, and what comes out.
 */
#ifndef TCPTRIAGE_READER_PACKET_H
#define TCPTRIAGE_READER_PACKET_H

#include <stdbool.h>
#include <stdint.h>

/** What a frame begins with. */
typedef enum tcpt_link {
    TCPT_LINK_OTHER, /**< nothing that is known here: the frame is counted by the caller */
    TCPT_LINK_ETHERNET,
    TCPT_LINK_RAW,      /**< IP, either version */
    TCPT_LINK_NULL,     /**< BSD loopback: an address family of the capturing host, in its byte order */
    TCPT_LINK_LOOP,     /**< OpenBSD loopback: in network byte order */
    TCPT_LINK_PPP,      /**< RFC 1662, with or without address and control */
    TCPT_LINK_PPP_PHDR, /**< one byte of direction before it */
    TCPT_LINK_CHDLC,    /**< Cisco's HDLC */
    TCPT_LINK_SLL,      /**< Linux cooked, version 1 */
    TCPT_LINK_SLL2,
    TCPT_LINK_DOT11, /**< IEEE 802.11 */
    TCPT_LINK_DOT11_RADIOTAP,
    TCPT_LINK_DOT11_PRISM,
    TCPT_LINK_DOT11_AVS,
    TCPT_LINK_FDDI,
    TCPT_LINK_NFLOG, /**< Linux's netfilter log, of a host with this one's byte order */
} tcpt_link;

/** Bytes, and how many of them there were on the wire. */
typedef struct tcpt_bytes {
    const uint8_t *at;
    uint32_t captured;
    uint32_t reported; /**< never fewer */
} tcpt_bytes;

/** A TCP header and what is around it; pointers live as long as the call that hands it over. */
typedef struct tcpt_packet {
    tcpt_bytes tcp;    /**< by the IP length */
    tcpt_bytes source; /**< what it lies in: the frame, or a datagram put together from fragments */
    const uint8_t *src;
    const uint8_t *dst; /**< 4 or 16 bytes, by family */
    const uint8_t *ip;  /**< the header directly before TCP, NULL where there is none: extension headers, fragments */
    uint8_t ip_bytes;   /**< its length, 0 without it */
    uint8_t family;     /**< 4 or 6 */
    uint8_t depth;      /**< IP headers around it */
    bool ip_cut;        /**< the IP header claims more bytes than its carrier holds */
    bool fragment;      /**< a first fragment whose others cannot be waited for */
    bool pads;          /**< a link layer around it pads: Ethernet, or cooked, which may have been Ethernet */
    bool whole_frame;   /**< the source is the frame */
} tcpt_packet;

/** An ICMP message, from its IP header on. */
typedef struct tcpt_message {
    tcpt_bytes datagram;
    uint8_t depth; /**< IP headers around it, its own counted */
} tcpt_message;

#endif
