/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What frames begin with, and the link layers inside of them. */
#include "way.h"

#include <string.h>

tcpt_layer tcpt_take_llc(tcpt_way *way)
{
    static const uint8_t snap[] = {0xaa, 0xaa, 0x03}, ip[] = {0x06, 0x06, 0x03};
    const uint8_t *header = way->bytes.at;

    if (way->bytes.captured < 3)
        return TCPT_LAYER_NONE;
    if (memcmp(header, ip, 3) == 0)
        return tcpt_behind(way, 3, TCPT_LAYER_IP);
    if (memcmp(header, snap, 3) != 0 || !tcpt_skip(&way->bytes, 8))
        return TCPT_LAYER_NONE;
    /* RFC 1042, and bridge tunnels (IEEE 802.1H): organisation 0 or 0xf8, then an ethertype. */
    if (header[3] != 0 || header[4] != 0 || (header[5] != 0 && header[5] != 0xf8))
        return TCPT_LAYER_NONE;
    return tcpt_ethertype(way, tcpt_be16(header + 6));
}

/* `count` bytes, then an ethertype, or the length of what begins with LLC. */
static tcpt_layer behind_tag(tcpt_way *way, uint32_t count)
{
    const uint8_t *header = way->bytes.at;
    unsigned type;

    if (!tcpt_skip(&way->bytes, count + 2))
        return TCPT_LAYER_NONE;
    type = tcpt_be16(header + count);
    if (type >= TCPT_ETHERTYPE_LEAST)
        return tcpt_ethertype(way, type);
    tcpt_end_at(&way->bytes, type);
    return TCPT_LAYER_LLC;
}

tcpt_layer tcpt_take_ethernet(tcpt_way *way)
{
    way->pads = true;
    return behind_tag(way, 12);
}

/* RFC 2516, section 4; its length ends what Ethernet has padded. */
static tcpt_layer take_pppoe(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;

    if (!tcpt_skip(&way->bytes, 6))
        return TCPT_LAYER_NONE;
    tcpt_end_at(&way->bytes, tcpt_be16(header + 4));
    return TCPT_LAYER_PPP;
}

/* What a label carries only its first bytes tell: RFC 4928, section 3. Pseudowires have Ethernet, with a control word
 * of zero bits. */
tcpt_layer tcpt_take_mpls(tcpt_way *way)
{
    const uint8_t *label = way->bytes.at;

    if (!tcpt_skip(&way->bytes, 4))
        return TCPT_LAYER_NONE;
    if (!(label[2] & 1)) /* not the bottom of the stack */
        return TCPT_LAYER_MPLS;
    if (way->bytes.captured == 0)
        return TCPT_LAYER_NONE;
    switch (way->bytes.at[0] >> 4) {
    case 4:
    case 6:
        return TCPT_LAYER_IP;
    case 0:
        return tcpt_behind(way, 4, TCPT_LAYER_ETHERNET);
    default:
        return TCPT_LAYER_NONE;
    }
}

tcpt_layer tcpt_take_ethertype(tcpt_way *way)
{
    switch (way->number) {
    case TCPT_ETHERTYPE_IPV4:
    case TCPT_ETHERTYPE_IPV6:
        return TCPT_LAYER_IP;
    case TCPT_ETHERTYPE_VLAN:
    case TCPT_ETHERTYPE_QINQ:
    case TCPT_ETHERTYPE_QINQ_OLD:
        return behind_tag(way, 2);
    case TCPT_ETHERTYPE_VNTAG:
        return behind_tag(way, 4);
    case TCPT_ETHERTYPE_BACKBONE: /* a tag, and then the customer's own addresses: IEEE 802.1Q, section 9.7 */
        return tcpt_behind(way, 4, TCPT_LAYER_ETHERNET);
    case TCPT_ETHERTYPE_MPLS:
    case TCPT_ETHERTYPE_MPLS_MULTICAST:
        return TCPT_LAYER_MPLS;
    case TCPT_ETHERTYPE_PPPOE:
        return take_pppoe(way);
    case TCPT_ETHERTYPE_BRIDGED:
        return TCPT_LAYER_ETHERNET;
    case TCPT_ETHERTYPE_PPP:
        return TCPT_LAYER_PPP;
    default:
        return TCPT_LAYER_NONE;
    }
}

