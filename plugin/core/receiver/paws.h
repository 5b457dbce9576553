/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the timestamp says about a segment. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_PAWS_H
#define TCPTRIAGE_CORE_RECEIVER_PAWS_H

#include "core/receiver/reception.h"

/** What the timestamp says about a segment (RFC 7323, section 5). */
typedef enum tcpt_paws { TCPT_PAWS_PASSES, TCPT_PAWS_FAILS, TCPT_PAWS_UNSURE } tcpt_paws;

/** A segment's timestamp against what its receiver holds. */
typedef struct tcpt_stamp {
    tcpt_paws paws;
    uint32_t behind_least; /**< ticks behind TS.Recent, from and to; valid when it fails */
    uint32_t behind_most;
    int32_t proven; /**< TSval minus what the receiver echoed, where that alone refuses it; else 0 */
} tcpt_stamp;

/** Compare the timestamp with what the receiver holds; `slack` ticks behind it still pass. */
tcpt_stamp tcpt_stamp_of(const tcpt_reception *at, int32_t slack);

#endif
