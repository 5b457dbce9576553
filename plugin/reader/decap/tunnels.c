/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels: GRE and what it carries, and those over UDP, by their registered ports. */
#include "way.h"

enum {
    PORT_L2TP = 1701,
    PORT_GTP_U = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_GENEVE = 6081,
    PORT_GRE = 4754,         /* RFC 8086 */
    PORT_VXLAN_LINUX = 8472, /* Linux's own before the port was registered */
};

/* ---- GRE: RFC 2784, 2890; version 1: RFC 2637 ---- */

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGMENT = 0x0080,
    GRE_VERSION = 0x0007,
};

static uint32_t gre_header_bytes(unsigned flags)
{
    uint32_t bytes = 4;

    bytes += flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0;
    bytes += flags & GRE_KEY ? 4 : 0;
    bytes += flags & GRE_SEQUENCE ? 4 : 0;
    return bytes + ((flags & GRE_VERSION) == 1 && flags & GRE_ACKNOWLEDGMENT ? 4 : 0);
}

/* Source route entries (RFC 1701) end with one of no address family and no length. */
static bool skip_routing(tcpt_bytes *bytes)
{
    const uint8_t *entry;

    do {
        entry = bytes->at;
        if (bytes->captured < 4 || !tcpt_skip(bytes, 4U + entry[3]))
            return false;
    } while (tcpt_be16(entry) != 0 || entry[3] != 0);
    return true;
}

/* Cisco's ERSPAN: type I has no header of its own and no sequence number in GRE's, type II 8 bytes, type III 12 and 8
 * more where its last bit says so. Ethernet is inside. */
static tcpt_layer take_erspan(tcpt_way *way, unsigned type, unsigned flags)
{
    if (type == TCPT_ETHERTYPE_ERSPAN_3)
        return tcpt_behind(way, way->bytes.captured >= 12 && way->bytes.at[11] & 1 ? 20 : 12, TCPT_LAYER_ETHERNET);
    return tcpt_behind(way, flags & GRE_SEQUENCE ? 8 : 0, TCPT_LAYER_ETHERNET);
}

tcpt_layer tcpt_take_gre(tcpt_way *way)
{
    unsigned flags, type;

    if (way->bytes.captured < 4)
        return TCPT_LAYER_NONE;
    flags = tcpt_be16(way->bytes.at);
    type = tcpt_be16(way->bytes.at + 2);
    if (!tcpt_skip(&way->bytes, gre_header_bytes(flags)) || (flags & GRE_ROUTING && !skip_routing(&way->bytes)))
        return TCPT_LAYER_NONE;
    if (type == TCPT_ETHERTYPE_ERSPAN || type == TCPT_ETHERTYPE_ERSPAN_3)
        return take_erspan(way, type, flags);
    return tcpt_ethertype(way, type);
}

/* ---- over UDP ---- */

/* draft-ietf-nvo3-vxlan-gpe, section 3.1: the last byte of the first word says what is inside. */
static tcpt_layer take_vxlan_gpe(tcpt_way *way)
{
    enum { IPV4 = 1, IPV6 = 2, ETHERNET = 3, MPLS = 5 };
    const uint8_t *header = way->bytes.at;

    if (!tcpt_skip(&way->bytes, 8))
        return TCPT_LAYER_NONE;
    switch (header[3]) {
    case IPV4:
    case IPV6:
        return TCPT_LAYER_IP;
    case ETHERNET:
        return TCPT_LAYER_ETHERNET;
    case MPLS:
        return TCPT_LAYER_MPLS;
    default:
        return TCPT_LAYER_NONE;
    }
}

/* RFC 8926, section 3.4. */
static tcpt_layer take_geneve(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;

    if (way->bytes.captured < 8 || header[0] >> 6 != 0 || !tcpt_skip(&way->bytes, 8 + (header[0] & 0x3fU) * 4))
        return TCPT_LAYER_NONE;
    return tcpt_ethertype(way, tcpt_be16(header + 2));
}

/* 3GPP TS 29.281, section 5.2: each extension header begins with its length in words, and ends with the next one's
 * type. The first one's is before them. */
static bool skip_gtp_extensions(tcpt_bytes *bytes)
{
    while (bytes->at[-1] != 0) {
        uint32_t length = bytes->captured > 0 ? bytes->at[0] * 4U : 0;

        if (length == 0 || !tcpt_skip(bytes, length))
            return false;
    }
    return true;
}