/* Address and control may be left out, and so may the protocol's first byte: RFC 1661, section 6.5 and 6.6. */
tcpt_layer tcpt_take_ppp(tcpt_way *way)
{
    enum { IPV4 = 0x21, IPV6 = 0x57, MPLS = 0x281, MPLS_MULTICAST = 0x283 };
    tcpt_bytes *bytes = &way->bytes;
    unsigned protocol;

    if (bytes->captured >= 2 && bytes->at[0] == 0xff && bytes->at[1] == 0x03)
        tcpt_skip(bytes, 2);
    if (bytes->captured < 2)
        return TCPT_LAYER_NONE;
    protocol = bytes->at[0] & 1 ? bytes->at[0] : tcpt_be16(bytes->at);
    tcpt_skip(bytes, bytes->at[0] & 1 ? 1 : 2);
    if (protocol == IPV4 || protocol == IPV6)
        return TCPT_LAYER_IP;
    return protocol == MPLS || protocol == MPLS_MULTICAST ? TCPT_LAYER_MPLS : TCPT_LAYER_NONE;
}

/* The family of IPv6 is a number of the host's: Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS. */
static bool is_ip_family(uint32_t family)
{
    return family == 2 || family == 10 || family == 23 || family == 24 || family == 28 || family == 30;
}

/* As Wireshark reads it: some writers put PPP there, or an ethertype in the last two bytes. */
static tcpt_layer take_loopback(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    uint32_t family;

    if (way->bytes.captured >= 2 && tcpt_be16(header) == 0xff03)
        return TCPT_LAYER_PPP;
    if (!tcpt_skip(&way->bytes, 4))
        return TCPT_LAYER_NONE;
    family = (uint32_t)header[3] << 24 | (uint32_t)header[2] << 16 | (uint32_t)header[1] << 8 | header[0];
    if (family & 0xffff0000) /* of a host with the other byte order */
        family = tcpt_be32(header);
    if (is_ip_family(family))
        return TCPT_LAYER_IP;
    return family >= TCPT_ETHERTYPE_LEAST ? tcpt_ethertype(way, family & 0xffff) : TCPT_LAYER_NONE;
}

/* Where the ARP hardware type is that of GRE or of netlink, it says what is behind the cooked header. */
static tcpt_layer take_cooked(tcpt_way *way, uint32_t header_bytes, uint32_t hardware_at, uint32_t protocol_at)
{
    enum { HARDWARE_NETLINK = 824, PROTOCOL_LLC = 4 };
    const uint8_t *header = way->bytes.at;
    unsigned protocol;

    if (!tcpt_skip(&way->bytes, header_bytes) || tcpt_be16(header + hardware_at) == HARDWARE_NETLINK)
        return TCPT_LAYER_NONE;
    way->pads = true;
    protocol = tcpt_be16(header + protocol_at);
    if (protocol >= TCPT_ETHERTYPE_LEAST)
        return tcpt_ethertype(way, protocol);
    return protocol == PROTOCOL_LLC ? TCPT_LAYER_LLC : TCPT_LAYER_NONE;
}

static tcpt_layer take_chdlc(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;

    return tcpt_skip(&way->bytes, 4) ? tcpt_ethertype(way, tcpt_be16(header + 2)) : TCPT_LAYER_NONE;
}

