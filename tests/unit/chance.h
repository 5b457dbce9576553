/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments of a conversation by chance: ordinary ones, and odd ones.
 */
#ifndef TCPTRIAGE_TESTS_CHANCE_H
#define TCPTRIAGE_TESTS_CHANCE_H

#include "tcptriage/segment.h"

typedef struct talk {
    uint32_t next[2];  /**< behind what each end has sent */
    uint32_t acked[2]; /**< what each end has acknowledged */
    uint32_t stamp;
    uint8_t wscale;
    bool timestamps;
    uint16_t port;
    uint16_t ip_id;
    uint32_t frame;
    int64_t now_ns;
    unsigned oddness; /**< one segment in so many is odd, 0 none */
    tcpt_segment last;
} talk;

/** A conversation that is about to begin. @param oddness as talk.oddness */
talk new_talk(unsigned oddness);

/** True once in so many times; never for 0. */
bool one_in(unsigned many);

/** A number a little beside, or far away: a distance. */
uint32_t near_zero(void);

/** The next segment in order of an end. */
tcpt_segment plain(talk *all, unsigned from, uint8_t flags, uint32_t payload_bytes);

/** Make something about a segment unusual; several things at times. */
void make_odd(talk *all, tcpt_segment *segment);

#endif
