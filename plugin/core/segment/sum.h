/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The sum that a checksum is made of. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_SEGMENT_SUM_H
#define TCPTRIAGE_CORE_SEGMENT_SUM_H

#include <stdint.h>
#include <string.h>

#include <glib.h>

/** One's-complement addition: the carry comes in again at the other end. */
static inline uint64_t tcpt_sum_add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/** The next eight bytes, as they stand. */
static inline uint64_t tcpt_sum_load(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/** The 1 to 7 bytes before `end`, filled up with zeros behind them; 8 can be read. */
static inline uint64_t tcpt_sum_tail(const uint8_t *end, uint32_t bytes)
{
    uint64_t word = tcpt_sum_load(end - 8);
    unsigned other_bits = 8 * (8 - bytes);

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
    return word >> other_bits;
#else
    return word << other_bits;
#endif
}

/** One's-complement sum of 16-bit words in host order, not folded; of at least 8 bytes. */
uint64_t tcpt_sum_bytes(const uint8_t *bytes, uint32_t length);

/** The same by what every processor can do. */
uint64_t tcpt_sum_bytes_anywhere(const uint8_t *bytes, uint32_t length);

#endif