static tcpt_layer take_gtp_u(tcpt_way *way)
{
    enum { VERSION_1 = 0x30, T_PDU = 0xff, EXTENSIONS = 0x04, ANY_OPTIONAL = 0x07 };
    const uint8_t *header = way->bytes.at;

    if (way->bytes.captured < 8 || (header[0] & 0xf0) != VERSION_1 || header[1] != T_PDU)
        return TCPT_LAYER_NONE;
    if (!tcpt_skip(&way->bytes, header[0] & ANY_OPTIONAL ? 12 : 8))
        return TCPT_LAYER_NONE;
    if (header[0] & EXTENSIONS && !skip_gtp_extensions(&way->bytes))
        return TCPT_LAYER_NONE;
    return TCPT_LAYER_IP;
}

/* RFC 4380, section 5.1.1: authentication and origin may be before IPv6. */
static tcpt_layer take_teredo(tcpt_way *way)
{
    enum { AUTHENTICATION = 1, ORIGIN = 0 };
    tcpt_bytes *bytes = &way->bytes;

    if (bytes->captured >= 4 && tcpt_be16(bytes->at) == AUTHENTICATION &&
        !tcpt_skip(bytes, 13U + bytes->at[2] + bytes->at[3]))
        return TCPT_LAYER_NONE;
    if (bytes->captured >= 2 && tcpt_be16(bytes->at) == ORIGIN && !tcpt_skip(bytes, 8))
        return TCPT_LAYER_NONE;
    return bytes->captured > 0 && bytes->at[0] >> 4 == 6 ? TCPT_LAYER_IP : TCPT_LAYER_NONE;
}

/* Version 3 is L2TP as well, and not looked into; with another one the port is somebody's by chance. */
static bool is_l2tp(const tcpt_bytes *bytes)
{
    unsigned version = bytes->captured >= 2 ? bytes->at[1] & 0x0fU : 0;

    return version == 2 || version == 3;
}

/* RFC 2661, section 3.1: what is optional in front of PPP, in this order. The length counts all of it. */
static tcpt_layer take_l2tp(tcpt_way *way)
{
    enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, VERSION = 0x000f };
    tcpt_bytes *bytes = &way->bytes;
    unsigned flags = bytes->captured >= 2 ? tcpt_be16(bytes->at) : 0;
    uint32_t header_bytes = 6 + (flags & LENGTH ? 2 : 0) + (flags & SEQUENCE ? 4 : 0);

    if (flags & CONTROL || (flags & VERSION) != 2 || bytes->captured < header_bytes)
        return TCPT_LAYER_NONE;
    if (flags & LENGTH)
        tcpt_end_at(bytes, tcpt_be16(bytes->at + 2));
    if (!tcpt_skip(bytes, header_bytes))
        return TCPT_LAYER_NONE;
    if (!(flags & OFFSET))
        return TCPT_LAYER_PPP;
    return bytes->captured >= 2 ? tcpt_behind(way, 2U + tcpt_be16(bytes->at), TCPT_LAYER_PPP) : TCPT_LAYER_NONE;
}

static bool is_tunnel(unsigned port)
{
    return port == PORT_L2TP || port == PORT_VXLAN || port == PORT_VXLAN_LINUX || port == PORT_VXLAN_GPE ||
           port == PORT_GENEVE || port == PORT_GRE || port == PORT_GTP_U || port == PORT_TEREDO;
}

static tcpt_layer take_port(tcpt_way *way, unsigned port)
{
    switch (port) {
    case PORT_VXLAN: /* RFC 7348, section 5 */
    case PORT_VXLAN_LINUX:
        return tcpt_behind(way, 8, TCPT_LAYER_ETHERNET);
    case PORT_VXLAN_GPE:
        return take_vxlan_gpe(way);
    case PORT_L2TP:
        return take_l2tp(way);
    case PORT_GENEVE:
        return take_geneve(way);
    case PORT_GRE:
        return TCPT_LAYER_GRE;
    case PORT_GTP_U:
        return take_gtp_u(way);
    case PORT_TEREDO:
        return take_teredo(way);
    default:
        return TCPT_LAYER_NONE;
    }
}

tcpt_layer tcpt_take_udp(tcpt_way *way)
{
    enum { HEADER_BYTES = 8 };
    const uint8_t *header = way->bytes.at;
    unsigned from, to, lower, higher;

    if (!tcpt_skip(&way->bytes, HEADER_BYTES))
        return TCPT_LAYER_NONE;
    from = tcpt_be16(header);
    to = tcpt_be16(header + 2);
    if (tcpt_be16(header + 4) >= HEADER_BYTES)
        tcpt_end_at(&way->bytes, tcpt_be16(header + 4) - HEADER_BYTES);
    lower = from < to ? from : to; /* asked first, as Wireshark does */
    higher = from + to - lower;
    return take_port(way, is_tunnel(lower) && (lower != PORT_L2TP || is_l2tp(&way->bytes)) ? lower : higher);
}
