/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments with a wrong checksum, kept until it is known what became of their bytes. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_DAMAGES_H
#define TCPTRIAGE_CORE_FLOW_DAMAGES_H

#include "tcptriage/flow.h"
#include "tcptriage/observation.h"
#include "tcptriage/sequence.h"

static inline unsigned tcpt_damage_count(const tcpt_endpoint *end)
{
    return end->trouble->damages ? end->trouble->damages->count : 0;
}

static inline const tcpt_damage *tcpt_damage_at(const tcpt_endpoint *end, unsigned place)
{
    return &end->trouble->damages->at[place];
}

static inline bool tcpt_damage_overlaps(const tcpt_damage *damage, const tcpt_segment *segment)
{
    return seq_before(segment->seq, damage->right) && seq_after(segment->end_seq, damage->left);
}

/** Whether a segment carries all of its bytes. */
static inline bool tcpt_damage_covered_by(const tcpt_damage *damage, const tcpt_segment *segment)
{
    return !seq_after(segment->seq, damage->left) && !seq_before(segment->end_seq, damage->right);
}

/** A sum that nobody doubts, or one that cannot be doubted. */
static inline bool tcpt_sum_passes(const tcpt_segment *segment, const tcpt_observation *seen)
{
    return segment->checksum_is != TCPT_CHECKSUM_WRONG || seen->sum_explained;
}

/** The checksum field minus length, in one's complement; 0xffff and 0 are the same there. */
static inline uint16_t tcpt_sum_rest(const tcpt_segment *segment)
{
    uint32_t length = segment->header_bytes + segment->payload_bytes;
    uint32_t rest = segment->checksum + (~(length % 0xffff) & 0xffff);

    rest = (rest & 0xffff) + (rest >> 16);
    return rest == 0xffff ? 0 : (uint16_t)rest;
}

#endif
