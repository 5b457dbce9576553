/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments followed from capture point to capture point. Inside the core only.
 *
 * points.c notes each segment and lets go of it in time, connections.c finds the flows that are one connection,
 * segments.c recognises a segment at the next point, order.c tells which point is nearer to the sender, losses.c
 * counts what did not get from one to the next, between.c sums up pairs of points.
 */
#ifndef TCPTRIAGE_CORE_POINTS_POINTS_H
#define TCPTRIAGE_CORE_POINTS_POINTS_H

#include <glib.h>

#include "tcptriage/observation.h"
#include "tcptriage/vantage.h"

/** Points that one connection is followed at; at further ones its segments are flows of their own and nothing more. */
#define TCPT_MEMBERS 6

struct tcpt_connection;
struct tcpt_vantage;

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
    uint32_t in_pieces[TCPT_MEMBERS]; /**< how many of its bytes a member has seen in pieces, in whatever order */
    int64_t time_ns[TCPT_MEMBERS];    /**< valid for those in `seen` */
    tcpt_record *record[TCPT_MEMBERS];
} tcpt_sighting;

/** What one end sent, counted from one member to another. */
typedef struct tcpt_loss_table {
    tcpt_share all;
    tcpt_share with[TCPT_LOSS_PROPERTIES];
    uint32_t reset_missing;
    uint32_t smallest_missing;
    uint32_t largest_arrived;
    uint32_t bare_missing;
    uint32_t uncaptured;
    GArray *lost; /**< tcpt_lost, NULL before the first */
} tcpt_loss_table;

/** Two members of a connection, and the segments that both have seen. */
typedef struct tcpt_leg {
    struct tcpt_leg *next;
    uint8_t a; /**< smaller index */
    uint8_t b;
    bool recut;                /**< one has in pieces what the other has whole */
    bool learned[2];           /**< by way: the two below tell something */
    int32_t ids_changed[2];    /**< segments whose IP ID was rewritten between them, minus those that kept it */
    int32_t tsvals_changed[2]; /**< the same for timestamps */
    bool sack_not_adjusted;
    int64_t complete_from_ns; /**< by a's clock: what b has from then on can be looked for at a */
    uint32_t crossed[2];      /**< segments seen at both, by way */
    int64_t least_ns[2];      /**< time at b minus time at a, by way */
    int64_t most_ns[2];
    int64_t newest_ns[2];
    uint32_t ttl_falls[2]; /**< lower at b than at a */
    uint32_t ttl_rises[2];
    tcpt_loss_table *losses[2][2]; /**< by way; 0 seen at a and looked for at b, 1 the reverse. NULL while empty */
} tcpt_leg;

/** A flow that is the connection at one point. */
typedef struct tcpt_member {
    tcpt_flow *flow;
    bool turned;           /**< its ends are in the other order than the first member's */
    bool translated;       /**< other addresses or ports than the first member's */
    bool shift_known[2];   /**< by way */
    uint32_t shift[2];     /**< its sequence numbers minus the reference's */
    int64_t noted_from_ns; /**< its segments are noted since then */
} tcpt_member;

/** One connection. Lives as long as the analysis. A way is an index into the first member's ends: who sends. */
typedef struct tcpt_connection {
    struct tcpt_connection *next;
    struct tcpt_vantage *vantage;
    tcpt_member members[TCPT_MEMBERS];
    uint8_t member_count;
    bool let_go; /**< sightings other than of SYNs were let go */
    bool reference_known[2];
    uint32_t reference[2];             /**< initial sequence number in the reference's numbers */
    uint32_t waiting[TCPT_MEMBERS][2]; /**< kept segments with bytes that a member has not seen, by way */
    bool idled;                        /**< a silence of idle_seconds was seen */
    tcpt_sighting *oldest[2], *newest[2];
    tcpt_leg *legs;
    tcpt_loss_table *alone; /**< what was let go while only one point knew it and nobody answered; NULL nothing */
} tcpt_connection;

/** What two points' clocks have to do with each other. */
typedef struct tcpt_clock_pair {
    uint32_t a, b;    /**< indexes of the points, a < b */
    bool known;       /**< segments crossed in both directions */
    int64_t ahead_ns; /**< b's clock minus a's */
    int64_t loop_ns;  /**< way there and back, for the connection that told: smaller is better */
} tcpt_clock_pair;

typedef struct tcpt_vantage tcpt_vantage;

tcpt_vantage *tcpt_vantage_new(const tcpt_settings *settings);
void tcpt_vantage_free(tcpt_vantage *vantage);

/** The point of a segment, made when it is new. */
tcpt_point *tcpt_vantage_point(tcpt_vantage *vantage, uint32_t id, uint8_t depth, const char *name);

/** Note the time of a segment at its point. */
void tcpt_point_note_time(tcpt_point *point, int64_t time_ns);

/** Begin to follow segments; a capture with one point has no use for that. */
void tcpt_vantage_watch(tcpt_vantage *vantage);
bool tcpt_vantage_watching(const tcpt_vantage *vantage);

/** Take a segment, its flow being advanced already. Marks the records of the same segment at other points. */
void tcpt_vantage_note(tcpt_vantage *vantage, tcpt_flow *flow, const tcpt_segment *segment,
                       const tcpt_observation *seen, tcpt_record *record);

