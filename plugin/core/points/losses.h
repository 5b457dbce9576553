/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What went in at one point and did not come out at the next, counted. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_LOSSES_H
#define TCPTRIAGE_CORE_POINTS_LOSSES_H

#include <glib.h>

#include "core/points/sighting.h"
#include "core/points/points.h"

/** Sizes of which is kept when one of them, or a longer one, arrived last: full segments, requests, ACKs. */
#define TCPT_SIZES 4

/** The newest of those that arrived and were so long; all longer ones came before it. */
typedef struct tcpt_last_of_size {
    int64_t time_ns;
    uint16_t ip_bytes;
} tcpt_last_of_size;

/** What one end sent, counted from one member to another. */
typedef struct tcpt_loss_table {
    tcpt_share all;
    tcpt_share with[TCPT_LOSS_PROPERTIES];
    uint32_t reset_missing;
    uint32_t smallest_missing;
    uint32_t largest_arrived;
    uint32_t bare_missing;
    uint32_t unmissed; /* of all.missing, what nothing was sent again for the want of */
    uint32_t uncaptured;
    int64_t arrived_ns;                  /* newest of those that arrived, at the nearer point; 0 for none */
    uint32_t astray;                     /* came under another address or port */
    tcpt_lost first_astray;              /* valid with astray */
    tcpt_record *stray;                  /* the same there; valid with astray */
    tcpt_last_of_size sizes[TCPT_SIZES]; /* longest first, and so oldest first; all zero behind the last */
    GArray *lost;                        /**< tcpt_lost, NULL before the first */
} tcpt_loss_table;

/** Whether every point that has not seen a sighting has gone on capturing for match_seconds since it was due there. */
bool tcpt_losses_decided(const tcpt_sighting *sighting);
/** Whether all points but that where a segment was seen have gone on since, so that it would have shown there. */
bool tcpt_others_went_on(const tcpt_points *points, const tcpt_point *here, int64_t time_ns);
/** Count a sighting that is let go; where it was not seen only when `decided`. */
void tcpt_losses_count(const tcpt_sighting *sighting, bool decided);
/** What was counted so far of what was seen at `from` and looked for at `to`, together with what is still kept: more
 *  segments may come. A copy; its `lost` is never NULL, and the caller's. */
tcpt_loss_table tcpt_tally_table(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way);
void tcpt_loss_table_free(tcpt_loss_table *table);

/** Count a segment that was never answered and that one point alone has seen. */
void tcpt_loss_table_add_missing(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from);

#endif
