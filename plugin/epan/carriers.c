/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "carriers.h"

#include <string.h>

#include <epan/exceptions.h>
#include <epan/ipproto.h>

#include "capture/padding.h"
#include "link.h"
#include "tcptriage/limits.h"
#include "tcptriage/portable.h"

enum {
    IPV4_HEADER_MAX_BYTES = 60,
    IPV6_HEADER_BYTES = 40,
    ORDINARY_LAYERS = 4, /* frame, Ethernet, ethertype, IP */
};

/* Registered once, for the program's life. */
static int proto_ip = -1;
static int proto_ipv6 = -1;
static int proto_eth = -1;
static int proto_sll = -1;
static int proto_mpls = -1;
static int proto_icmp = -1;
static int proto_icmpv6 = -1;

/* A TCP layer while it is dissected. */
typedef struct tcp_layer {
    uint8_t depth; /* 0: none */
    tvbuff_t *tvb;
} tcp_layer;

static tcp_layer enclosing; /* innermost of those that are being dissected */
static uint8_t frame_depth; /* of the frame's first TCP layer, 0 before it */

void tcpt_carriers_handoff(void)
{
    proto_ip = proto_get_id_by_filter_name("ip");
    proto_ipv6 = proto_get_id_by_filter_name("ipv6");
    proto_eth = proto_get_id_by_filter_name("eth");
    proto_sll = proto_get_id_by_filter_name("sll");
    proto_mpls = proto_get_id_by_filter_name("mpls");
    proto_icmp = proto_get_id_by_filter_name("icmp");
    proto_icmpv6 = proto_get_id_by_filter_name("icmpv6");
}

void tcpt_carriers_begin_frame(void)
{
    enclosing.depth = 0;
    frame_depth = 0;
}

static uint16_t read_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* ---- layers ---- */

/* An exception may have ended what seems to be going on. Bytes put together anew are another source. */
static bool is_inside(tvbuff_t *tvb)
{
    int begin, outer_begin;

    if (!enclosing.depth)
        return false;
    if (tvb_get_ds_tvb(tvb) != tvb_get_ds_tvb(enclosing.tvb))
        return true;
    begin = tvb_raw_offset(tvb);
    outer_begin = tvb_raw_offset(enclosing.tvb);
    return begin >= outer_begin && begin < outer_begin + (int)tvb_reported_length(enclosing.tvb);
}

static int layer_proto(wmem_list_frame_t *layer)
{
    return GPOINTER_TO_INT(wmem_list_frame_data(layer));
}

/* Wireshark 4.6 does not list the IP that MPLS carries. TCP, which is being dissected, is not listed yet; it and ICMP
 * have IP before them. */
static bool is_unlisted_ip(wmem_list_frame_t *layer)
{
    wmem_list_frame_t *next = wmem_list_frame_next(layer);

    if (layer_proto(layer) != proto_mpls)
        return false;
    return !next || layer_proto(next) == proto_icmp || layer_proto(next) == proto_icmpv6;
}

static bool is_ip_layer(wmem_list_frame_t *layer)
{
    int proto = layer_proto(layer);

    return proto == proto_ip || proto == proto_ipv6 || is_unlisted_ip(layer);
}

static unsigned ip_layers(const packet_info *pinfo)
{
    unsigned count = 0;

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer))
        count += is_ip_layer(layer);
    return MIN(count, UINT8_MAX);
}

/* Of a frame's first TCP layer. Wireshark lists all layers that it has met in the frame so far, those that are over
 * too: later ones would count what was around their elder brothers. */
static tcpt_carriers first_carriers(const packet_info *pinfo)
{
    tcpt_carriers around = {.depth = 1, .ethernet = true};
    unsigned depth = 0;

    if (pinfo->curr_layer_num == ORDINARY_LAYERS && tcpt_link_type(pinfo) == WTAP_ENCAP_ETHERNET)
        return around;
    around.ethernet = false;
    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        int proto = layer_proto(layer);

        depth += is_ip_layer(layer);
        around.ethernet |= proto == proto_eth || proto == proto_sll;
    }
    around.depth = (uint8_t)CLAMP(depth, 1, UINT8_MAX);
    return around;
}

