/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/key.h"

#include <glib.h>
#include <string.h>

#include "core/flow/flow.h"
#include "core/segment/bytes.h"
#include "tcptriage/points.h"

G_STATIC_ASSERT(sizeof(tcpt_flow_key) == 40);
G_STATIC_ASSERT(TCPT_POINTS_MOST < UINT16_MAX);

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static inline uint64_t word_at(const tcpt_flow_key *key, unsigned at)
{
    uint64_t word;

    memcpy(&word, (const uint8_t *)key + at, sizeof word);
    return word;
}

/* Side by side: an IPv4 address fills half a word, and networks that are mapped onto each other make pairs of addresses
 * that differ by the same bits. */
static inline uint64_t turned(uint64_t word)
{
    return word << 32 | word >> 32;
}

uint32_t tcpt_key_hash(const tcpt_flow_key *key)
{
    uint64_t hash = mix(word_at(key, 0), turned(word_at(key, 16)));

    if (key->family == 6)
        hash = mix(mix(hash, word_at(key, 8)), word_at(key, 24));
    hash = mix(hash, word_at(key, 32));
    return (uint32_t)hash ? (uint32_t)hash : 1;
}

/* Which end sent it: the higher address, then the higher port, is end 1. */
static unsigned sender_of(const tcpt_segment *segment)
{
    int order;

    if (segment->family == 4) { /* without a call */
        uint32_t src = be32(segment->src), dst = be32(segment->dst);

        return src > dst || (src == dst && segment->src_port > segment->dst_port);
    }
    order = memcmp(segment->src, segment->dst, 16);
    return order > 0 || (order == 0 && segment->src_port > segment->dst_port);
}

/* Within those who call it: every segment passes here. */
extern inline unsigned tcpt_flow_key_of(tcpt_flow_key *key, const tcpt_segment *segment)
{
    unsigned from = sender_of(segment);

    *key = (tcpt_flow_key){0};
    if (segment->family == 4) {
        memcpy(key->address[from], segment->src, 4);
        memcpy(key->address[!from], segment->dst, 4);
    } else {
        memcpy(key->address[from], segment->src, 16);
        memcpy(key->address[!from], segment->dst, 16);
    }
    key->port[from] = segment->src_port;
    key->port[!from] = segment->dst_port;
    key->point = (uint16_t)segment->point;
    key->depth = segment->depth;
    key->family = segment->family;
    return from;
}
