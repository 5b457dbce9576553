/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST that shows at the farther of two capture points alone: has its host sent it, or somebody between the two? */
#include "core/points/clock_offsets.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/nearer.h"
#include "core/points/state.h"
#include "tcptriage/points.h"

/* One connection's members, and one way: that of the RST. */
typedef struct place {
    const tcpt_connection *connection;
    unsigned here;
    unsigned nearer; /* to the host that the RST names */
    unsigned way;
} place;

static const tcpt_endpoint *end_at(const place *at, unsigned member, unsigned way)
{
    const tcpt_member *there = &at->connection->members[member];

    return &tcpt_member_flow(there)->ends[way ^ there->turned];
}

/* Where the clock was set, or files were joined, what comes later is no later. */
static bool in_one_piece(const tcpt_member *member)
{
    return tcpt_member_flow(member)->piece == 0 && member->at->piece == 0;
}

/* ---- what the capture at one member lacks of what another has ---- */

typedef tcpt_record *(*choice)(const tcpt_lost *lost, const place *at);

/* The newest of what is missing that is chosen; NULL for none, and where that capture is known to lack more. */
static tcpt_record *missing(const place *at, unsigned from, unsigned to, unsigned way, choice chosen)
{
    tcpt_loss_table sum = tcpt_tally_table(at->connection, from, to, way);
    tcpt_record *found = NULL;

    for (unsigned i = 0; i < sum.lost->len && !sum.uncaptured; i++) {
        tcpt_record *record = chosen(&g_array_index(sum.lost, tcpt_lost, i), at);

        found = record ? record : found;
    }
    g_array_free(sum.lost, TRUE);
    return found;
}

static tcpt_record *is_the_rst(const tcpt_lost *lost, const place *at)
{
    return lost->record == end_at(at, at->here, at->way)->rst_record ? lost->record : NULL;
}

static tcpt_record *is_the_other_rst(const tcpt_lost *lost, const place *at)
{
    return lost->record == end_at(at, at->nearer, !at->way)->rst_record ? lost->record : NULL;
}

static int64_t before_rst_ns(const tcpt_lost *lost, const place *at)
{
    return end_at(at, at->here, at->way)->rst_ns - lost->time_ns;
}

/* So shortly before the RST that it is an answer. */
static tcpt_record *is_answered(const tcpt_lost *lost, const place *at)
{
    const tcpt_flow *flow = tcpt_member_flow(&at->connection->members[at->here]);
    int64_t later_ns = before_rst_ns(lost, at);

    return later_ns >= 0 && later_ns <= tcpt_rtt_ns(flow) + TCPT_ANSWER_MS * TCPT_MS_NS ? lost->record : NULL;
}

/* What goes from one point to the other and back takes at least so long, whatever their clocks say; 0 unknown. */
static int64_t there_and_back_ns(const place *at)
{
    const tcpt_leg *leg = tcpt_leg_between(at->connection, at->here, at->nearer);
    unsigned to_b = at->here < at->nearer ? !at->way : at->way;

    return leg && leg->matched[0] && leg->matched[1] ? MAX(leg->least_ns[to_b] - leg->most_ns[!to_b], 0) : 0;
}

static tcpt_record *is_answered_too_soon(const tcpt_lost *lost, const place *at)
{
    return before_rst_ns(lost, at) < there_and_back_ns(at) ? is_answered(lost, at) : NULL;
}

/* ---- proofs ---- */

/* Who has reset a connection sends nothing more in it. */
static tcpt_record *host_goes_on(const place *at)
{
    const tcpt_leg *leg = tcpt_leg_between(at->connection, at->nearer, at->here);
    const tcpt_endpoint *host = end_at(at, at->nearer, at->way), *told = end_at(at, at->here, at->way);
    int64_t expected_ns, late_ns;

    if (!leg || !in_one_piece(&at->connection->members[at->here]) ||
        !in_one_piece(&at->connection->members[at->nearer]))
        return NULL;
    tcpt_expected_ns(at->connection, at->nearer, at->here, at->way, &expected_ns);
    late_ns = leg->most_ns[at->way] - leg->least_ns[at->way] + TCPT_ANSWER_MS * TCPT_MS_NS;
    return host->last_ns > told->rst_ns - expected_ns + late_ns ? host->last_record : NULL;
}

static bool find_place(place *at, const tcpt_flow *flow, unsigned from)
{
    bool assumed = false;

    at->connection = tcpt_connection_of(flow);
    if (!at->connection || at->connection->member_count < 2 || tcpt_points_appended(at->connection->points) ||
        tcpt_is_renumbered(flow))
        return false;
    at->here = tcpt_member_of(at->connection, flow);
    at->way = from ^ at->connection->members[at->here].turned;
    at->nearer = tcpt_next_member(at->connection, at->here, !at->way, &assumed);
    return at->nearer != at->here && !assumed;
}

bool tcpt_rst_begins_on_the_way(const tcpt_flow *flow, unsigned from, tcpt_rst_origin *origin)
{
    place at;

    if (!flow->ends[from].rst_record || !find_place(&at, flow, from) || end_at(&at, at.nearer, at.way)->rst_count ||
        !missing(&at, at.here, at.nearer, at.way, is_the_rst))
        return false;
    origin->nearer = at.connection->members[at.nearer].at;
    origin->proof = TCPT_RST_HOST_GOES_ON;
    origin->proved_by = host_goes_on(&at);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_BOTH_WAYS;
    origin->proved_by = missing(&at, at.nearer, at.here, !at.way, is_the_other_rst);
    if (origin->proved_by)
        return true;
    if (origin->nearer->uncaptured)
        return false; /* two gaps of a capture that is known to have some */
    origin->proof = TCPT_RST_TOO_SOON;
    origin->proved_by = missing(&at, at.here, at.nearer, !at.way, is_answered_too_soon);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_ANSWERS_MISSING;
    origin->proved_by = missing(&at, at.here, at.nearer, !at.way, is_answered);
    return origin->proved_by;
}
