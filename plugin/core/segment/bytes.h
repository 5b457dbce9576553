/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Numbers in network byte order, and hashes of keys that are compared as bytes.
 */
#ifndef TCPTRIAGE_CORE_SEGMENT_BYTES_H
#define TCPTRIAGE_CORE_SEGMENT_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** Hash `length` bytes, a multiple of eight. */
static inline uint32_t tcpt_hash_words(const void *bytes, size_t length)
{
    uint64_t hash = 0;

    for (size_t at = 0; at < length; at += 8) {
        uint64_t word;

        memcpy(&word, (const uint8_t *)bytes + at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

#endif
