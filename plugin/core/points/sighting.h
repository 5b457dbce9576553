/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A segment that was seen at one capture point and may still show at others. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_SIGHTING_H
#define TCPTRIAGE_CORE_POINTS_SIGHTING_H

#include "core/points/connection.h"
#include "tcptriage/observation.h"

/** A segment that may still show at other points. Numbers are those of the connection's reference. */
typedef struct tcpt_sighting {
    struct tcpt_sighting *older, *newer;       /**< all that are kept, in the order of the file */
    struct tcpt_sighting *before, *after;      /**< of its connection and way */
    struct tcpt_sighting *alike, *alike_newer; /**< the same numbers, sent before and after */
    struct tcpt_connection *connection;
    uint32_t seq;
    uint32_t end_seq;
    uint32_t ack;
    uint32_t tsval;
    uint32_t sack_left; /**< first SACK block as captured first, 0 without */
    uint32_t sack;      /**< a hash of all of them, 0 without */
    uint16_t window;
    uint16_t ip_id;
    uint16_t ip_bytes;
    uint16_t properties; /**< bits of tcpt_loss_property */
    uint8_t flags;       /**< those that identify it */
    uint8_t way;
    uint8_t first; /**< member that saw it first */
    uint8_t seen;  /**< members that saw all of it, as bits */
    uint8_t ttl;   /**< there; 0 unknown */
    bool has_ip_id;
    bool has_timestamps;
    uint8_t sound;                    /**< members that saw its checksum right, as bits */
    uint8_t damaged;                  /**< members that saw it wrong, and no offload artefact, as bits */
    bool in_order;                    /**< it has bytes, all behind those of the ones in order before it; no RST */
    uint32_t in_pieces[TCPT_MEMBERS]; /**< how many of its bytes a member has seen in pieces, in whatever order */
    int64_t time_ns[TCPT_MEMBERS];    /**< valid for those in `seen` */
    tcpt_record *record[TCPT_MEMBERS];
} tcpt_sighting;

/** Whether it has bytes that one before it may have had. */
static inline bool tcpt_repeats_bytes(const tcpt_sighting *of)
{
    return !of->in_order && of->seq != of->end_seq && !(of->flags & TCPT_RST);
}

/** A segment as its point sees it first: in the numbers of the connection's reference, in no list. Of properties it has
 * that it is padded. */
void tcpt_sighting_fill(tcpt_sighting *now, tcpt_connection *connection, unsigned member, const tcpt_segment *segment,
                        const tcpt_observation *seen, tcpt_record *record);

/** What else may tell why it got lost: for one that is kept. */
void tcpt_sighting_note_properties(tcpt_sighting *now, const tcpt_segment *segment, const tcpt_observation *seen);

#endif
