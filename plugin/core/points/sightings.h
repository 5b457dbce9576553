/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The segments that may still show at another point: all of them, by number and by age. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_SIGHTINGS_H
#define TCPTRIAGE_CORE_POINTS_SIGHTINGS_H

#include "core/points/state.h"

/** While nothing is known of the clocks of two files a copy may come an hour later in the merged one, so time does not
 * tell when to let go: then the oldest go. At 216 bytes each, 14 MB at the most. */
#define TCPT_KEPT_MOST 65536

/** How many sightings a slab has room for. */
enum { TCPT_SLAB_SIGHTINGS = 256 };

/** A table of sightings by their numbers: of connections and ways of which more than a few are kept. */
GHashTable *tcpt_sightings_new(void);

/** Those kept of a segment's numbers: `alike` leads from the newest to the oldest, `alike_newer` back. */
typedef struct tcpt_sightings_alike {
    tcpt_sighting *newest; /**< NULL: there is none */
    tcpt_sighting *oldest; /**< NULL where they are so few that all are soon looked through */
} tcpt_sightings_alike;

tcpt_sightings_alike tcpt_sightings_find(const tcpt_points *points, const tcpt_sighting *now);

/** One to be filled in, and then kept or dropped. */
tcpt_sighting *tcpt_sightings_new_one(tcpt_points *points);
void tcpt_sightings_drop(tcpt_points *points, tcpt_sighting *sighting);

/** Keep a sighting until all members have seen it, or until it is too late for that. */
void tcpt_sightings_keep(tcpt_points *points, tcpt_sighting *kept);

/** Count a sighting and forget it. `decided`: where it has not been seen by now it never will. */
void tcpt_sightings_let_go(tcpt_points *points, tcpt_sighting *sighting, bool decided);

/** Let go of those that are too old, or too many. */
void tcpt_sightings_let_go_of_old(tcpt_points *points);

#endif
