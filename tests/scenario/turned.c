/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "turned.h"

#include <string.h>

const scn_guise scn_guises[] = {
    {"turned", true, {0, 0}},
    {"wrapping", false, {0xfff0bdb0, 0x7fb3b4b0}}, /* the usual numbers begin a few bytes below 2^32 and 2^31 */
    {"halfway", false, {0x7ff0bdb0, 0xffb3b4b0}},  /* the other way round */
    {"far", true, {0x7ff0bd00, 0xffb3b480}},
    {NULL, false, {0, 0}},
};

static const uint8_t *complement(uint8_t *made, const uint8_t *address, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        made[i] = (uint8_t)~address[i];
    return made;
}

void scn_disguise(tcpt_segment *segment, const scn_guise *guise, uint8_t src[16], uint8_t dst[16])
{
    unsigned bytes = segment->family == 4 ? 4 : 16;
    bool server = memcmp(segment->src, segment->dst, bytes) > 0; /* in scripts it has the higher address */
    uint32_t mine = guise->shift[server], theirs = guise->shift[!server];
    segment->seq += mine;
    segment->end_seq += mine;
    if (segment->flags & TCPT_ACK)
        segment->ack += theirs;
    for (unsigned i = 0; i < segment->sack_count; i++) {
        segment->sack_left[i] += theirs;
        segment->sack_right[i] += theirs;
    }
    if (!guise->turned)
        return;
    segment->src = complement(src, segment->src, bytes);
    segment->dst = complement(dst, segment->dst, bytes);
}

void scn_disguise_icmp(tcpt_icmp *icmp, const scn_guise *guise, uint8_t src[16], uint8_t dst[16])
{
    unsigned bytes = icmp->family == 4 ? 4 : 16;
    icmp->seq += guise->shift[memcmp(icmp->src, icmp->dst, bytes) > 0];
    if (!guise->turned)
        return;
    icmp->src = complement(src, icmp->src, bytes);
    icmp->dst = complement(dst, icmp->dst, bytes);
}