/* A serial line of Cisco's may be called so, too: no protocol of PPP has the numbers that its frames begin with. */
static tcpt_layer take_serial(tcpt_way *way)
{
    enum { UNICAST = 0x0f, MULTICAST = 0x8f };
    const tcpt_bytes *bytes = &way->bytes;

    if (bytes->captured && (bytes->at[0] == UNICAST || bytes->at[0] == MULTICAST))
        return take_chdlc(way);
    return TCPT_LAYER_PPP;
}

static tcpt_layer take_avs(tcpt_way *way)
{
    return way->bytes.captured >= 8 ? tcpt_behind(way, tcpt_be32(way->bytes.at + 4), TCPT_LAYER_DOT11)
                                    : TCPT_LAYER_NONE;
}

/* 144 bytes before the 802.11 header, unless they are those of AVS, which some drivers write under the same type. */
static tcpt_layer take_prism(tcpt_way *way)
{
    enum { PRISM_BYTES = 144 };
    static const uint32_t avs_cookie = 0x80211000;

    if (way->bytes.captured >= 8 && (tcpt_be32(way->bytes.at) & 0xfffff000) == avs_cookie)
        return take_avs(way);
    return tcpt_behind(way, PRISM_BYTES, TCPT_LAYER_DOT11);
}

/* Attributes of Linux's netfilter log, each with its length and type in the capturing host's byte order, up to four
 * bytes aligned; one of them is the packet, from its IP header on. */
static tcpt_layer take_nflog(tcpt_way *way)
{
    enum { HEADER_BYTES = 4, ATTRIBUTE_BYTES = 4, PAYLOAD = 9 };
    tcpt_bytes *bytes = &way->bytes;
    uint16_t length, type;

    if (!tcpt_skip(bytes, HEADER_BYTES))
        return TCPT_LAYER_NONE;
    while (bytes->captured >= ATTRIBUTE_BYTES) {
        memcpy(&length, bytes->at, 2);
        memcpy(&type, bytes->at + 2, 2);
        if (length < ATTRIBUTE_BYTES)
            return TCPT_LAYER_NONE;
        if (type == PAYLOAD) {
            tcpt_end_at(bytes, length);
            return tcpt_behind(way, ATTRIBUTE_BYTES, TCPT_LAYER_IP);
        }
        if (!tcpt_skip(bytes, (length + 3U) / 4 * 4))
            return TCPT_LAYER_NONE;
    }
    return TCPT_LAYER_NONE;
}

tcpt_layer tcpt_take_link(tcpt_way *way, tcpt_link link)
{
    switch (link) {
    case TCPT_LINK_ETHERNET:
        return TCPT_LAYER_ETHERNET;
    case TCPT_LINK_RAW:
        return TCPT_LAYER_IP;
    case TCPT_LINK_NULL:
    case TCPT_LINK_LOOP:
        return take_loopback(way);
    case TCPT_LINK_PPP:
        return take_serial(way);
    case TCPT_LINK_PPP_PHDR:
        return tcpt_behind(way, 1, TCPT_LAYER_PPP);
    case TCPT_LINK_CHDLC:
        return take_chdlc(way);
    case TCPT_LINK_SLL:
        return take_cooked(way, 16, 2, 14);
    case TCPT_LINK_SLL2:
        return take_cooked(way, 20, 8, 0);
    case TCPT_LINK_DOT11:
        return TCPT_LAYER_DOT11;
    case TCPT_LINK_DOT11_RADIOTAP:
        return tcpt_take_radiotap(way);
    case TCPT_LINK_DOT11_PRISM:
        return take_prism(way);
    case TCPT_LINK_DOT11_AVS:
        return take_avs(way);
    case TCPT_LINK_FDDI: /* frame control and addresses, then LLC: ISO 9314-2 */
        return tcpt_behind(way, 13, TCPT_LAYER_LLC);
    case TCPT_LINK_NFLOG:
        return take_nflog(way);
    case TCPT_LINK_OTHER:
        break;
    }
    return TCPT_LAYER_NONE;
}
