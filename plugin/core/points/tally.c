/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the detectors ask of capture points: what one end sent and what of it did not come to the next point. */
#include "tcptriage/points.h"

#include <string.h>

#include "core/points/clock_offsets.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/nearer.h"
#include "core/points/state.h"

/* A capture on the sender itself has no padding yet: that is added on the way out. */
static void name_padded(tcpt_loss_table *sum)
{
    tcpt_share shorter = sum->with[TCPT_LOSS_SHORT];

    if (sum->with[TCPT_LOSS_PADDED].total == 0 && shorter.missing == shorter.total &&
        shorter.missing == sum->all.missing)
        sum->with[TCPT_LOSS_PADDED] = shorter;
}

static int by_frame(gconstpointer a, gconstpointer b)
{
    const tcpt_lost *left = a, *right = b;

    return (left->record->frame > right->record->frame) - (left->record->frame < right->record->frame);
}

/* Of what was sent behind the first one that is missing the longest that arrived; 0 for none. */
static uint32_t arrived_since(const tcpt_loss_table *sum)
{
    int64_t first_ns = INT64_MAX;

    for (unsigned i = 0; i < sum->lost->len; i++)
        first_ns = MIN(first_ns, g_array_index(sum->lost, tcpt_lost, i).time_ns);
    for (unsigned i = 0; i < TCPT_SIZES; i++)
        if (sum->sizes[i].ip_bytes && sum->sizes[i].time_ns >= first_ns)
            return sum->sizes[i].ip_bytes;
    return 0;
}

static void fill(tcpt_losses *losses, tcpt_loss_table *sum, const tcpt_point *from, const tcpt_point *to)
{
    name_padded(sum);
    g_array_sort(sum->lost, by_frame);
    *losses = (tcpt_losses){
        .from = from,
        .to = to,
        .all = sum->all,
        .reset_missing = sum->reset_missing,
        .smallest_missing = sum->smallest_missing,
        .largest_arrived = sum->largest_arrived,
        .arrived_since = arrived_since(sum),
        .bare_missing = sum->bare_missing,
        .unmissed = sum->unmissed,
        .uncaptured = sum->uncaptured,
        .arrived_ns = sum->arrived_ns,
        .astray = sum->astray,
        .first_astray = sum->first_astray,
        .stray = sum->stray,
        .lost_count = sum->lost->len,
    };
    memcpy(losses->with, sum->with, sizeof losses->with);
    losses->lost = (tcpt_lost *)(gpointer)g_array_free(sum->lost, FALSE);
}

/* ---- a connection that never came to the other point ---- */

static tcpt_loss_table tally_alone(const tcpt_connection *connection, unsigned way)
{
    tcpt_loss_table sum = connection->alone ? *connection->alone : (tcpt_loss_table){0};

    sum.lost = g_array_new(FALSE, FALSE, sizeof(tcpt_lost));
    if (connection->alone)
        g_array_append_vals(sum.lost, connection->alone->lost->data, connection->alone->lost->len);
    for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
        tcpt_loss_table_add_missing(&sum, at, 0);
    return sum;
}

/* The other point was capturing all the time. */
static bool looked_throughout(const GArray *lost, const tcpt_point *point, int64_t expected_ns)
{
    for (unsigned i = 0; i < lost->len; i++) {
        int64_t due = g_array_index(lost, tcpt_lost, i).time_ns + expected_ns;

        if (due < point->first_ns || due >= point->newest_ns)
            return false;
    }
    return lost->len > 0;
}

/* Of several points that know it all on one side of what drops it. What all of these have seen is not kept: the oldest
 * and the newest SYN stand for them. */
static tcpt_loss_table tally_behind(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *end = &flow->ends[from];
    tcpt_lost lost[] = {{.record = flow->record, .time_ns = flow->first_ns},
                        {.record = end->last_record, .time_ns = end->last_ns}};
    tcpt_loss_table sum = {.all = {end->segment_count, end->segment_count}};

    sum.lost = g_array_new(FALSE, FALSE, sizeof(tcpt_lost));
    g_array_append_vals(sum.lost, lost, end->segment_count > 1 ? 2 : 1);
    return sum;
}

