/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/sighting.h"

#include <glib.h>

#include "tcptriage/points.h"

static uint16_t properties(const tcpt_connection *connection, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_observation *seen)
{
    uint8_t both = flow->ends[0].syn_options & flow->ends[1].syn_options;
    uint16_t bits = 0;

    if (segment->checksum_is == TCPT_CHECKSUM_WRONG || segment->checksum_is == TCPT_CHECKSUM_OVER_PADDING)
        bits |= 1u << TCPT_LOSS_CHECKSUM;
    if (seen->tracker.current == TCPT_CT_INVALID)
        bits |= 1u << TCPT_LOSS_INVALID;
    if (segment->fragment || segment->fragments)
        bits |= 1u << TCPT_LOSS_FRAGMENTS;
    if (segment->pad_bytes)
        bits |= 1u << TCPT_LOSS_PADDED;
    if (segment->pad_bytes || tcpt_short_on_the_wire(segment))
        bits |= 1u << TCPT_LOSS_SHORT;
    if (segment->flags & (TCPT_FIN | TCPT_RST))
        bits |= 1u << TCPT_LOSS_FIN_OR_RST;
    if ((both & TCPT_OPTION_TIMESTAMPS) && !(segment->options & TCPT_OPTION_TIMESTAMPS))
        bits |= 1u << TCPT_LOSS_NO_TIMESTAMPS;
    if (segment->options & TCPT_OPTION_FAST_OPEN)
        bits |= 1u << TCPT_LOSS_FAST_OPEN;
    if (segment->options & TCPT_OPTION_MULTIPATH)
        bits |= 1u << TCPT_LOSS_MULTIPATH;
    if (segment->options & TCPT_OPTION_SACK)
        bits |= 1u << TCPT_LOSS_SACK;
    if (connection->idled)
        bits |= 1u << TCPT_LOSS_AFTER_IDLE;
    return bits;
}

static uint32_t hash_of_sack(const tcpt_segment *segment)
{
    uint32_t hash = segment->sack_count;

    for (unsigned i = 0; i < segment->sack_count; i++) {
        hash = (hash ^ segment->sack_left[i]) * 2654435761u;
        hash = (hash ^ hash >> 15 ^ segment->sack_right[i]) * 2654435761u;
    }
    return hash;
}

tcpt_sighting tcpt_sighting_of(tcpt_connection *connection, unsigned member, const tcpt_segment *segment,
                               const tcpt_observation *seen, tcpt_record *record)
{
    const tcpt_member *here = &connection->members[member];
    unsigned way = seen->from ^ here->turned;
    tcpt_sighting now = {
        .connection = connection,
        .seq = segment->seq - here->shift[way],
        .end_seq = segment->end_seq - here->shift[way],
        .ack = segment->flags & TCPT_ACK ? segment->ack - here->shift[!way] : 0,
        .tsval = segment->tsval,
        .sack_left = segment->sack_count ? segment->sack_left[0] : 0,
        .sack = hash_of_sack(segment),
        .window = segment->window,
        .ip_id = segment->ip_id,
        .ip_bytes = (uint16_t)MIN((segment->family == 6 ? 40u : 20u) + segment->header_bytes + segment->payload_bytes,
                                  UINT16_MAX),
        .properties = properties(connection, here->flow, segment, seen),
        .flags = segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK),
        .way = (uint8_t)way,
        .first = (uint8_t)member,
        .seen = (uint8_t)(1u << member),
        .ttl = segment->ttl,
        .has_ip_id = segment->has_ip_id && segment->ip_id != 0 && !here->flow->ends[seen->from].ip_id_stuck,
        .has_timestamps = segment->options & TCPT_OPTION_TIMESTAMPS,
    };

    now.time_ns[member] = segment->time_ns;
    now.record[member] = record;
    return now;
}
