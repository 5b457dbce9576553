/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IEEE 802.11 data frames that are not encrypted. */
#include "way.h"

enum {
    TYPE = 0x0c, /* of the first byte of frame control: IEEE 802.11, section 9.2.4.1 */
    TYPE_DATA = 0x08,
    SUBTYPE_NO_DATA = 0x40,
    SUBTYPE_QOS = 0x80,
    TO_DS = 0x01, /* of the second one */
    FROM_DS = 0x02,
    PROTECTED = 0x40,
    ORDER = 0x80,
    QOS_AGGREGATE = 0x80, /* of QoS control: A-MSDU present */
};

bool tcpt_next_subframe(tcpt_bytes *rest, tcpt_bytes *subframe)
{
    enum { HEADER_BYTES = 14 }; /* two addresses and a length; each subframe but the last one is padded to four bytes */
    uint32_t length;

    if (rest->captured <= HEADER_BYTES)
        return false;
    length = tcpt_be16(rest->at + 12);
    *subframe = *rest;
    tcpt_skip(subframe, HEADER_BYTES);
    tcpt_end_at(subframe, length);
    if (!tcpt_skip(rest, (HEADER_BYTES + length + 3) / 4 * 4))
        rest->captured = 0;
    return true;
}

static uint32_t header_bytes_of(unsigned control, unsigned flags)
{
    uint32_t bytes = 24;

    if ((flags & (TO_DS | FROM_DS)) == (TO_DS | FROM_DS))
        bytes += 6; /* the fourth address */
    if (control & SUBTYPE_QOS)
        bytes += flags & ORDER ? 6 : 2; /* QoS control, HT control */
    return bytes;
}

tcpt_layer tcpt_take_dot11(tcpt_way *way)
{
    const uint8_t *header = way->bytes.at;
    uint32_t header_bytes;
    bool aggregate;

    if (way->bytes.captured < 2)
        return TCPT_LAYER_NONE;
    if ((header[0] & TYPE) != TYPE_DATA || header[0] & SUBTYPE_NO_DATA || header[1] & PROTECTED)
        return TCPT_LAYER_NONE;
    header_bytes = header_bytes_of(header[0], header[1]);
    if (way->bytes.captured < header_bytes)
        return TCPT_LAYER_NONE;
    aggregate = header[0] & SUBTYPE_QOS && header[header_bytes - (header[1] & ORDER ? 6 : 2)] & QOS_AGGREGATE;
    if (way->padded_header)
        header_bytes = (header_bytes + 3) / 4 * 4;
    return tcpt_behind(way, header_bytes, aggregate ? TCPT_LAYER_AGGREGATE : TCPT_LAYER_LLC);
}

/* The header's flags tell whether the 802.11 header is padded; they are behind a time stamp that is aligned, if there
 * is one, and the words that say what there is. */
tcpt_layer tcpt_take_radiotap(tcpt_way *way)
{
    enum { PRESENT_TIME = 0x01, PRESENT_FLAGS = 0x02, PRESENT_MORE = 0x80, FLAG_PADDED = 0x20 };
    const uint8_t *header = way->bytes.at;
    uint32_t length, at = 4;

    if (way->bytes.captured < 8)
        return TCPT_LAYER_NONE;
    length = header[2] | (uint32_t)header[3] << 8;
    if (length < 8 || !tcpt_skip(&way->bytes, length))
        return TCPT_LAYER_NONE;
    while (at + 4 <= length && header[at + 3] & PRESENT_MORE)
        at += 4;
    at += 4;
    if (header[4] & PRESENT_TIME)
        at = (at + 7) / 8 * 8 + 8;
    way->padded_header = header[4] & PRESENT_FLAGS && at < length && header[at] & FLAG_PADDED;
    return TCPT_LAYER_DOT11;
}
