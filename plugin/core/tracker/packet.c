/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tracker/packet.h"

static tcpt_ct_class class_of(uint8_t flags)
{
    if (!(flags & (TCPT_RST | TCPT_SYN | TCPT_FIN)))
        return flags & TCPT_ACK ? TCPT_CT_CLASS_ACK : TCPT_CT_CLASS_NONE;
    if (flags & TCPT_RST)
        return TCPT_CT_CLASS_RST;
    if (flags & TCPT_SYN)
        return flags & TCPT_ACK ? TCPT_CT_CLASS_SYN_ACK : TCPT_CT_CLASS_SYN;
    return TCPT_CT_CLASS_FIN;
}

tcpt_ct_packet tcpt_ct_packet_of(const tcpt_segment *segment, unsigned from, bool bad_checksum)
{
    return (tcpt_ct_packet){
        .segment = segment,
        .from = (uint8_t)from,
        .class = (uint8_t)class_of(segment->flags),
        .bad_checksum = bad_checksum,
        .legal_flags = !segment->odd_flags && tcpt_legal_flags(segment->flags),
        .options = segment->header_bytes > TCPT_TCP_HEADER_BYTES,
    };
}
