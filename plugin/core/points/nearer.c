/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of two capture points is nearer to the sender? */
#include "core/points/nearer.h"

#include "core/points/clock_offsets.h"
#include "core/points/legs.h"

static int sign_of(int64_t value)
{
    return (value > 0) - (value < 0);
}

/* Routers on the way lower the TTL (RFC 1812, section 5.3.1): no clock is needed. */
static int nearer_by_ttl(const tcpt_leg *leg, unsigned way)
{
    uint32_t falls = leg->ttl_falls[way] + leg->ttl_rises[!way], rises = leg->ttl_rises[way] + leg->ttl_falls[!way];

    if (falls && rises)
        return 0;
    return falls ? 1 : rises ? -1 : 0;
}

/* Segments of both ways: what one clock is ahead adds to both, what a segment takes adds to one and subtracts from
 * the other. */
static int nearer_by_loop(const tcpt_leg *leg, unsigned way)
{
    if (!leg->matched[0] || !leg->matched[1])
        return 0;
    return sign_of((leg->least_ns[way] - leg->least_ns[!way]) / 2 + (leg->most_ns[way] - leg->most_ns[!way]) / 2);
}

static int nearer_by_clock(const tcpt_connection *connection, const tcpt_leg *leg, unsigned way, bool *assumed)
{
    unsigned matched = leg->matched[way] ? way : !way;
    const tcpt_point *a = connection->members[leg->a].at, *b = connection->members[leg->b].at;
    const tcpt_clock_offset *pair = tcpt_clock_offset_of(connection->points, a, b);
    int64_t delta_ns = leg->least_ns[matched];

    if (!leg->matched[matched])
        return 0;
    if (pair && pair->known)
        delta_ns -= a->index < b->index ? pair->ahead_ns : -pair->ahead_ns;
    else if (ABS(delta_ns) > TCPT_ONE_CLOCK_NS)
        return 0;
    else
        *assumed = true;
    return matched == way ? sign_of(delta_ns) : -sign_of(delta_ns);
}

static int nearer_by_segments(const tcpt_leg *leg, unsigned way)
{
    int nearer = nearer_by_ttl(leg, way);

    return nearer ? nearer : nearer_by_loop(leg, way);
}

bool tcpt_order_is_certain(const tcpt_connection *connection)
{
    for (const tcpt_leg *leg = connection->legs; leg; leg = leg->next)
        for (unsigned way = 0; way < 2; way++)
            if ((leg->matched[0] || leg->matched[1]) && !nearer_by_segments(leg, way))
                return false;
    return true;
}

int tcpt_nearer(const tcpt_connection *connection, unsigned a, unsigned b, unsigned way, bool *assumed)
{
    const tcpt_leg *leg = tcpt_leg_between(connection, a, b);
    int nearer;

    *assumed = false;
    if (!leg)
        return 0;
    nearer = nearer_by_segments(leg, way);
    if (!nearer)
        nearer = nearer_by_clock(connection, leg, way, assumed);
    return leg->a == a ? nearer : -nearer;
}

unsigned tcpt_next_member(const tcpt_connection *connection, unsigned from, unsigned way, bool *assumed)
{
    unsigned next = from;
    bool guess;

    for (unsigned i = 0; i < connection->member_count; i++) {
        if (i == from || tcpt_nearer(connection, from, i, way, &guess) <= 0)
            continue;
        if (next != from && tcpt_nearer(connection, i, next, way, &guess) <= 0)
            continue;
        next = i;
        tcpt_nearer(connection, from, i, way, assumed);
    }
    return next;
}
