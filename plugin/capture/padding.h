/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What lies behind a datagram in a frame: padding, a frame check sequence, a trailer.
 */
#ifndef TCPTRIAGE_CAPTURE_PADDING_H
#define TCPTRIAGE_CAPTURE_PADDING_H

#include <stdint.h>

/** A datagram, and what it lies in. */
typedef struct tcpt_datagram_place {
    const uint8_t *frame;    /**< all of it, where it is a frame of Ethernet of which all was captured; else NULL */
    uint32_t frame_bytes;    /**< of what it lies in, as it was on the wire */
    uint32_t end;            /**< of the datagram in there, by its own length */
    uint32_t datagram_bytes; /**< that */
    int fcs_bytes; /**< bytes of check sequence at the frame's end as the file says it; negative: it does not */
} tcpt_datagram_place;

/** Bytes of Ethernet padding behind it. Where the file says nothing of a check sequence, and there is more than the
 * shortest frame needs, four bytes that are the right one are it. */
uint32_t tcpt_padding_behind(const tcpt_datagram_place *place);

#endif
