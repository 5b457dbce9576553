/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "padding.h"

#include <glib.h>

#include <wsutil/crc32.h>

#include "tcptriage/segment.h"

enum { FCS_BYTES = 4 };

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static uint32_t fcs_bytes(const tcpt_datagram_place *place, uint32_t behind_bytes)
{
    if (place->fcs_bytes >= 0)
        return (uint32_t)place->fcs_bytes;
    if (!place->frame || place->datagram_bytes + behind_bytes <= TCPT_ETHERNET_PAYLOAD_LEAST)
        return 0; /* short enough without one */
    return crc32_ccitt(place->frame, place->frame_bytes - FCS_BYTES) ==
                   le32(place->frame + place->frame_bytes - FCS_BYTES)
               ? FCS_BYTES
               : 0;
}

uint32_t tcpt_padding_behind(const tcpt_datagram_place *place)
{
    uint32_t behind_bytes;

    if (place->frame_bytes <= place->end)
        return 0;
    behind_bytes = place->frame_bytes - place->end;
    if (place->datagram_bytes + behind_bytes > TCPT_ETHERNET_PAYLOAD_LEAST + FCS_BYTES)
        return 0; /* a trailer, with FCS or without */
    behind_bytes -= MIN(behind_bytes, fcs_bytes(place, behind_bytes));
    return tcpt_padding_bytes(place->datagram_bytes, behind_bytes);
}
