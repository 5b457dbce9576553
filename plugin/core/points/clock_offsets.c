/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/clock_offsets.h"

static guint clock_hash(gconstpointer key)
{
    const tcpt_clock_offset *pair = key;

    return pair->a * 2654435761u ^ pair->b;
}

static gboolean clock_equal(gconstpointer a, gconstpointer b)
{
    const tcpt_clock_offset *left = a, *right = b;

    return left->a == right->a && left->b == right->b;
}

GHashTable *tcpt_clock_offsets_new(void)
{
    return g_hash_table_new_full(clock_hash, clock_equal, NULL, g_free);
}

const tcpt_clock_offset *tcpt_clock_offset_of(const tcpt_points *points, const tcpt_point *a, const tcpt_point *b)
{
    tcpt_clock_offset key = {.a = MIN(a->index, b->index), .b = MAX(a->index, b->index)};

    return g_hash_table_lookup(points->clock_offsets, &key);
}

static tcpt_clock_offset *make_clock_offset(tcpt_points *points, const tcpt_point *a, const tcpt_point *b)
{
    tcpt_clock_offset *pair = (tcpt_clock_offset *)tcpt_clock_offset_of(points, a, b);

    if (pair)
        return pair;
    pair = g_new0(tcpt_clock_offset, 1);
    pair->a = MIN(a->index, b->index);
    pair->b = MAX(a->index, b->index);
    g_hash_table_add(points->clock_offsets, pair);
    return pair;
}

/* Clocks as NTP compares them (RFC 5905, section 8): the difference is half way between what both directions show,
 * and the shorter the way there and back the better. */
void tcpt_clock_offsets_learn(const tcpt_connection *connection, const tcpt_leg *leg)
{
    tcpt_point *a = connection->members[leg->a].at, *b = connection->members[leg->b].at;
    int64_t loop_ns = ABS(leg->least_ns[0] - leg->least_ns[1]);
    int64_t ahead_ns = (leg->least_ns[0] + leg->least_ns[1]) / 2;
    tcpt_clock_offset *pair;

    if (!leg->matched[0] || !leg->matched[1])
        return;
    pair = make_clock_offset(connection->points, a, b);
    if (pair->known && pair->loop_ns <= loop_ns)
        return;
    pair->known = true;
    pair->loop_ns = loop_ns;
    pair->ahead_ns = a->index < b->index ? ahead_ns : -ahead_ns;
}

/* Of one clock or two: what is known of them, or what segments of the other way suggest. */
static bool clock_ahead(const tcpt_connection *connection, const tcpt_leg *leg, unsigned way, int64_t *ahead_ns)
{
    const tcpt_point *a = connection->members[leg->a].at, *b = connection->members[leg->b].at;
    const tcpt_clock_offset *pair = tcpt_clock_offset_of(connection->points, a, b);

    *ahead_ns = 0;
    if (pair && pair->known) {
        *ahead_ns = a->index < b->index ? pair->ahead_ns : -pair->ahead_ns;
        return true;
    }
    if (!leg->matched[!way])
        return false;
    if (ABS(leg->newest_ns[!way]) > TCPT_ONE_CLOCK_NS)
        *ahead_ns = leg->newest_ns[!way];
    return true;
}

bool tcpt_expected_ns(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way, int64_t *expected_ns)
{
    const tcpt_leg *leg = tcpt_leg_between(connection, from, to);
    bool known = true;

    *expected_ns = 0;
    if (!leg)
        return false;
    if (leg->matched[way])
        *expected_ns = leg->newest_ns[way];
    else
        known = clock_ahead(connection, leg, way, expected_ns);
    if (from > to)
        *expected_ns = -*expected_ns;
    return known;
}
