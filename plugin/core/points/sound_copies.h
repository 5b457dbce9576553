/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments with a wrong checksum at one capture point and a right one at another. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_SOUND_COPIES_H
#define TCPTRIAGE_CORE_POINTS_SOUND_COPIES_H

#include "core/points/sighting.h"
#include "tcptriage/endpoint.h"

/** One segment, at two points. */
typedef struct tcpt_sound_pair {
    tcpt_record *damaged;
    tcpt_record *sound;
} tcpt_sound_pair;

/** Those of one connection, of either end as many as findings are told apart of (TCPT_DAMAGES); more are not kept. */
typedef struct tcpt_sound_pairs {
    uint32_t count;
    tcpt_sound_pair at[2 * TCPT_DAMAGES];
} tcpt_sound_pairs;

/** `now` is the same segment as `known`, at another point, and its checksum is wrong at one of them. Before the points
 * of `known` are joined by that of `now`. */
void tcpt_sound_copies_note(const tcpt_sighting *known, const tcpt_sighting *now);

#endif
