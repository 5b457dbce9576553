/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TCP header as bytes -> tcpt_segment. The bytes are hostile: each length is checked before it is used. */
#include "tcptriage/limits.h"
#include "tcptriage/segment.h"

#include "core/segment/bytes.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_MD5 = 19, /* RFC 2385 */
    KIND_AO = 29,  /* RFC 5925 */
    KIND_MULTIPATH = 30,
    KIND_FAST_OPEN = 34,
    KIND_EXPERIMENT = 254,
    FAST_OPEN_MAGIC = 0xF989, /* RFC 7413, appendix: the experimental option's ExID */
    WSCALE_MAX = 14,          /* RFC 7323, section 2.3 */
};

/* As Linux reads it: whole blocks only, and the first such option of a header. */
static void read_sack(tcpt_segment *segment, const uint8_t *option, unsigned bytes)
{
    if (bytes < 10 || (bytes - 2) % 8 || segment->sack_count)
        return;
    segment->options |= TCPT_OPTION_SACK;
    for (unsigned at = 2; at + 8 <= bytes && segment->sack_count < TCPT_SACK_BLOCKS; at += 8) {
        segment->sack_left[segment->sack_count] = be32(option + at);
        segment->sack_right[segment->sack_count] = be32(option + at + 4);
        segment->sack_count++;
    }
}

/* A cookie has an even length of 4 to 16 bytes, a request none (RFC 7413, section 4.1.1); only on SYNs. */
static void read_fast_open(tcpt_segment *segment, unsigned cookie_bytes)
{
    if (!(segment->flags & TCPT_SYN) || cookie_bytes % 2 || cookie_bytes > 16 || cookie_bytes == 2)
        return;
    segment->options |= TCPT_OPTION_FAST_OPEN;
    segment->fast_open_bytes = (uint8_t)cookie_bytes;
}

static uint8_t scale_of(uint8_t shift)
{
    return shift > WSCALE_MAX ? WSCALE_MAX : shift;
}

static void read_option(tcpt_segment *segment, const uint8_t *option, unsigned bytes)
{
    switch (option[0]) {
    case KIND_MSS:
        if (bytes != 4)
            return;
        segment->options |= TCPT_OPTION_MSS;
        segment->mss = be16(option + 2);
        return;
    case KIND_WSCALE:
        if (bytes != 3)
            return;
        segment->options |= TCPT_OPTION_WSCALE;
        segment->wscale = scale_of(option[2]);
        return;
    case KIND_SACK_PERMITTED:
        if (bytes == 2)
            segment->options |= TCPT_OPTION_SACK_PERMITTED;
        return;
    case KIND_SACK:
        read_sack(segment, option, bytes);
        return;
    case KIND_TIMESTAMPS:
        if (bytes != 10)
            return;
        segment->options |= TCPT_OPTION_TIMESTAMPS;
        segment->tsval = be32(option + 2);
        segment->tsecr = be32(option + 6);
        return;
    case KIND_MD5:
    case KIND_AO:
        segment->options |= TCPT_OPTION_SIGNED;
        return;
    case KIND_MULTIPATH:
        segment->options |= TCPT_OPTION_MULTIPATH;
        return;
    case KIND_FAST_OPEN:
        read_fast_open(segment, bytes - 2);
        return;
    case KIND_EXPERIMENT:
        if (bytes >= 4 && be16(option + 2) == FAST_OPEN_MAGIC)
            read_fast_open(segment, bytes - 4);
        return;
    default:
        return;
    }
}

static void read_options(tcpt_segment *segment, const uint8_t *options, unsigned bytes)
{
    unsigned at = 0;

    while (at < bytes) {
        unsigned length;

        if (options[at] == KIND_END)
            return;
        if (options[at] == KIND_NOP) {
            at++;
            continue;
        }
        if (at + 2 > bytes)
            return;
        length = options[at + 1];
        if (length < 2 || at + length > bytes)
            return;
        read_option(segment, options + at, length);
        at += length;
    }
}

/* Nearly every segment of an ordinary flow carries NOP, NOP, timestamps and nothing else. */
static bool only_timestamps(tcpt_segment *segment, const uint8_t *options, unsigned bytes)
{
    if (bytes != 12 || be32(options) != 0x0101080a)
        return false;
    segment->options = TCPT_OPTION_TIMESTAMPS;
    segment->tsval = be32(options + 4);
    segment->tsecr = be32(options + 8);
    return true;
}

