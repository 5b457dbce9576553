/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same packet captured twice at one point. */
#include "core/flow/commit.h"

#include <stdlib.h>
#include <string.h>

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

/* Of tcpt_flow.seen_from, 8.4 s: 32 bits of them reach as far as any time in nanoseconds does, and little is lost of
 * the 35 minutes that times in `seen` reach. */
#define STEP_US (INT64_C(1) << 23)
_Static_assert(INT64_MAX / 1000 / STEP_US <= INT32_MAX, "any time is told in steps");

static int64_t time_us(const tcpt_segment *segment)
{
    return segment->time_ns / 1000;
}

static int64_t from_us(const tcpt_flow *flow)
{
    return flow->seen_from * STEP_US;
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

static bool same_packet(const tcpt_flow *flow, const tcpt_fingerprint *seen, const tcpt_segment *segment, bool keyed)
{
    if (keyed ? seen->ip_id != segment->ip_id : seen->sums != sums_of(segment))
        return false;
    return llabs(time_us(segment) - (from_us(flow) + seen->time_us)) < (keyed ? COPY_WITH_ID_US : COPY_WITHOUT_ID_US);
}

static uint8_t tag_of(uint32_t hash)
{
    return hash >> 24;
}

/* Whether one of the bytes is 0. */
static bool has_zero(uint64_t bytes)
{
    return (bytes - UINT64_C(0x0101010101010101)) & ~bytes & UINT64_C(0x8080808080808080);
}

/* Whether a tag is there; all of them are compared, eight at a time. */
static bool known(const tcpt_flow *flow, uint8_t tag)
{
    uint64_t same = tag * UINT64_C(0x0101010101010101), first, last;

    _Static_assert(TCPT_FINGERPRINTS >= 8 && TCPT_FINGERPRINTS <= 16, "in two pieces, that may overlap");
    memcpy(&first, flow->seen_tag, sizeof first);
    memcpy(&last, flow->seen_tag + TCPT_FINGERPRINTS - sizeof last, sizeof last);
    return has_zero(first ^ same) || has_zero(last ^ same);
}

static const tcpt_fingerprint *original_of(const tcpt_flow *flow, const tcpt_segment *segment, uint32_t hash,
                                           bool keyed)
{
    const tcpt_fingerprint *newest = &flow->seen_newest;

    if (flow->seen_next % 2 && newest->hash == hash && same_packet(flow, newest, segment, keyed))
        return newest;
    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++) {
        const tcpt_fingerprint *seen = &flow->seen[i];

        if (keyed && seen->ip_id != segment->ip_id)
            continue; /* asked first: a storm's are all of the same hash */
        if (seen->hash == hash && same_packet(flow, seen, segment, keyed) && tcpt_seen_at(flow, i) == seen)
            return seen;
    }
    return NULL;
}

bool tcpt_is_copy(tcpt_packet_id *id, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_fingerprint *original;
    bool keyed;

    id->hash = fingerprint_hash(segment, from);
    if (!known(flow, tag_of(id->hash)))
        return false;
    keyed = has_key(segment, &flow->ends[from]);
    original = original_of(flow, segment, id->hash, keyed);
    if (original)
        id->original = original->record;
    return original;
}

/* What is out of reach then is forgotten, by far too old for copies. */
static void count_one_from(tcpt_fingerprint *seen, int64_t moved_us)
{
    int64_t offset_us = moved_us + seen->time_us;

    if (offset_us != (int32_t)offset_us)
        seen->hash = 0;
    seen->time_us = (int32_t)offset_us;
}

/* Count times from another one on. */
static void count_from(tcpt_flow *flow, int64_t now_us)
{
    int64_t before_us = from_us(flow);

    flow->seen_from = (int32_t)(now_us / STEP_US);
    if (!flow->seen_next && !flow->seen_over)
        return; /* nothing is there yet */
    count_one_from(&flow->seen_newest, before_us - from_us(flow));
    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        count_one_from(&flow->seen[i], before_us - from_us(flow));
}

/* Within those who call it: every segment passes here. */
extern inline void tcpt_flow_remember(tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                                      const tcpt_packet_id *id, uint32_t number)
{
    tcpt_endpoint *sender = &flow->ends[from];
    tcpt_fingerprint now = {id->hash, 0, number, segment->ip_id, sums_of(segment)};
    int64_t now_us = time_us(segment);
    unsigned at = flow->seen_next;

    _Static_assert(TCPT_FINGERPRINTS % 2 == 0, "they are put there two at a time");
    if (sender->ip_id == segment->ip_id && sender->segment_count && has_key(segment, sender))
        sender->ip_id_stuck = true; /* another segment under the same ID */
    sender->ip_id = segment->ip_id;
    if (now_us - from_us(flow) != (int32_t)(now_us - from_us(flow)))
        count_from(flow, now_us);
    now.time_us = (int32_t)(now_us - from_us(flow));
    flow->seen_tag[at] = tag_of(id->hash);
    flow->seen_next = (uint8_t)(at + 1);
    if (at % 2) {
        flow->seen[at - 1] = flow->seen_newest;
        flow->seen[at] = now;
    }
    flow->seen_newest = now;
    if (at + 1 < TCPT_FINGERPRINTS)
        return;
    flow->seen_next = 0;
    flow->seen_over = true;
}

void tcpt_flow_commit_copy(tcpt_flow *flow, unsigned from)
{
    tcpt_rst_forget(flow);
    flow->duplicates = true;
    flow->ends[from].copies++;
}
