/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A connection at several capture points: its members are the flows that it is at each of them. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_CONNECTION_H
#define TCPTRIAGE_CORE_POINTS_CONNECTION_H

#include "tcptriage/flow.h"

/** Points that one connection is followed at; at further ones its segments are flows of their own and nothing more. */
#define TCPT_MEMBERS 6

/** Most connections are seen at no more. */
#define TCPT_MEMBERS_FEW 2

struct tcpt_leg;
struct tcpt_loss_table;
struct tcpt_sound_pairs;
struct tcpt_points;
struct tcpt_repeats;
struct tcpt_retimed;
struct tcpt_sighting;

/** A flow that is the connection at one point. */
typedef struct tcpt_member {
    tcpt_record *record;          /**< of that flow: tcpt_member_flow() */
    struct tcpt_point *at;        /**< the point */
    bool turned;                  /**< its ends are in the other order than the first member's */
    bool translated;              /**< other addresses or ports than the first member's */
    bool shift_known[2];          /**< by way */
    uint32_t shift[2];            /**< its sequence numbers minus the reference's */
    uint32_t not_seen[2];         /**< kept segments with bytes that it has not seen, by way */
    int64_t noted_from_ns;        /**< its segments are noted since then */
    struct tcpt_repeats *repeats; /**< repeats.c; owned, NULL before the first */
} tcpt_member;

/** One connection. Lives as long as the analysis. A way is an index into the first member's ends: who sends. */
typedef struct tcpt_connection {
    struct tcpt_connection *next;
    struct tcpt_points *points;
    tcpt_member *members; /**< `few`, or owned where there are more */
    tcpt_member few[TCPT_MEMBERS_FEW];
    uint8_t member_count;
    bool let_go; /**< sightings other than of SYNs were let go */
    bool reference_known[2];
    uint32_t reference[2]; /**< initial sequence number in the reference's numbers */
    bool idled;            /**< a silence of idle_seconds was seen */
    bool indexed[2];       /**< sightings.c: its sightings of a way are in the table */
    uint32_t kept[2];      /**< how many these are */
    struct tcpt_sighting *oldest[2], *newest[2];
    struct tcpt_sighting *finger[2]; /**< match_segments.c: where one was found by its bytes; NULL nowhere */
    uint32_t sorted[2];              /**< how many of those kept are in_order */
    uint32_t reach[2];               /**< end of the newest of them; valid with sorted */
    uint32_t again[2];               /**< how many of those kept repeat bytes */
    struct tcpt_leg *legs;
    struct tcpt_loss_table
        *alone; /**< what was let go while only one point knew it and nobody answered; NULL nothing */
    struct tcpt_sound_pairs *sound_pairs; /**< sound_copies.c; NULL without any */
    struct tcpt_retimed *retimed;         /**< retimed.c; NULL without any */
} tcpt_connection;

static inline const tcpt_flow *tcpt_member_flow(const tcpt_member *member)
{
    return tcpt_flow_of(member->record);
}

/** @return the flow's index in its connection */
unsigned tcpt_member_of(const tcpt_connection *connection, const tcpt_flow *flow);

/** @return the index of the flow that a point has seen of the connection; member_count where it has seen none */
unsigned tcpt_member_at(const tcpt_connection *connection, const struct tcpt_point *point);

/** Learn from a SYN how this member's sequence numbers are shifted. */
void tcpt_member_learn_shift(tcpt_connection *connection, unsigned member, unsigned way, uint32_t iss);

/** Whether a life of the flow's ports that another point has not seen end has the flow's SYN there, or may have had it:
 *  when it was due there, by that point's clock, it had begun, and it has a later one. */
bool tcpt_syn_is_in_life_at(const tcpt_flow *flow, const struct tcpt_point *point, int64_t due_ns);

/** Whether what `from` has at that time came behind a SYN of the next life, and is in that life at `to`; or in one
 *  before that, when it was due there, `late_ns` give or take. */
bool tcpt_is_in_next_life(const tcpt_member *from, const tcpt_member *to, int64_t time_ns, int64_t due_ns,
                          int64_t late_ns);

#endif
