/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/sighting.h"

#include <string.h>

#include <glib.h>

#include "tcptriage/points.h"

static uint16_t option_properties(const tcpt_segment *segment)
{
    uint16_t bits = 0;

    if (segment->options & TCPT_OPTION_FAST_OPEN)
        bits |= 1u << TCPT_LOSS_FAST_OPEN;
    if (segment->options & TCPT_OPTION_MULTIPATH)
        bits |= 1u << TCPT_LOSS_MULTIPATH;
    if (segment->options & TCPT_OPTION_SACK)
        bits |= 1u << TCPT_LOSS_SACK;
    return bits;
}

void tcpt_sighting_note_properties(tcpt_sighting *now, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_flow *flow = tcpt_member_flow(&now->connection->members[now->first]);
    uint8_t both = flow->ends[0].syn_options & flow->ends[1].syn_options;
    unsigned bits = now->properties;

    if (segment->checksum_is == TCPT_CHECKSUM_WRONG || segment->checksum_is == TCPT_CHECKSUM_OVER_PADDING)
        bits |= 1u << TCPT_LOSS_CHECKSUM;
    if (seen->tracker.current == TCPT_CT_INVALID)
        bits |= 1u << TCPT_LOSS_INVALID;
    if (segment->fragment || segment->fragments)
        bits |= 1u << TCPT_LOSS_FRAGMENTS;
    if (segment->pad_bytes || tcpt_short_on_the_wire(segment))
        bits |= 1u << TCPT_LOSS_SHORT;
    if (segment->flags & (TCPT_FIN | TCPT_RST))
        bits |= 1u << TCPT_LOSS_FIN_OR_RST;
    if ((both & TCPT_OPTION_TIMESTAMPS) && !(segment->options & TCPT_OPTION_TIMESTAMPS))
        bits |= 1u << TCPT_LOSS_NO_TIMESTAMPS;
    if (now->connection->idled)
        bits |= 1u << TCPT_LOSS_AFTER_IDLE;
    if (segment->options & ~(unsigned)TCPT_OPTION_TIMESTAMPS)
        bits |= option_properties(segment);
    now->properties = (uint16_t)bits;
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

void tcpt_sighting_fill(tcpt_sighting *now, tcpt_connection *connection, unsigned member, const tcpt_segment *segment,
                        const tcpt_observation *seen, tcpt_record *record)
{
    const tcpt_member *here = &connection->members[member];
    unsigned way = seen->from ^ here->turned;

    memset(now->in_pieces, 0, sizeof now->in_pieces); /* what is not filled in is not read before it is */
    now->connection = connection;
    now->seq = segment->seq - here->shift[way];
    now->end_seq = segment->end_seq - here->shift[way];
    now->ack = segment->flags & TCPT_ACK ? segment->ack - here->shift[!way] : 0;
    now->tsval = segment->tsval;
    now->sack_left = segment->sack_count ? segment->sack_left[0] : 0;
    now->sack = segment->sack_count ? hash_of_sack(segment) : 0;
    now->window = segment->window;
    now->ip_id = segment->ip_id;
    now->ip_bytes =
        (uint16_t)MIN((segment->family == 6 ? 40u : 20u) + segment->header_bytes + segment->payload_bytes, UINT16_MAX);
    now->properties = segment->pad_bytes ? 1u << TCPT_LOSS_PADDED : 0;
    now->flags = segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK);
    now->way = (uint8_t)way;
    now->first = (uint8_t)member;
    now->seen = (uint8_t)(1u << member);
    now->ttl = segment->ttl;
    now->has_ip_id = segment->has_ip_id && segment->ip_id != 0 && !tcpt_member_flow(here)->ends[seen->from].ip_id_stuck;
    now->has_timestamps = segment->options & TCPT_OPTION_TIMESTAMPS;
    now->sound = segment->checksum_is == TCPT_CHECKSUM_GOOD ? now->seen : 0;
    now->damaged = segment->checksum_is == TCPT_CHECKSUM_WRONG ? now->seen : 0;
    now->time_ns[member] = segment->time_ns;
    now->record[member] = record;
}
