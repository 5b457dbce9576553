/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP of both versions, and what is directly inside. */
#include "way.h"

#include <stddef.h>

enum {
    MORE_FRAGMENTS = 0x2000, /* of IPv4: RFC 791, section 3.1 */
    FRAGMENT_OFFSET = 0x1fff,
    EXTENSION_UNIT = 8, /* bytes */
};

/* What nearly all have is named at once; it counts as a layer all the same. */
static tcpt_layer protocol(tcpt_way *way, unsigned number)
{
    way->number = (uint16_t)number;
    return number == TCPT_IP_TCP && way->layers < TCPT_LAYERS_MOST ? TCPT_LAYER_TCP : TCPT_LAYER_PROTOCOL;
}

/* No IP header is directly before what comes. */
static void hide_header(tcpt_way *way)
{
    way->ip.ip = NULL;
    way->ip.ip_bytes = 0;
}

/* The whole payload, put together; or nothing, while fragments are missing. */
static tcpt_layer take_fragment(tcpt_way *way, const tcpt_fragment *fragment)
{
    way->whole = tcpt_fragments_add(way->fragments, fragment, &way->whole_bytes);
    way->number = fragment->protocol;
    hide_header(way);
    return way->whole ? TCPT_LAYER_WHOLE : TCPT_LAYER_NONE;
}

/* ---- version 4: RFC 791 ---- */

static bool begin_ipv4(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    uint32_t total, header_bytes;

    if (way->bytes.captured < 20)
        return false;
    header_bytes = (header[0] & 0xfU) * 4;
    total = tcpt_be16(header + 2);
    if (header_bytes < 20 || (total != 0 && total < header_bytes)) /* 0: segmentation offload */
        return false;
    way->ip = (tcpt_packet){.family = 4,
                            .ip = header,
                            .ip_bytes = (uint8_t)header_bytes,
                            .src = header + 12,
                            .dst = header + 16,
                            .ip_cut = total > way->bytes.reported};
    if (total != 0)
        tcpt_end_at(&way->bytes, total);
    return tcpt_skip(&way->bytes, header_bytes);
}

static tcpt_layer take_ipv4(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    unsigned offset;

    if (!begin_ipv4(way))
        return TCPT_LAYER_NONE;
    offset = tcpt_be16(header + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET);
    if (offset && !way->ip.ip_cut && way->bytes.captured > 0 && way->bytes.captured == way->bytes.reported)
        return take_fragment(way, &(tcpt_fragment){.src = way->ip.src,
                                                   .dst = way->ip.dst,
                                                   .address_bytes = 4,
                                                   .id = tcpt_be16(header + 4),
                                                   .protocol = header[9],
                                                   .offset = (offset & FRAGMENT_OFFSET) * EXTENSION_UNIT,
                                                   .more = offset & MORE_FRAGMENTS,
                                                   .bytes = way->bytes});
    if (offset & FRAGMENT_OFFSET)
        return TCPT_LAYER_NONE;
    way->fragment = offset != 0;
    return protocol(way, header[9]);
}

/* ---- version 6: RFC 8200 ---- */

static tcpt_layer take_ipv6(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    uint32_t payload;

    if (!tcpt_skip(&way->bytes, TCPT_IPV6_HEADER_BYTES))
        return TCPT_LAYER_NONE;
    payload = tcpt_be16(header + 4);
    way->ip = (tcpt_packet){.family = 6,
                            .ip = header,
                            .ip_bytes = TCPT_IPV6_HEADER_BYTES,
                            .src = header + 8,
                            .dst = header + 24,
                            .ip_cut = payload > way->bytes.reported};
    if (payload != 0) /* 0: segmentation offload, or a jumbogram */
        tcpt_end_at(&way->bytes, payload);
    return protocol(way, header[6]);
}

/* On its way to where a routing header sends it on to a datagram has the next stop's address; its checksum is over the
 * last one's: RFC 8200, section 8.1. Type 4 lists them backwards (RFC 8754, section 2). */
static void note_last_stop(tcpt_packet *around, const uint8_t *header, uint32_t bytes)
{
    enum { SOURCE_ROUTE = 0, MOBILE = 2, SEGMENT = 4, ADDRESS_BYTES = 16 };
    size_t addresses = bytes < 8 ? 0 : (bytes - 8) / ADDRESS_BYTES;

    if (addresses == 0 || header[3] == 0)
        return;
    if (header[2] == SOURCE_ROUTE || header[2] == MOBILE)
        around->dst = header + 8 + (addresses - 1) * ADDRESS_BYTES;
    else if (header[2] == SEGMENT)
        around->dst = header + 8;
}

