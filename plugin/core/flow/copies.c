/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same packet captured twice at one point. */
#include "core/flow/commit.h"

#include <stdlib.h>

static uint32_t mix(uint32_t hash, uint32_t value)
{
    return (hash ^ value) * UINT32_C(0x9e3779b1);
}

static uint32_t fingerprint_hash(const tcpt_segment *segment, unsigned from)
{
    uint32_t hash = mix(mix(mix(from + 1, segment->seq), segment->ack), segment->payload_bytes);

    hash = mix(hash ^ hash >> 15, segment->flags);
    return hash ? hash : 1;
}

/* Same numbers are one packet twice when the IP ID is the same too: hosts count it up per packet, retransmissions
 * included. A few stacks keep it when they retransmit, so it counts only below the shortest common retransmission
 * timeout. Where the ID says nothing (zero with DF, RFC 6864; IPv6; stuck) only the time is left: a
 * copy follows within a millisecond. */
enum { COPY_WITH_ID_US = TCPT_SHORTEST_RTO_MS * 1000, COPY_WITHOUT_ID_US = 1000 };

static int64_t time_us(const tcpt_segment *segment)
{
    return segment->time_ns / 1000;
}

/* Checksum and window, mixed. */
static uint16_t sums_of(const tcpt_segment *segment)
{
    return (uint16_t)(segment->checksum ^ segment->window * 31u);
}

/* Whether its IP ID is the sender's own for this packet. */
static bool has_key(const tcpt_segment *segment, const tcpt_endpoint *sender)
{
    return segment->has_ip_id && segment->ip_id != 0 && !sender->ip_id_stuck;
}

static bool same_packet(const tcpt_fingerprints *seen, unsigned at, const tcpt_segment *segment,
                        const tcpt_endpoint *sender)
{
    int64_t apart_us = llabs(time_us(segment) - (seen->base_us + seen->of[at].time_us));

    if (has_key(segment, sender))
        return seen->of[at].ip_id == segment->ip_id && apart_us < COPY_WITH_ID_US;
    return seen->of[at].sums == sums_of(segment) && apart_us < COPY_WITHOUT_ID_US;
}

/* Whether a hash is there at all; all of them are compared, several at a time. */
static bool known(const tcpt_fingerprints *seen, uint32_t hash)
{
    uint32_t same = 0;

    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        same |= seen->hash[i] == hash;
    return same;
}

bool tcpt_is_copy(tcpt_packet_id *id, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_fingerprints *seen = &flow->seen;

    id->hash = fingerprint_hash(segment, from);
    if (!known(seen, id->hash))
        return false;
    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        if (seen->hash[i] == id->hash && same_packet(seen, i, segment, &flow->ends[from])) {
            id->original = seen->of[i].record;
            return true;
        }
    return false;
}

/* Count times from another one on; what is then out of reach is forgotten, by far too old for copies. */
static void count_from(tcpt_fingerprints *seen, int64_t base_us)
{
    int64_t moved_us = seen->base_us - base_us;
    bool empty = seen->base_us == 0 && seen->hash[0] == 0;

    seen->base_us = base_us;
    for (unsigned i = 0; !empty && i < TCPT_FINGERPRINTS; i++) {
        int64_t offset_us = moved_us + seen->of[i].time_us;

        if (offset_us != (int32_t)offset_us)
            seen->hash[i] = 0;
        seen->of[i].time_us = (int32_t)offset_us;
    }
}

void tcpt_flow_remember(tcpt_flow *flow, const tcpt_segment *segment, unsigned from, const tcpt_packet_id *id,
                        uint32_t number)
{
    tcpt_endpoint *sender = &flow->ends[from];
    tcpt_fingerprints *seen = &flow->seen;
    int64_t now_us = time_us(segment);
    unsigned at = flow->seen_next;

    if (sender->ip_id == segment->ip_id && sender->segment_count && has_key(segment, sender))
        sender->ip_id_stuck = true; /* another segment under the same ID */
    sender->ip_id = segment->ip_id;
    if (now_us - seen->base_us != (int32_t)(now_us - seen->base_us))
        count_from(seen, now_us);
    seen->hash[at] = id->hash;
    seen->of[at] = (tcpt_fingerprint){(int32_t)(now_us - seen->base_us), number, segment->ip_id, sums_of(segment)};
    flow->seen_next = at + 1 < TCPT_FINGERPRINTS ? (uint8_t)(at + 1) : 0;
}

void tcpt_flow_commit_copy(tcpt_flow *flow, unsigned from)
{
    flow->duplicates = true;
    flow->ends[from].copies++;
}
