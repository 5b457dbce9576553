/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decap.h"

#include <glib.h>

#include "fragments.h"
#include "way.h"

/* What is inside of a frame beside what is being looked at, or was put together meanwhile. */
typedef struct pending {
    tcpt_way way;
    tcpt_layer layer;
} pending;

struct tcpt_decap {
    tcpt_decap_visitor visitor;
    tcpt_fragments *fragments;
    GArray *pending; /* the last one is next */
    GSList *wholes;  /* datagrams of this frame that were put together, owned */
};

static tcpt_layer (*const steps[TCPT_LAYERS])(tcpt_way *way) = {
    [TCPT_LAYER_ETHERNET] = tcpt_take_ethernet, [TCPT_LAYER_ETHERTYPE] = tcpt_take_ethertype,
    [TCPT_LAYER_LLC] = tcpt_take_llc,           [TCPT_LAYER_MPLS] = tcpt_take_mpls,
    [TCPT_LAYER_PPP] = tcpt_take_ppp,           [TCPT_LAYER_PROTOCOL] = tcpt_take_protocol,
    [TCPT_LAYER_DOT11] = tcpt_take_dot11,       [TCPT_LAYER_IP] = tcpt_take_ip,
    [TCPT_LAYER_GRE] = tcpt_take_gre,           [TCPT_LAYER_UDP] = tcpt_take_udp,
};

tcpt_decap *tcpt_decap_new(const tcpt_decap_visitor *visitor)
{
    tcpt_decap *decap = g_new0(tcpt_decap, 1);

    decap->visitor = *visitor;
    decap->fragments = tcpt_fragments_new();
    decap->pending = g_array_new(FALSE, FALSE, sizeof(pending));
    return decap;
}

void tcpt_decap_free(tcpt_decap *decap)
{
    if (!decap)
        return;
    tcpt_fragments_free(decap->fragments);
    g_array_unref(decap->pending);
    g_free(decap);
}

/* The way ends here: what its IP header said is filled up. */
static void tell_tcp(const tcpt_decap *decap, tcpt_way *way)
{
    way->ip.tcp = way->bytes;
    way->ip.source = way->source;
    way->ip.depth = way->depth;
    way->ip.fragment = way->fragment;
    way->ip.pads = way->pads;
    way->ip.whole_frame = way->whole_frame;
    decap->visitor.tcp(&way->ip, decap->visitor.data);
}

/* Only where its IP header is directly before it: extension headers hide it. */
static void tell_icmp(const tcpt_decap *decap, const tcpt_way *way)
{
    tcpt_message message = {.datagram = way->bytes, .depth = way->depth};

    if (!way->ip.ip)
        return;
    message.datagram.at -= way->ip.ip_bytes;
    message.datagram.captured += way->ip.ip_bytes;
    message.datagram.reported += way->ip.ip_bytes;
    decap->visitor.icmp(&message, decap->visitor.data);
}

static void push(tcpt_decap *decap, const tcpt_way *way, tcpt_layer next)
{
    pending added = {*way, next};

    g_array_append_val(decap->pending, added);
}

/* The first subframe, and before the others what is in it. */
static void push_aggregate(tcpt_decap *decap, tcpt_way *way)
{
    tcpt_bytes subframe, rest = way->bytes;

    if (!tcpt_next_subframe(&rest, &subframe))
        return;
    way->bytes = rest;
    push(decap, way, TCPT_LAYER_AGGREGATE);
    way->bytes = subframe;
    push(decap, way, TCPT_LAYER_LLC);
}

static void push_whole(tcpt_decap *decap, tcpt_way *way)
{
    decap->wholes = g_slist_prepend(decap->wholes, way->whole);
    way->bytes = (tcpt_bytes){way->whole, way->whole_bytes, way->whole_bytes};
    way->source = way->bytes;
    way->whole_frame = false;
    push(decap, way, TCPT_LAYER_PROTOCOL);
}

static void walk(tcpt_decap *decap, tcpt_way *way, tcpt_layer next)
{
    while (steps[next]) {
        if (way->layers++ >= TCPT_LAYERS_MOST)
            return;
        next = steps[next](way);
    }
    if (next == TCPT_LAYER_TCP)
        tell_tcp(decap, way);
    else if (next == TCPT_LAYER_ICMP)
        tell_icmp(decap, way);
    else if (next == TCPT_LAYER_WHOLE)
        push_whole(decap, way);
    else if (next == TCPT_LAYER_AGGREGATE)
        push_aggregate(decap, way);
}