/* A mobile node's own address: RFC 6275, section 6.3. */
static void note_home_address(tcpt_packet *around, const uint8_t *header, uint32_t bytes)
{
    enum { PAD_1 = 0, HOME_ADDRESS = 201, ADDRESS_BYTES = 16 };
    uint32_t at = 2;

    while (at + 2 <= bytes) {
        if (header[at] == PAD_1) {
            at++;
            continue;
        }
        if (header[at] == HOME_ADDRESS && header[at + 1] == ADDRESS_BYTES && at + 2 + ADDRESS_BYTES <= bytes)
            around->src = header + at + 2;
        at += 2U + header[at + 1];
    }
}

static tcpt_layer take_fragment_header(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    unsigned offset;
    bool more;

    if (!tcpt_skip(&way->bytes, 8))
        return TCPT_LAYER_NONE;
    hide_header(way);
    offset = tcpt_be16(header + 2) & 0xfff8U;
    more = header[3] & 1;
    if (offset == 0 && !more) /* whole in itself: RFC 6946 */
        return protocol(way, header[0]);
    if (!way->ip.ip_cut && way->bytes.captured > 0 && way->bytes.captured == way->bytes.reported)
        return take_fragment(way, &(tcpt_fragment){.src = way->ip.src,
                                                   .dst = way->ip.dst,
                                                   .address_bytes = 16,
                                                   .id = tcpt_be32(header + 4),
                                                   .protocol = header[0],
                                                   .offset = offset,
                                                   .more = more,
                                                   .bytes = way->bytes});
    way->fragment = true;
    return offset == 0 ? protocol(way, header[0]) : TCPT_LAYER_NONE;
}

/* Authentication comes with IPv4, too. */
static tcpt_layer take_extension(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    uint32_t bytes;

    if (way->bytes.captured < 2)
        return TCPT_LAYER_NONE;
    bytes = way->number == TCPT_IP_AH ? (header[1] + 2U) * 4 : (header[1] + 1U) * EXTENSION_UNIT; /* RFC 4302, 2.2 */
    if (!tcpt_skip(&way->bytes, bytes))
        return TCPT_LAYER_NONE;
    hide_header(way);
    if (way->number == TCPT_IP_ROUTING)
        note_last_stop(&way->ip, header, bytes);
    if (way->number == TCPT_IP_DESTINATION)
        note_home_address(&way->ip, header, bytes);
    return protocol(way, header[0]);
}

/* ---- both ---- */

tcpt_layer tcpt_take_ip(tcpt_way *way)
{
    unsigned version = way->bytes.captured > 0 ? way->bytes.at[0] >> 4 : 0;

    if (version != 4 && version != 6)
        return TCPT_LAYER_NONE;
    way->depth += way->depth < UINT8_MAX;
    return version == 4 ? take_ipv4(way) : take_ipv6(way);
}

tcpt_layer tcpt_take_protocol(tcpt_way *way)
{
    switch (way->number) {
    case TCPT_IP_TCP:
        return TCPT_LAYER_TCP;
    case TCPT_IP_ICMP:
    case TCPT_IP_ICMPV6:
        return TCPT_LAYER_ICMP;
    case TCPT_IP_UDP:
        return TCPT_LAYER_UDP;
    case TCPT_IP_IPV4:
    case TCPT_IP_IPV6:
        return TCPT_LAYER_IP;
    case TCPT_IP_GRE:
        return TCPT_LAYER_GRE;
    case TCPT_IP_MPLS:
        return TCPT_LAYER_MPLS;
    case TCPT_IP_AH:
        return take_extension(way);
    case TCPT_IP_FRAGMENT:
        return way->ip.family == 6 ? take_fragment_header(way) : TCPT_LAYER_NONE;
    case TCPT_IP_HOP_BY_HOP:
    case TCPT_IP_ROUTING:
    case TCPT_IP_DESTINATION:
    case TCPT_IP_MOBILITY:
    case TCPT_IP_SHIM6:
        return way->ip.family == 6 ? take_extension(way) : TCPT_LAYER_NONE;
    default:
        return TCPT_LAYER_NONE;
    }
}