/* Brothers (subframes of an aggregated 802.11 frame) have the same around them. Packets inside of a TCP stream
 * (messages of a controller, tunnels over TCP) are one deeper, whatever they are wrapped in there; where such a packet
 * ends, and whether it is padded, the frame does not tell. */
static tcpt_carriers find_carriers(tvbuff_t *tvb, const packet_info *pinfo)
{
    tcpt_carriers around;

    if (is_inside(tvb))
        return (tcpt_carriers){.depth = (uint8_t)MIN(enclosing.depth + 1, UINT8_MAX), .ethernet = false};
    around = first_carriers(pinfo);
    if (!frame_depth)
        frame_depth = around.depth;
    around.depth = frame_depth;
    return around;
}

static int TCPT_NOINLINE dissect_inside(dissector_t tcp, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                                        void *data, tcp_layer outer)
{
    volatile int bytes = 0;

    TRY
    {
        bytes = tcp(tvb, pinfo, tree, data);
    }
    FINALLY
    {
        enclosing = outer;
    }
    ENDTRY;
    return bytes;
}

int tcpt_carriers_dissect(dissector_t tcp, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data,
                          void (*note)(tvbuff_t *tvb, packet_info *pinfo, tcpt_carriers around))
{
    tcp_layer outer = enclosing;
    tcpt_carriers around = find_carriers(tvb, pinfo);
    int bytes;

    note(tvb, pinfo, around);
    enclosing = (tcp_layer){.depth = around.depth, .tvb = tvb};
    if (around.depth != frame_depth)
        return dissect_inside(tcp, tvb, pinfo, tree, data, outer);
    bytes = tcp(tvb, pinfo, tree, data); /* nothing behind it in the frame, as a rule */
    enclosing.depth = 0;
    return bytes;
}

/* ---- bytes ---- */

static tcpt_ip_header find_ipv4_header(const uint8_t *end, unsigned before_bytes, const tcpt_segment *segment,
                                       uint32_t reported_bytes)
{
    tcpt_ip_header found = {0};

    for (unsigned bytes = TCPT_IPV4_HEADER_BYTES; bytes <= before_bytes && bytes <= IPV4_HEADER_MAX_BYTES; bytes += 4) {
        const uint8_t *header = end - bytes;
        unsigned total_bytes = read_be16(header + 2);

        if (header[0] != (0x40 | bytes / 4) || header[9] != IP_PROTO_TCP || memcmp(header + 12, segment->src, 4) != 0)
            continue;
        if (total_bytes != 0 && total_bytes < bytes + reported_bytes) /* 0: segmentation offload */
            continue;
        found.cut = total_bytes > bytes + reported_bytes;
        found.at = header;
        found.bytes = bytes;
        return found;
    }
    return found;
}

static tcpt_ip_header find_ipv6_header(const uint8_t *end, unsigned before_bytes, const tcpt_segment *segment)
{
    const uint8_t *header = end - IPV6_HEADER_BYTES;
    tcpt_ip_header found = {0};

    if (before_bytes < IPV6_HEADER_BYTES || header[0] >> 4 != 6 || header[6] != IP_PROTO_TCP)
        return found;
    if (memcmp(header + 8, segment->src, 16) != 0)
        return found;
    found.at = header;
    found.bytes = IPV6_HEADER_BYTES;
    return found;
}

tcpt_ip_header tcpt_find_ip_header(const tcpt_place *place, const tcpt_segment *segment)
{
    unsigned before_bytes = MIN(place->begin, IPV4_HEADER_MAX_BYTES);
    const uint8_t *end = place->captured + place->begin;

    if (before_bytes < TCPT_IPV4_HEADER_BYTES)
        return (tcpt_ip_header){0};
    return segment->family == 4 ? find_ipv4_header(end, before_bytes, segment, place->bytes)
                                : find_ipv6_header(end, before_bytes, segment);
}

/* Bytes of an IP header that ends at `end`, `before_bytes` behind the first byte of what is captured, and leads to this
 * protocol; 0 for none. */