/* Nearly every SYN carries MSS, SACK permitted, timestamps, NOP and window scale, in the order of Linux. */
static bool options_of_syn(tcpt_segment *segment, const uint8_t *options, unsigned bytes)
{
    if (bytes != 20 || be16(options) != 0x0204 || be32(options + 4) != 0x0402080a ||
        be32(options + 16) >> 8 != 0x010303)
        return false;
    segment->options = TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED | TCPT_OPTION_TIMESTAMPS | TCPT_OPTION_WSCALE;
    segment->mss = be16(options + 2);
    segment->tsval = be32(options + 8);
    segment->tsecr = be32(options + 12);
    segment->wscale = scale_of(options[19]);
    return true;
}

bool tcpt_legal_flags(uint8_t flags)
{
    switch (flags & (TCPT_FIN | TCPT_SYN | TCPT_RST | TCPT_ACK | TCPT_URG)) {
    case TCPT_SYN:
    case TCPT_SYN | TCPT_URG:
    case TCPT_SYN | TCPT_ACK:
    case TCPT_RST:
    case TCPT_RST | TCPT_ACK:
    case TCPT_FIN | TCPT_ACK:
    case TCPT_FIN | TCPT_ACK | TCPT_URG:
    case TCPT_ACK:
    case TCPT_ACK | TCPT_URG:
        return true;
    default:
        return false;
    }
}

static void read_all_options(tcpt_segment *segment, const uint8_t *options, unsigned bytes)
{
    if (!only_timestamps(segment, options, bytes) && !options_of_syn(segment, options, bytes))
        read_options(segment, options, bytes);
}

bool tcpt_segment_parse(tcpt_segment *segment, const uint8_t *header, uint32_t captured_bytes, uint32_t reported_bytes)
{
    unsigned header_bytes, option_bytes;

    if (captured_bytes < TCPT_TCP_HEADER_BYTES)
        return false;
    header_bytes = (header[12] >> 4) * 4u;
    if (header_bytes < TCPT_TCP_HEADER_BYTES || header_bytes > reported_bytes)
        return false;

    segment->src_port = be16(header);
    segment->dst_port = be16(header + 2);
    segment->seq = be32(header + 4);
    segment->flags = header[13];
    segment->odd_flags = (segment->flags & (TCPT_SYN | TCPT_RST)) && !tcpt_legal_flags(segment->flags);
    if (segment->odd_flags)
        segment->flags = 0;
    segment->ack = segment->flags & TCPT_ACK ? be32(header + 8) : 0;
    segment->ack_without_flag = segment->flags & TCPT_ACK ? 0 : be32(header + 8);
    segment->header_bytes = (uint8_t)header_bytes;
    segment->window = be16(header + 14);
    segment->checksum = be16(header + 16);
    segment->payload_bytes = segment->fragment ? 0 : reported_bytes - header_bytes;
    segment->payload = NULL;
    segment->payload_captured_bytes = 0;
    if (captured_bytes > header_bytes && segment->payload_bytes > 0) {
        segment->payload = header + header_bytes;
        segment->payload_captured_bytes = captured_bytes - header_bytes;
        if (segment->payload_captured_bytes > segment->payload_bytes)
            segment->payload_captured_bytes = segment->payload_bytes;
    }
    segment->end_seq =
        segment->seq + segment->payload_bytes + !!(segment->flags & TCPT_SYN) + !!(segment->flags & TCPT_FIN);
    segment->options_cut = header_bytes > captured_bytes;
    segment->options = 0;
    segment->wscale = 0;
    segment->fast_open_bytes = 0;
    segment->sack_count = 0;
    segment->mss = 0;
    segment->tsval = segment->tsecr = 0;
    option_bytes = (header_bytes > captured_bytes ? captured_bytes : header_bytes) - TCPT_TCP_HEADER_BYTES;
    if (option_bytes)
        read_all_options(segment, header + TCPT_TCP_HEADER_BYTES, option_bytes);
    return true;
}

uint32_t tcpt_padding_bytes(uint32_t datagram_bytes, uint32_t behind_bytes)
{

    if (datagram_bytes >= TCPT_ETHERNET_PAYLOAD_LEAST || behind_bytes > TCPT_ETHERNET_PAYLOAD_LEAST - datagram_bytes)
        return 0;
    return behind_bytes;
}