/* Whatever has seen it lies on the guide's way, before that point: else it went another way. */
static bool goes_the_way_of(const tcpt_connection *connection, const tcpt_connection *guide, unsigned next,
                            unsigned way)
{
    bool assumed;

    for (unsigned i = 0; i < connection->member_count; i++) {
        unsigned member = tcpt_member_at(guide, connection->members[i].at);

        if (member == guide->member_count || tcpt_nearer(guide, member, next, way, &assumed) <= 0)
            return false;
    }
    return true;
}

/* Nobody answers it, and other connections of these two hosts do pass the next point. */
static bool tally_unknown(const tcpt_flow *flow, unsigned from, tcpt_losses *losses)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    const tcpt_connection *guide = tcpt_guide_of(connection->points, flow);
    unsigned here, next, way;
    bool assumed;
    int64_t expected_ns;
    tcpt_loss_table sum;

    if (flow->both_ways || !flow->ends[from].syn || connection->members[0].noted_from_ns != INT64_MIN || !guide)
        return false;
    if (connection->member_count > 1 && flow->ends[from].segment_count < TCPT_MISSING_LEAST)
        return false;
    here = tcpt_member_at(guide, flow->at);
    way = from ^ guide->members[here].turned;
    next = tcpt_next_member(guide, here, way, &assumed);
    if (next == here || !goes_the_way_of(connection, guide, next, way))
        return false;
    sum = connection->member_count < 2 ? tally_alone(connection, from) : tally_behind(flow, from);
    tcpt_expected_ns(guide, here, next, way, &expected_ns);
    if (!looked_throughout(sum.lost, guide->members[next].at, expected_ns) ||
        tcpt_syn_is_in_life_at(flow, guide->members[next].at, flow->first_ns + expected_ns)) {
        g_array_free(sum.lost, TRUE);
        return false;
    }
    fill(losses, &sum, flow->at, guide->members[next].at);
    losses->order_assumed = true;
    losses->other_port = !tcpt_ports_has(guide->members[next].at, flow->key.port[!flow->client]);
    return true;
}

/* ---- the other point has captured nothing since ---- */

/* Nobody answers what it repeats, or its probes, and nothing has been heard of the other end since. Probes come as
 * often as make a host be called gone (keepalive_dead_peer): three, whatever the silence before them. */
static bool speaks_in_vain(const tcpt_flow *flow, unsigned from, int64_t idle_ns)
{
    enum { REPEATS_LEAST = 5, REPEATS_LEAST_AFTER_IDLE = 3, PROBES_LEAST = 3 };
    const tcpt_endpoint *end = &flow->ends[from];
    bool idled = end->idle_before_ns >= idle_ns;

    if (end->unanswered_ns <= flow->ends[!from].last_ns)
        return false;
    return end->unanswered_repeats >= (idled ? REPEATS_LEAST_AFTER_IDLE : REPEATS_LEAST) ||
           end->unanswered_probes >= PROBES_LEAST;
}

/* What was due at the other point behind all that it has captured, where that is enough to be no chance. */
static bool add_unwatched(tcpt_loss_table *sum, const tcpt_connection *connection, unsigned here, unsigned next,
                          unsigned way)
{
    tcpt_loss_table with = *sum;
    int64_t expected_ns;

    tcpt_expected_ns(connection, here, next, way, &expected_ns);
    for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
        if ((at->seen & 1u << here) && !(at->seen & 1u << next) &&
            at->time_ns[here] + expected_ns > connection->members[next].at->newest_ns)
            tcpt_loss_table_add_missing(&with, at, here);
    if (with.all.missing < TCPT_MISSING_LEAST) {
        g_array_set_size(with.lost, 0);
        return false;
    }
    *sum = with;
    return true;
}

