/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The way into a frame, layer by layer: what the parts of the decapsulator hand to each other.
 */
#ifndef TCPTRIAGE_READER_WAY_H
#define TCPTRIAGE_READER_WAY_H

#include "fragments.h"
#include "packet.h"

enum {
    /** Headers inside of each other. Wireshark stops far later; nobody has met more than a dozen. */
    TCPT_LAYERS_MOST = 64,
    TCPT_IPV6_HEADER_BYTES = 40,
};

/** Ethertypes that are looked into. */
enum {
    TCPT_ETHERTYPE_IPV4 = 0x0800,
    TCPT_ETHERTYPE_BRIDGED = 0x6558, /**< Ethernet inside of GRE and its like */
    TCPT_ETHERTYPE_VLAN = 0x8100,
    TCPT_ETHERTYPE_IPV6 = 0x86dd,
    TCPT_ETHERTYPE_PPP = 0x880b,
    TCPT_ETHERTYPE_MPLS = 0x8847,
    TCPT_ETHERTYPE_MPLS_MULTICAST = 0x8848,
    TCPT_ETHERTYPE_PPPOE = 0x8864,
    TCPT_ETHERTYPE_ERSPAN = 0x88be,
    TCPT_ETHERTYPE_ERSPAN_3 = 0x22eb,
    TCPT_ETHERTYPE_QINQ = 0x88a8,
    TCPT_ETHERTYPE_BACKBONE = 0x88e7, /**< IEEE 802.1ah */
    TCPT_ETHERTYPE_VNTAG = 0x8926,
    TCPT_ETHERTYPE_QINQ_OLD = 0x9100,
    TCPT_ETHERTYPE_LEAST = 0x0600, /**< below it is a length: IEEE 802.3, clause 3.2.6 */
};

/** Protocol numbers of IP that are looked into. */
enum {
    TCPT_IP_HOP_BY_HOP = 0,
    TCPT_IP_ICMP = 1,
    TCPT_IP_IPV4 = 4,
    TCPT_IP_TCP = 6,
    TCPT_IP_UDP = 17,
    TCPT_IP_IPV6 = 41,
    TCPT_IP_ROUTING = 43,
    TCPT_IP_FRAGMENT = 44,
    TCPT_IP_GRE = 47,
    TCPT_IP_AH = 51,
    TCPT_IP_ICMPV6 = 58,
    TCPT_IP_DESTINATION = 60,
    TCPT_IP_MOBILITY = 135,
    TCPT_IP_SHIM6 = 140,
    TCPT_IP_MPLS = 137,
};

/** What comes next. Layers do not call each other: each names the next one (decap.c has the list). */
typedef enum tcpt_layer {
    TCPT_LAYER_NONE, /**< nothing that is looked into */
    TCPT_LAYER_TCP,
    TCPT_LAYER_ICMP,
    TCPT_LAYER_WHOLE,     /**< a datagram was put together: tcpt_way.whole */
    TCPT_LAYER_AGGREGATE, /**< subframes of an A-MSDU (tcpt_next_subframe()) */
    TCPT_LAYER_ETHERNET,
    TCPT_LAYER_ETHERTYPE, /**< what tcpt_way.number says; the next four too */
    TCPT_LAYER_LLC,
    TCPT_LAYER_MPLS,
    TCPT_LAYER_PPP,
    TCPT_LAYER_PROTOCOL, /**< of IP */
    TCPT_LAYER_DOT11,
    TCPT_LAYER_IP,
    TCPT_LAYER_GRE,
    TCPT_LAYER_UDP,
    TCPT_LAYERS
} tcpt_layer;

/** Where we are in a frame. */
typedef struct tcpt_way {
    tcpt_bytes bytes;  /**< what is still to be taken apart */
    tcpt_bytes source; /**< what they lie in */
    tcpt_packet ip;    /**< what the innermost IP header says */
    tcpt_fragments *fragments;
    uint8_t *whole; /**< with TCPT_LAYER_WHOLE */
    uint32_t whole_bytes;
    uint16_t number; /**< ethertype, or IP protocol */
    uint8_t layers;
    uint8_t depth; /**< IP headers */
    bool pads;
    bool whole_frame;
    bool fragment;
    bool padded_header; /**< with TCPT_LAYER_DOT11: its header is, to four bytes */
} tcpt_way;

static inline uint16_t tcpt_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t tcpt_be32(const uint8_t *at)
{
    return (uint32_t)tcpt_be16(at) << 16 | tcpt_be16(at + 2);
}

/** Bytes behind the first `count`. @return false when that many were not captured */
static inline bool tcpt_skip(tcpt_bytes *bytes, uint32_t count)
{
    if (bytes->captured < count)
        return false;
    bytes->at += count;
    bytes->captured -= count;
    bytes->reported -= count;
    return true;
}

/** No more than `count` of them: a length inside says so. */
static inline void tcpt_end_at(tcpt_bytes *bytes, uint32_t count)
{
    if (bytes->reported > count)
        bytes->reported = count;
    if (bytes->captured > count)
        bytes->captured = count;
}

/** Pass over the first `count` bytes and name what is behind them. @return TCPT_LAYER_NONE when that many were not
 * captured */
static inline tcpt_layer tcpt_behind(tcpt_way *way, uint32_t count, tcpt_layer next)
{
    return tcpt_skip(&way->bytes, count) ? next : TCPT_LAYER_NONE;
}

/** What nearly all have is named at once; it counts as a layer all the same. */
static inline tcpt_layer tcpt_ethertype(tcpt_way *way, unsigned ethertype)
{
    way->number = (uint16_t)ethertype;
    if (ethertype != TCPT_ETHERTYPE_IPV4)
        return TCPT_LAYER_ETHERTYPE;
    way->layers++;
    return TCPT_LAYER_IP;
}

/** What a frame begins with. */
tcpt_layer tcpt_take_link(tcpt_way *way, tcpt_link link);

tcpt_layer tcpt_take_ethernet(tcpt_way *way);
tcpt_layer tcpt_take_ethertype(tcpt_way *way);
tcpt_layer tcpt_take_llc(tcpt_way *way);
tcpt_layer tcpt_take_mpls(tcpt_way *way);
tcpt_layer tcpt_take_ppp(tcpt_way *way);
tcpt_layer tcpt_take_dot11(tcpt_way *way);
tcpt_layer tcpt_take_ip(tcpt_way *way);
tcpt_layer tcpt_take_protocol(tcpt_way *way);
tcpt_layer tcpt_take_gre(tcpt_way *way);
tcpt_layer tcpt_take_udp(tcpt_way *way);

/** 802.11 behind a radiotap header. */
tcpt_layer tcpt_take_radiotap(tcpt_way *way);

/** Take the next subframe off an A-MSDU: what begins with LLC. @return false when there are no more */
bool tcpt_next_subframe(tcpt_bytes *rest, tcpt_bytes *subframe);

#endif
