/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP checksum (RFC 9293, section 3.1; arithmetic of RFC 1071), over the datagram and over the padded buffer. */
#include "tcptriage/segment.h"

#include <string.h>

#include "core/segment/bytes.h"
#include "core/segment/sum.h"

enum {
    CHECKSUM_AT = 16,
    PROTOCOL_TCP = 6,
    WIRE_MOST = 1500, /* bytes of a datagram on Ethernet: longer ones were hardly ever on a wire, and are dear to sum */
};

static inline uint64_t load32(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Halves are added, with what is carried out of them, twice: the second time each half gets the sum, and the upper one
 * what the lower one carries. */
static uint16_t fold(uint64_t sum)
{
    uint32_t high = (uint32_t)(sum >> 32), folded = (uint32_t)sum + high;

    folded += folded < high;
    return (uint16_t)((folded + (folded << 16 | folded >> 16)) >> 16);
}

/* Folded sums come in host order, as they were loaded. */
static uint16_t host_to_be(uint16_t folded)
{
    uint8_t bytes[2];

    memcpy(bytes, &folded, sizeof bytes);
    return be16(bytes);
}

/* Addresses, protocol and length (RFC 9293, section 3.1; RFC 8200, section 8.1). */
static uint64_t sum_pseudo_header(const tcpt_segment *segment, uint32_t tcp_bytes)
{
    uint32_t address_bytes = segment->family == 6 ? 16 : 4;
    uint8_t rest[8] = {0,
                       0,
                       0,
                       PROTOCOL_TCP,
                       (uint8_t)(tcp_bytes >> 24),
                       (uint8_t)(tcp_bytes >> 16),
                       (uint8_t)(tcp_bytes >> 8),
                       (uint8_t)tcp_bytes};

    if (address_bytes == 4)
        return tcpt_sum_add(tcpt_sum_add(load32(segment->src), load32(segment->dst)), tcpt_sum_load(rest));
    return tcpt_sum_add(
        tcpt_sum_add(tcpt_sum_bytes(segment->src, address_bytes), tcpt_sum_bytes(segment->dst, address_bytes)),
        tcpt_sum_bytes(rest, sizeof rest));
}

/* Of `bytes` of segment (and padding), and of their pseudo header. */
static uint64_t sum_all(const tcpt_segment *segment, const uint8_t *header, uint32_t bytes)
{
    return tcpt_sum_add(tcpt_sum_bytes(header, bytes), sum_pseudo_header(segment, bytes));
}

/* What the field should hold, given the sum, to which it has contributed. */
static uint16_t expected(uint64_t sum, const uint8_t *header)
{
    uint16_t field;

    memcpy(&field, header + CHECKSUM_AT, sizeof field);
    /* Adding the complement takes the field out; its offset is even, so it is a whole word. */
    return host_to_be((uint16_t)~fold(tcpt_sum_add(sum, (uint16_t)~field)));
}

/* The sum over `bytes` of segment is there. Padding of zeros, as nearly all is, adds to the length alone. */
static uint64_t sum_with_padding(const tcpt_segment *segment, const uint8_t *header, uint32_t bytes, uint64_t sum)
{
    const uint8_t longer[2] = {0, segment->pad_bytes};
    uint16_t word;

    if (segment->pad_bytes >= 8 || tcpt_sum_tail(header + bytes + segment->pad_bytes, segment->pad_bytes) != 0)
        return sum_all(segment, header, bytes + segment->pad_bytes);
    memcpy(&word, longer, sizeof word);
    return tcpt_sum_add(sum, word);
}

/* 0xffff and 0x0000 are the same number in one's complement. */
static bool same(uint16_t a, uint16_t b)
{
    return a == b || ((a == 0 || a == 0xffff) && (b == 0 || b == 0xffff));
}

/* Offload leaves the folded pseudo-header sum, with the segment's length or, for large sends that the card cuts
 * up (Windows LSO), without any. */
static bool partial(const tcpt_segment *segment, uint32_t tcp_bytes)
{
    return same(segment->checksum, host_to_be(fold(sum_pseudo_header(segment, tcp_bytes)))) ||
           same(segment->checksum, host_to_be(fold(sum_pseudo_header(segment, 0))));
}

void tcpt_segment_check(tcpt_segment *segment, const uint8_t *header, uint32_t captured_bytes, uint32_t reported_bytes,
                        uint32_t pad_bytes)
{
    uint64_t sum;

    segment->checksum_is = TCPT_CHECKSUM_UNKNOWN;
    segment->pad_bytes = pad_bytes > UINT8_MAX ? 0 : (uint8_t)pad_bytes;
    segment->checksum_expected = segment->checksum_over_padding = 0;
    if (segment->fragment || captured_bytes < reported_bytes)
        return;
    if (reported_bytes > WIRE_MOST && partial(segment, reported_bytes)) {
        segment->checksum_is = TCPT_CHECKSUM_PARTIAL;
        return;
    }

    sum = sum_all(segment, header, reported_bytes);
    if (!segment->pad_bytes && fold(sum) == 0xffff) { /* as nearly all: what is expected is there */
        segment->checksum_expected = segment->checksum == 0xffff ? 0 : segment->checksum;
        segment->checksum_is = TCPT_CHECKSUM_GOOD;
        return;
    }
    segment->checksum_expected = expected(sum, header);
    if (segment->pad_bytes)
        segment->checksum_over_padding = expected(sum_with_padding(segment, header, reported_bytes, sum), header);
    if (same(segment->checksum, segment->checksum_expected))
        segment->checksum_is = TCPT_CHECKSUM_GOOD;
    else if (segment->pad_bytes && same(segment->checksum, segment->checksum_over_padding))
        segment->checksum_is = TCPT_CHECKSUM_OVER_PADDING;
    else if (partial(segment, reported_bytes))
        segment->checksum_is = TCPT_CHECKSUM_PARTIAL;
    else
        segment->checksum_is = TCPT_CHECKSUM_WRONG;
}

void tcpt_segment_check_ipv4(tcpt_segment *segment, const uint8_t *header, uint32_t header_bytes)
{
    if (segment->checksum_is == TCPT_CHECKSUM_WRONG && fold(tcpt_sum_bytes(header, header_bytes)) != 0xffff)
        segment->checksum_is = TCPT_CHECKSUM_BOTH_WRONG;
}
