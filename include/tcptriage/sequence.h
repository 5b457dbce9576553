/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Sequence numbers: 32 bits that wrap (RFC 9293, section 3.4).
 */
#ifndef TCPTRIAGE_SEQUENCE_H
#define TCPTRIAGE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/** Signed distance from `b` to `a`; meaningless when they are 2^31 or more apart. */
static inline int32_t seq_delta(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/** True when `a` comes before `b`. */
static inline bool seq_before(uint32_t a, uint32_t b)
{
    return seq_delta(a, b) < 0;
}

/** True when `a` comes after `b`. */
static inline bool seq_after(uint32_t a, uint32_t b)
{
    return seq_delta(a, b) > 0;
}

/** The later of two. */
static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
    return seq_after(a, b) ? a : b;
}

#endif