/** Count a sighting and forget it. `decided`: where it has not been seen by now it never will. */
void tcpt_vantage_let_go(tcpt_vantage *vantage, tcpt_sighting *sighting, bool decided);

/** Make up for the SYN of a flow that has sent nothing else, seen before segments were noted. */
void tcpt_vantage_note_opening(tcpt_vantage *vantage, tcpt_flow *flow);

void tcpt_vantage_add_connection(tcpt_vantage *vantage, tcpt_connection *connection);
GHashTable *tcpt_vantage_openings(const tcpt_vantage *vantage);
GHashTable *tcpt_vantage_guides(const tcpt_vantage *vantage);
GHashTable *tcpt_vantage_clock_pairs(const tcpt_vantage *vantage);
int64_t tcpt_vantage_keep_ns(const tcpt_vantage *vantage);
/** Whether files of more than two points were put one behind the other: what was let go before the last began is not
 * known to be lost or not. */
bool tcpt_vantage_appended(const tcpt_vantage *vantage);
void tcpt_vantage_each_passage(const tcpt_vantage *vantage, void (*visit)(const tcpt_passage *, void *), void *data);
unsigned tcpt_vantage_point_count(const tcpt_vantage *vantage);
uint32_t tcpt_vantage_kept(const tcpt_vantage *vantage);
const tcpt_point *tcpt_vantage_first_point(const tcpt_vantage *vantage);
const tcpt_connection *tcpt_vantage_first_connection(const tcpt_vantage *vantage);

/* ---- connections.c ---- */

/** A table of SYNs by their numbers. */
GHashTable *tcpt_openings_new(void);
/** The connection of a flow that has none yet, and the flow as its member. */
tcpt_connection *tcpt_connection_join(tcpt_vantage *vantage, tcpt_flow *flow, int64_t now_ns);
void tcpt_connection_free(tcpt_connection *connection);
/** @return the flow's index in its connection */
unsigned tcpt_member_of(const tcpt_connection *connection, const tcpt_flow *flow);
/** The newest connection of the same two hosts that this point and another have seen, or NULL. */
const tcpt_connection *tcpt_guide_of(const tcpt_vantage *vantage, const tcpt_flow *flow);
/** A table of such connections. */
GHashTable *tcpt_guides_new(void);
/** Learn from a SYN how this member's sequence numbers are shifted. */
void tcpt_member_learn_shift(tcpt_connection *connection, unsigned member, unsigned way, uint32_t iss);

/* ---- segments.c ---- */

/** A table of clocks by the points' indexes. */
GHashTable *tcpt_clock_pairs_new(void);
/** A table of sightings by their numbers. */
GHashTable *tcpt_sightings_new(void);
void tcpt_sightings_add(GHashTable *sightings, tcpt_sighting *sighting);
void tcpt_sightings_remove(GHashTable *sightings, tcpt_sighting *sighting);

/**
 * Find what a segment at `member` is the copy of, and note where it has got to.
 *
 * @param now  the segment as a sighting of its own, not in any list; its `seq` moves past what was seen elsewhere
 * @return true when all of it was seen at another point
 */
bool tcpt_cross(tcpt_vantage *vantage, GHashTable *sightings, tcpt_sighting *now, const tcpt_segment *segment);

/** The leg between two members, made when it is new. */
tcpt_leg *tcpt_leg_of(tcpt_connection *connection, unsigned a, unsigned b);
/** The same, or NULL. */
const tcpt_leg *tcpt_leg_between(const tcpt_connection *connection, unsigned a, unsigned b);

/** Two clocks that seem further apart than this are two for certain; closer ones are taken for one until segments of
 *  both directions tell. A segment is hardly ever longer on its way. */
#define TCPT_ONE_CLOCK_NS (INT64_C(1000) * TCPT_MS_NS)

/** Time at member `to` minus time at `from` to be expected for the way. @return false when nothing is known of it */
bool tcpt_expected_ns(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way,
                      int64_t *expected_ns);

const tcpt_clock_pair *tcpt_clock_pair_of(const tcpt_vantage *vantage, const tcpt_point *a, const tcpt_point *b);

/* ---- losses.c ---- */

/** Whether every point that has not seen a sighting has gone on capturing for match_seconds since it was due there. */
bool tcpt_losses_decided(const tcpt_sighting *sighting);
/** Count a sighting that is let go; where it was not seen only when `decided`. */
void tcpt_losses_settle(const tcpt_sighting *sighting, bool decided);
/** What was counted so far of what was seen at `from` and looked for at `to`, together with what is still kept: more
 *  segments may come. A copy; its `lost` is never NULL, and the caller's. */
tcpt_loss_table tcpt_tally_table(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way);
void tcpt_loss_table_free(tcpt_loss_table *table);

/* ---- order.c ---- */

/** Which of two members is nearer to the sender of a way: 1 the first, -1 the second, 0 not known.
 *  `assumed` is set where that takes both clocks for one. */
int tcpt_nearer(const tcpt_connection *connection, unsigned a, unsigned b, unsigned way, bool *assumed);

#endif