static unsigned ip_header_before(const uint8_t *end, unsigned before_bytes, bool ipv6, uint8_t protocol)
{
    if (ipv6)
        return before_bytes >= IPV6_HEADER_BYTES && end[-IPV6_HEADER_BYTES] >> 4 == 6 &&
                       end[6 - IPV6_HEADER_BYTES] == protocol
                   ? IPV6_HEADER_BYTES
                   : 0;
    for (unsigned bytes = TCPT_IPV4_HEADER_BYTES; bytes <= before_bytes && bytes <= IPV4_HEADER_MAX_BYTES; bytes += 4)
        if (end[-(int)bytes] == (0x40 | bytes / 4) && end[9 - (int)bytes] == protocol)
            return bytes;
    return 0;
}

/* How far before a quoted TCP header the message's own IP header begins; 0 where it does not. */
static unsigned icmp_before(const uint8_t *tcp, unsigned before_bytes, bool ipv6)
{
    enum { ICMP_HEADER_BYTES = 8 };
    unsigned inner = ip_header_before(tcp, before_bytes, ipv6, IP_PROTO_TCP), outer;

    if (!inner || before_bytes < inner + ICMP_HEADER_BYTES)
        return 0;
    inner += ICMP_HEADER_BYTES;
    outer = ip_header_before(tcp - inner, before_bytes - inner, ipv6, ipv6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP);
    return outer ? outer + inner : 0;
}

bool tcpt_find_icmp(tcpt_icmp *icmp, tvbuff_t *quoted, const packet_info *pinfo)
{
    enum { BEFORE_MOST = 2 * IPV4_HEADER_MAX_BYTES + 8 };
    tvbuff_t *source = tvb_get_ds_tvb(quoted);
    unsigned begin = (unsigned)tvb_raw_offset(quoted), captured = tvb_captured_length(source);
    unsigned before_bytes = MIN(begin, BEFORE_MOST), back;
    const uint8_t *before;

    if (captured < begin || before_bytes == 0)
        return false;
    before = tvb_get_ptr(source, (int)(begin - before_bytes), (int)(captured - begin + before_bytes));
    back = icmp_before(before + before_bytes, before_bytes, pinfo->src.type == AT_IPv6);
    if (!back || !tcpt_icmp_parse(icmp, before + before_bytes - back, captured - begin + back) || icmp->tcp_at != back)
        return false;
    icmp->depth = (uint8_t)MAX(ip_layers(pinfo), 2) - 1; /* the quotation's own left out */
    return true;
}

/* Another data source than the frame has no check sequence. */
static bool is_ethernet_frame(const packet_info *pinfo, uint32_t frame_bytes)
{
    return tcpt_link_type(pinfo) == WTAP_ENCAP_ETHERNET && frame_bytes == pinfo->fd->pkt_len;
}

/* Inside a tunnel the inner frame's: it ends where its carrier ends. */
uint32_t tcpt_find_padding(const tcpt_place *place, const packet_info *pinfo, const tcpt_ip_header *ip,
                           tcpt_carriers around)
{
    tcpt_datagram_place at = {.end = place->begin + place->bytes, .datagram_bytes = ip->bytes + place->bytes};
    int64_t behind_bytes;

    if (!around.ethernet || ip->bytes == 0 || at.datagram_bytes >= TCPT_ETHERNET_PAYLOAD_LEAST)
        return 0;
    at.frame_bytes = tvb_reported_length(place->source);
    if (is_ethernet_frame(pinfo, at.frame_bytes)) {
        at.fcs_bytes = pinfo->pseudo_header->eth.fcs_len;
        if (place->captured_bytes >= at.frame_bytes)
            at.frame = place->captured;
    }
    behind_bytes = (int64_t)at.frame_bytes - at.end;
    if (at.fcs_bytes <= 0 && behind_bytes >= 0 && at.datagram_bytes + behind_bytes <= TCPT_ETHERNET_PAYLOAD_LEAST)
        return (uint32_t)behind_bytes; /* too short for a check sequence that the file does not tell of */
    return tcpt_padding_behind(&at);
}