static void walk_pending(tcpt_decap *decap)
{
    while (decap->pending->len > 0) {
        pending next = g_array_index(decap->pending, pending, decap->pending->len - 1);

        g_array_set_size(decap->pending, decap->pending->len - 1);
        walk(decap, &next.way, next.layer);
    }
    g_slist_free_full(decap->wholes, g_free);
    decap->wholes = NULL;
}

/* ---- what nearly all frames are: Ethernet, IP that is whole and has no options, TCP ---- */

enum { ETHERNET_BYTES = 14, IPV4_BYTES = 20 };

/* A datagram directly behind an Ethernet header. */
typedef struct ordinary {
    uint32_t header_bytes;
    uint32_t total;         /* by its header */
    uint32_t addresses_at;  /* in the header */
    uint32_t address_bytes; /* of one */
} ordinary;

static bool is_ipv4(const uint8_t *ip, uint32_t bytes, ordinary *found)
{
    enum { VERSION_AND_WORDS = 0x45, FRAGMENTED = 0x3fff };

    if (bytes < IPV4_BYTES || ip[0] != VERSION_AND_WORDS || ip[9] != TCPT_IP_TCP || tcpt_be16(ip + 6) & FRAGMENTED)
        return false;
    *found = (ordinary){IPV4_BYTES, tcpt_be16(ip + 2), 12, 4};
    return true;
}

static bool is_ipv6(const uint8_t *ip, uint32_t bytes, ordinary *found)
{
    if (bytes < TCPT_IPV6_HEADER_BYTES || ip[0] >> 4 != 6 || ip[6] != TCPT_IP_TCP || tcpt_be16(ip + 4) == 0)
        return false;
    *found = (ordinary){TCPT_IPV6_HEADER_BYTES, TCPT_IPV6_HEADER_BYTES + tcpt_be16(ip + 4), 8, 16};
    return true;
}

static bool is_ordinary(const tcpt_bytes *frame, ordinary *found)
{
    const uint8_t *ip;

    if (frame->captured < ETHERNET_BYTES)
        return false;
    ip = frame->at + ETHERNET_BYTES;
    switch (tcpt_be16(ip - 2)) {
    case TCPT_ETHERTYPE_IPV4:
        return is_ipv4(ip, frame->captured - ETHERNET_BYTES, found) && found->total >= IPV4_BYTES;
    case TCPT_ETHERTYPE_IPV6:
        return is_ipv6(ip, frame->captured - ETHERNET_BYTES, found);
    default:
        return false;
    }
}

/* Told as the steps would, without taking them. */
static void tell_ordinary(const tcpt_decap *decap, const tcpt_bytes *frame, const ordinary *found)
{
    const uint8_t *ip = frame->at + ETHERNET_BYTES;
    uint32_t captured = MIN(frame->captured - ETHERNET_BYTES, found->total) - found->header_bytes;
    uint32_t reported = MIN(frame->reported - ETHERNET_BYTES, found->total) - found->header_bytes;

    decap->visitor.tcp(&(tcpt_packet){.tcp = {ip + found->header_bytes, captured, reported},
                                      .source = *frame,
                                      .src = ip + found->addresses_at,
                                      .dst = ip + found->addresses_at + found->address_bytes,
                                      .ip = ip,
                                      .ip_bytes = (uint8_t)found->header_bytes,
                                      .family = found->address_bytes == 4 ? 4 : 6,
                                      .depth = 1,
                                      .ip_cut = found->total > frame->reported - ETHERNET_BYTES,
                                      .pads = true,
                                      .whole_frame = true},
                       decap->visitor.data);
}

/* ---- all others ---- */

static void take_steps(tcpt_decap *decap, tcpt_link link, const tcpt_bytes *frame)
{
    tcpt_way way = {.bytes = *frame, .source = *frame, .whole_frame = true, .fragments = decap->fragments};
    tcpt_layer first = tcpt_take_link(&way, link);

    walk(decap, &way, first);
    if (decap->pending->len > 0)
        walk_pending(decap);
}

void tcpt_decap_frame(tcpt_decap *decap, tcpt_link link, const tcpt_bytes *frame)
{
    ordinary found;

    if (link == TCPT_LINK_ETHERNET && is_ordinary(frame, &found))
        tell_ordinary(decap, frame, &found);
    else
        take_steps(decap, link, frame);
}

uint64_t tcpt_decap_given_up(const tcpt_decap *decap)
{
    return tcpt_fragments_given_up(decap->fragments);
}
