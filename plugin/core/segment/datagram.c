/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>

#include "core/segment/bytes.h"
#include "tcptriage/segment.h"

static void read_ip(tcpt_segment *segment, const uint8_t *ip)
{
    segment->has_ip_id = segment->family == 4 && ip;
    segment->fragments = segment->family == 4 && !ip;
    segment->ttl = 0;
    segment->ip_id = 0;
    if (!ip)
        return;
    segment->ttl = ip[segment->family == 4 ? 8 : 7];
    if (segment->family == 4)
        segment->ip_id = be16(ip + 4);
}

/* 0 too where the padding itself was not captured: it cannot be summed then. */
static uint32_t pad_bytes_of(const tcpt_datagram *datagram)
{
    bool whole = datagram->captured_bytes == datagram->reported_bytes;

    return whole && datagram->readable_bytes < datagram->reported_bytes + datagram->pad_bytes ? 0 : datagram->pad_bytes;
}

bool tcpt_segment_read(tcpt_segment *segment, const tcpt_datagram *datagram)
{
    if (!tcpt_segment_parse(segment, datagram->tcp, datagram->captured_bytes, datagram->reported_bytes))
        return false;
    read_ip(segment, datagram->ip);
    tcpt_segment_check(segment, datagram->tcp, datagram->ip_cut ? 0 : datagram->captured_bytes,
                       datagram->reported_bytes, pad_bytes_of(datagram));
    if (segment->has_ip_id)
        tcpt_segment_check_ipv4(segment, datagram->ip, datagram->ip_bytes);
    if (segment->checksum_is == TCPT_CHECKSUM_WRONG && pad_bytes_of(datagram) != datagram->pad_bytes)
        segment->checksum_is = TCPT_CHECKSUM_UNKNOWN; /* it may be right over the padding */
    return true;
}
