/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet frames as segments: the feeder of tests that run without Wireshark. */

#include "scenario.h"

static uint32_t get16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/** A frame being read: `at` is the next byte. */
typedef struct cursor {
    const uint8_t *bytes;
    uint32_t captured_bytes;
    uint32_t wire_bytes;
    uint32_t at;
    uint32_t datagram_bytes; /**< by the IP header */
    uint32_t datagram_at;
} cursor;

static uint32_t read_ethernet(cursor *frame)
{
    uint32_t type = 0x8100;
    for (frame->at = 12; type == 0x8100 || type == 0x88a8; frame->at += 2) {
        if (frame->at + 2 > frame->captured_bytes)
            return 0;
        type = get16(frame->bytes + frame->at);
        if (type == 0x8100 || type == 0x88a8)
            frame->at += 2;
    }
    return type;
}

static bool read_ipv4(cursor *frame, tcpt_segment *segment)
{
    const uint8_t *ip = frame->bytes + frame->at;
    if (frame->at + 20 > frame->captured_bytes || ip[0] >> 4 != 4 || ip[9] != 6)
        return false;
    uint32_t header_bytes = (ip[0] & 0xfu) * 4;
    uint32_t offset = get16(ip + 6);
    frame->datagram_bytes = get16(ip + 2);
    if (header_bytes < 20 || frame->datagram_bytes < header_bytes || (offset & 0x1fff))
        return false;
    segment->family = 4;
    segment->fragment = offset & 0x2000;
    segment->src = ip + 12;
    segment->dst = ip + 16;
    frame->at += header_bytes;
    return true;
}

static bool read_ipv6(cursor *frame, tcpt_segment *segment)
{
    const uint8_t *ip = frame->bytes + frame->at;
    if (frame->at + 40 > frame->captured_bytes || ip[0] >> 4 != 6 || ip[6] != 6)
        return false;
    frame->datagram_bytes = 40 + get16(ip + 4);
    segment->family = 6;
    segment->src = ip + 8;
    segment->dst = ip + 24;
    frame->at += 40;
    return true;
}

bool scn_decode(tcpt_segment *segment, const uint8_t *bytes, uint32_t captured_bytes, uint32_t wire_bytes)
{
    cursor frame = {.bytes = bytes, .captured_bytes = captured_bytes, .wire_bytes = wire_bytes};
    uint32_t type = read_ethernet(&frame);
    frame.datagram_at = frame.at;
    segment->depth = 1;
    if (type != 0x0800 && type != 0x86dd)
        return false;
    if (!(type == 0x0800 ? read_ipv4(&frame, segment) : read_ipv6(&frame, segment)))
        return false;
    uint32_t datagram_end = frame.datagram_at + frame.datagram_bytes;
    if (datagram_end > wire_bytes || frame.at > captured_bytes)
        return false;
    uint32_t tcp_bytes = datagram_end - frame.at, behind_ip = captured_bytes - frame.at;
    return tcpt_segment_read(segment,
                             &(tcpt_datagram){
                                 .tcp = bytes + frame.at,
                                 .captured_bytes = MIN(tcp_bytes, behind_ip),
                                 .reported_bytes = tcp_bytes,
                                 .readable_bytes = behind_ip,
                                 .pad_bytes = tcpt_padding_bytes(frame.datagram_bytes, wire_bytes - datagram_end),
                                 .ip = bytes + frame.datagram_at,
                                 .ip_bytes = frame.at - frame.datagram_at,
                             });
}

bool scn_decode_icmp(tcpt_icmp *icmp, const uint8_t *bytes, uint32_t captured_bytes)
{
    cursor frame = {.bytes = bytes, .captured_bytes = captured_bytes};
    uint32_t type = read_ethernet(&frame);
    icmp->depth = 1;
    return (type == 0x0800 || type == 0x86dd) && frame.at < captured_bytes &&
           tcpt_icmp_parse(icmp, bytes + frame.at, captured_bytes - frame.at);
}