bool tcpt_tally_losses(const tcpt_flow *flow, unsigned from, tcpt_losses *losses)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned here, next, way;
    tcpt_loss_table sum;
    bool assumed = false, unwatched;

    if (!connection || tcpt_points_appended(connection->points))
        return false;
    if (connection->member_count < 2)
        return tally_unknown(flow, from, losses);
    here = tcpt_member_of(connection, flow);
    way = from ^ connection->members[here].turned;
    next = tcpt_next_member(connection, here, way, &assumed);
    if (next == here)
        return tally_unknown(flow, from, losses);
    sum = tcpt_tally_table(connection, here, next, way);
    unwatched = !sum.all.missing && !sum.astray && speaks_in_vain(flow, from, connection->points->idle_ns) &&
                add_unwatched(&sum, connection, here, next, way);
    fill(losses, &sum, flow->at, connection->members[next].at);
    losses->unwatched = unwatched;
    losses->recut = tcpt_leg_between(connection, here, next)->recut;
    losses->order_assumed = assumed;
    return true;
}

void tcpt_losses_clear(tcpt_losses *losses)
{
    g_free(losses->lost);
    losses->lost = NULL;
}

bool tcpt_has_nearer_point(const tcpt_flow *flow, unsigned from)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned here;
    bool assumed;

    if (!connection)
        return false;
    here = tcpt_member_of(connection, flow);
    for (unsigned i = 0; i < connection->member_count; i++)
        if (i != here && tcpt_nearer(connection, i, here, from ^ connection->members[here].turned, &assumed) > 0)
            return true;
    return false;
}

const tcpt_flow *tcpt_flow_nearer(const tcpt_flow *flow, unsigned end, bool *order_assumed)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned here, next;

    *order_assumed = false;
    if (!connection)
        return NULL;
    here = tcpt_member_of(connection, flow);
    next = tcpt_next_member(connection, here, !(end ^ connection->members[here].turned), order_assumed);
    return next == here ? NULL : tcpt_member_flow(&connection->members[next]);
}

bool tcpt_is_renumbered(const tcpt_flow *flow)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);

    for (unsigned i = 0; connection && i < connection->member_count; i++)
        if (connection->members[i].shift[0] || connection->members[i].shift[1])
            return true;
    return false;
}

const tcpt_flow *tcpt_flow_elsewhere(const tcpt_flow *flow, unsigned number)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);

    for (unsigned i = 0; connection && i < connection->member_count; i++)
        if (connection->members[i].record != flow->record && number-- == 0)
            return tcpt_member_flow(&connection->members[i]);
    return NULL;
}

bool tcpt_fin_is_behind(const tcpt_flow *flow, unsigned end)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned here, way;
    bool assumed;

    if (!connection)
        return false;
    here = tcpt_member_of(connection, flow);
    way = end ^ connection->members[here].turned;
    for (unsigned i = 0; i < connection->member_count; i++)
        if (i != here && tcpt_member_flow(&connection->members[i])->ends[way ^ connection->members[i].turned].fin &&
            tcpt_nearer(connection, here, i, way, &assumed) > 0)
            return true;
    return false;
}

tcpt_record *tcpt_fin_elsewhere(const tcpt_flow *flow, unsigned end, int64_t until_ns)
{
    const tcpt_connection *connection = tcpt_connection_of(flow);
    unsigned here, way;

    if (!connection || connection->member_count < 2)
        return NULL;
    here = tcpt_member_of(connection, flow);
    way = end ^ connection->members[here].turned;
    for (unsigned i = 0; i < connection->member_count; i++) {
        const tcpt_endpoint *there =
            &tcpt_member_flow(&connection->members[i])->ends[way ^ connection->members[i].turned];
        int64_t expected_ns;

        if (i == here || !there->fin || there->fin_acked)
            continue; /* what was acknowledged has arrived */
        tcpt_expected_ns(connection, i, here, way, &expected_ns);
        if (there->fin_ns + expected_ns <= until_ns)
            return there->fin_record;
    }
    return NULL;
}
