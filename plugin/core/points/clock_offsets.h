/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How far two points' clocks are apart, as the segments tell that passed both. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_CLOCK_OFFSETS_H
#define TCPTRIAGE_CORE_POINTS_CLOCK_OFFSETS_H

#include "core/points/legs.h"
#include "core/points/state.h"

/** What two points' clocks have to do with each other. */
typedef struct tcpt_clock_offset {
    uint32_t a, b;    /**< indexes of the points, a < b */
    bool known;       /**< segments matched in both directions */
    int64_t ahead_ns; /**< b's clock minus a's */
    int64_t loop_ns;  /**< way there and back, for the connection that told: smaller is better */
} tcpt_clock_offset;

/** A table of clocks by the points' indexes. */
GHashTable *tcpt_clock_offsets_new(void);

const tcpt_clock_offset *tcpt_clock_offset_of(const tcpt_points *points, const tcpt_point *a, const tcpt_point *b);

/** Learn from a connection's segments of both ways. */
void tcpt_clock_offsets_learn(const tcpt_connection *connection, const tcpt_leg *leg);

/** Two clocks that seem further apart than this are two for certain; closer ones are taken for one until segments of
 *  both directions tell. A segment is hardly ever longer on its way. */
#define TCPT_ONE_CLOCK_NS TCPT_SECOND_NS

/** Time at member `to` minus time at `from` to be expected for the way. @return false when nothing is known of it */
bool tcpt_expected_ns(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way,
                      int64_t *expected_ns);

/** The same of their leg, NULL without one. */
static inline bool tcpt_expected_on(const tcpt_leg *leg, const tcpt_connection *connection, unsigned from, unsigned to,
                                    unsigned way, int64_t *expected_ns)
{
    if (!leg || !leg->matched[way])
        return tcpt_expected_ns(connection, from, to, way, expected_ns);
    *expected_ns = from > to ? -leg->newest_ns[way] : leg->newest_ns[way];
    return true;
}

#endif
