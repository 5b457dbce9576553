/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the timestamp says about a segment. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_PAWS_H
#define TCPTRIAGE_CORE_RECEIVER_PAWS_H

#include "core/receiver/reception.h"

/** What the timestamp says about a segment (RFC 7323, section 5). */
typedef enum tcpt_paws { TCPT_PAWS_PASSES, TCPT_PAWS_FAILS, TCPT_PAWS_UNSURE } tcpt_paws;

/** Compare the timestamp with what the receiver holds; `slack` ticks behind it still pass. */
tcpt_paws tcpt_paws_of(const tcpt_reception *at, int32_t slack, int32_t *delta);

#endif
