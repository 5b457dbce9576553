/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripted packets as Ethernet frames. */

#include <string.h>

#include "scenario.h"

static void put16(GByteArray *bytes, uint32_t value)
{
    uint8_t two[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    g_byte_array_append(bytes, two, 2);
}

static void put32(GByteArray *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes, value & 0xffff);
}

/** Sum of 16-bit words, an odd byte counted as the high one; `sum` goes in front. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint32_t address_bytes(const scn_flow *flow)
{
    return flow->ipv6 ? 16 : 4;
}

/** Unfolded sum of the pseudo header (RFC 9293, section 3.1). */
static uint32_t pseudo_header(const scn_flow *flow, uint32_t tcp_bytes)
{
    uint32_t sum = 6 + tcp_bytes;
    sum = add_words(sum, flow->ends[0].address, address_bytes(flow));
    return add_words(sum, flow->ends[1].address, address_bytes(flow));
}

static void put_ethernet(GByteArray *frame, const scn_flow *flow, const scn_packet *packet)
{
    uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    macs[5] = packet->from ? 1 : 2;
    macs[11] = packet->from ? 2 : 1;
    g_byte_array_append(frame, macs, sizeof macs);
    if (packet->vlan) {
        put16(frame, 0x8100);
        put16(frame, packet->vlan);
    }
    put16(frame, flow->ipv6 ? 0x86dd : 0x0800);
}

static void put_ipv4(GByteArray *frame, const scn_flow *flow, const scn_packet *packet, uint32_t tcp_bytes)
{
    guint at = frame->len;
    put16(frame, 0x4500);
    put16(frame, 20 + tcp_bytes);
    put16(frame, packet->ip_id);
    put16(frame, packet->fragment ? 0x2000 : 0x4000);
    put16(frame, (uint32_t)packet->ttl << 8 | 6);
    put16(frame, 0);
    g_byte_array_append(frame, flow->ends[packet->from].address, 4);
    g_byte_array_append(frame, flow->ends[!packet->from].address, 4);
    uint16_t sum = (uint16_t)~fold(add_words(0, frame->data + at, 20)) ^ (packet->ip_sum_bad ? 0x0100 : 0);
    frame->data[at + 10] = (uint8_t)(sum >> 8);
    frame->data[at + 11] = (uint8_t)sum;
}

static void put_ipv6(GByteArray *frame, const scn_flow *flow, const scn_packet *packet, uint32_t tcp_bytes)
{
    put32(frame, 0x60000000);
    put16(frame, tcp_bytes);
    put16(frame, 0x0600 | packet->ttl);
    g_byte_array_append(frame, flow->ends[packet->from].address, 16);
    g_byte_array_append(frame, flow->ends[!packet->from].address, 16);
}

static void put_tcp(GByteArray *frame, const scn_flow *flow, const scn_packet *packet)
{
    put16(frame, flow->ends[packet->from].port);
    put16(frame, flow->ends[!packet->from].port);
    put32(frame, packet->seq);
    put32(frame, packet->ack);
    put16(frame, (20 + packet->options->len) / 4 << 12 | packet->flags);
    put16(frame, packet->window);
    put32(frame, 0); /* checksum and urgent pointer */
    g_byte_array_append(frame, packet->options->data, packet->options->len);
    g_byte_array_append(frame, packet->payload->data, packet->payload->len);
    for (uint32_t i = packet->payload->len; i < packet->payload_bytes; i++) {
        uint8_t filler = (uint8_t)('a' + (packet->seq + i) % 26);
        g_byte_array_append(frame, &filler, 1);
    }
}

static void put_padding(GByteArray *frame, const scn_packet *packet)
{
    uint32_t count = (uint32_t)packet->pad_bytes;
    if (packet->pad_bytes < 0)
        count = frame->len < 60 ? 60 - frame->len : 0;
    for (uint32_t i = 0; i < count; i++) {
        const GByteArray *pattern = packet->pad_pattern;
        uint8_t byte = pattern->len ? pattern->data[i % pattern->len] : 0;
        g_byte_array_append(frame, &byte, 1);
    }
}

static uint16_t wanted_checksum(const scn_flow *flow, const scn_packet *packet, const uint8_t *tcp, uint32_t tcp_bytes,
                                uint32_t padded_bytes)
{
    switch (packet->checksum) {
    case SCN_CHECKSUM_PARTIAL:
        return fold(pseudo_header(flow, tcp_bytes));
    case SCN_CHECKSUM_REWRITTEN:
        return fold(pseudo_header(flow, tcp_bytes) + 0x1234);
    case SCN_CHECKSUM_OVER_PADDING:
        return (uint16_t)~fold(add_words(pseudo_header(flow, padded_bytes), tcp, padded_bytes));
    case SCN_CHECKSUM_BROKEN:
        return (uint16_t)~fold(add_words(pseudo_header(flow, tcp_bytes), tcp, tcp_bytes)) ^ 0x5a5a;
    default:
        return (uint16_t)~fold(add_words(pseudo_header(flow, tcp_bytes), tcp, tcp_bytes));
    }
}

GByteArray *scn_build(const scn_flow *flow, const scn_packet *packet)
{
    GByteArray *frame = g_byte_array_new();
    uint32_t tcp_bytes = 20 + packet->options->len + packet->payload_bytes;
    put_ethernet(frame, flow, packet);
    if (flow->ipv6)
        put_ipv6(frame, flow, packet, tcp_bytes);
    else
        put_ipv4(frame, flow, packet, tcp_bytes);
    guint tcp_at = frame->len;
    put_tcp(frame, flow, packet);
    put_padding(frame, packet);
    uint8_t *tcp = frame->data + tcp_at;
    uint16_t checksum = wanted_checksum(flow, packet, tcp, tcp_bytes, frame->len - tcp_at);
    tcp[16] = (uint8_t)(checksum >> 8);
    tcp[17] = (uint8_t)checksum;
    return frame;
}
