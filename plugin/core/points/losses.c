/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went in at one point and did not come out at the next, and what it has in common. */
#include "core/points/points.h"

#include <string.h>

#include "tcptriage/sequence.h"

/* Fewer may have something in common by chance; a FIN and two repeats are three (semantics G.3). And without others
 * that arrived there is nothing to be told apart from. */
enum { MISSING_LEAST = 3, ARRIVED_LEAST = 2 };

enum { OTHERS_MOST = 64 }; /* points asked: an "any" capture may have thousands, of which one has to go on */

/* Later than that is no jitter but a clock that was set: it must not hold up everything behind. */
static const int64_t LATE_MOST_NS = INT64_C(60) * 1000 * TCPT_MS_NS;

/* ---- counting ---- */

static void count_share(tcpt_loss_table *table, const tcpt_sighting *sighting, bool missing)
{
    table->all.total++;
    table->all.missing += missing;
    for (unsigned bits = sighting->properties, i = 0; bits; bits >>= 1, i++) {
        if (!(bits & 1))
            continue;
        table->with[i].total++;
        table->with[i].missing += missing;
    }
    if (!missing) {
        table->largest_arrived = MAX(table->largest_arrived, sighting->ip_bytes);
        return;
    }
    table->bare_missing += sighting->seq == sighting->end_seq;
    table->reset_missing += !!(sighting->flags & TCPT_RST);
    if (table->all.missing == 1 || sighting->ip_bytes < table->smallest_missing)
        table->smallest_missing = sighting->ip_bytes;
}

static void list_lost(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from)
{
    tcpt_lost lost = {sighting->record[from], sighting->time_ns[from], sighting->properties & 1u << TCPT_LOSS_SHORT};

    if (!table->lost)
        table->lost = g_array_new(FALSE, FALSE, sizeof lost);
    if (table->lost->len < TCPT_LOST_LISTED)
        g_array_append_val(table->lost, lost);
}

/* Acknowledged at the other point although its bytes were never seen there: they passed, and the capture lacks them
 * (semantics I.3). */
static bool passed_uncaptured(const tcpt_sighting *sighting, unsigned to)
{
    const tcpt_member *there = &sighting->connection->members[to];
    const tcpt_endpoint *sender = &there->flow->ends[sighting->way ^ there->turned];
    const tcpt_endpoint *receiver = &there->flow->ends[!(sighting->way ^ there->turned)];
    uint32_t seq = sighting->seq + there->shift[sighting->way], end = sighting->end_seq + there->shift[sighting->way];

    if (seq == end || !receiver->acked || seq_after(end, receiver->rcv_nxt))
        return false;
    if (!sender->sent)
        return true; /* only the other direction is captured there */
    if ((sighting->flags & TCPT_FIN) && !sender->fin)
        return true;
    if (sender->holes > 1)
        return true; /* only the newest is remembered */
    return sender->holes && seq_before(seq, sender->trouble->hole.right) && seq_after(end, sender->trouble->hole.left);
}

/* When a segment is due at another point, by that point's clock, and how much later others have come. */
static int64_t due_ns(const tcpt_sighting *sighting, unsigned from, unsigned to, int64_t *late_ns)
{
    const tcpt_leg *leg = tcpt_leg_between(sighting->connection, from, to);
    int64_t expected_ns;

    tcpt_expected_ns(sighting->connection, from, to, sighting->way, &expected_ns);
    *late_ns = leg ? MAX(leg->most_ns[0] - leg->least_ns[0], leg->most_ns[1] - leg->least_ns[1]) : 0;
    *late_ns = MIN(*late_ns, LATE_MOST_NS);
    return sighting->time_ns[from] + expected_ns;
}

static bool captured_since(const tcpt_sighting *sighting, unsigned from, unsigned to, int64_t margin_ns)
{
    const tcpt_point *point = sighting->connection->members[to].flow->at;
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);

    return point->newest_ns - due > late_ns + margin_ns;
}

/* Of a connection that only one point knows: all others have gone on, so that it would have shown there. */
static bool others_went_on(const tcpt_sighting *sighting)
{
    const tcpt_vantage *vantage = sighting->connection->vantage;
    const tcpt_point *here = sighting->connection->members[0].flow->at;
    unsigned looked = 0;

    for (const tcpt_point *at = tcpt_vantage_first_point(vantage); at && looked < OTHERS_MOST;
         at = at->next, looked++) {
        const tcpt_clock_pair *clocks = tcpt_clock_pair_of(vantage, here, at);
        int64_t ahead_ns = clocks && clocks->known ? clocks->ahead_ns : 0;

        if (here->index > at->index)
            ahead_ns = -ahead_ns;
        if (at != here && at->paired &&
            at->newest_ns - sighting->time_ns[0] - ahead_ns <= tcpt_vantage_keep_ns(vantage))
            return false;
    }
    return true;
}

bool tcpt_losses_decided(const tcpt_sighting *sighting)
{
    int64_t keep_ns = tcpt_vantage_keep_ns(sighting->connection->vantage);

    if (sighting->connection->member_count < 2)
        return others_went_on(sighting);
    for (unsigned to = 0; to < sighting->connection->member_count; to++)
        if (!(sighting->seen & 1u << to) && !captured_since(sighting, sighting->first, to, keep_ns))
            return false;
    return true;
}

/* The other point was capturing when the segment was due there, and still is. */
static bool was_looking(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_member *there = &sighting->connection->members[to];
    const tcpt_leg *leg = tcpt_leg_between(sighting->connection, from, to);
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);

    if (due < there->noted_from_ns || due < there->flow->at->first_ns)
        return false;
    if (leg && to == leg->a && due < leg->complete_from_ns)
        return false;
    return captured_since(sighting, from, to, 0);
}

/* A SYN into a connection that is open: where the other point takes the connection for closed, the SYN is there as the
 * first of a connection of its own. */
static bool of_another_life(const tcpt_sighting *sighting)
{
    const tcpt_connection *connection = sighting->connection;

    return (sighting->flags & TCPT_SYN) && connection->reference_known[sighting->way] &&
           sighting->seq != connection->reference[sighting->way];
}

/* Count a sighting as seen at `from` and looked for at `to`. */
static void count(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    bool missing = !(sighting->seen & 1u << to);

    if (missing && (of_another_life(sighting) || !was_looking(sighting, from, to)))
        return;
    if (missing && passed_uncaptured(sighting, to)) {
        table->uncaptured++;
        return;
    }
    count_share(table, sighting, missing);
    if (missing)
        list_lost(table, sighting, from);
}

static tcpt_loss_table **table_of(tcpt_leg *leg, unsigned from, unsigned way)
{
    return &leg->losses[way][from == leg->b];
}

static void settle_between(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    tcpt_loss_table **table = table_of(tcpt_leg_of(sighting->connection, from, to), from, sighting->way);
    uint32_t uncaptured;

    if (!*table)
        *table = g_new0(tcpt_loss_table, 1);
    uncaptured = (*table)->uncaptured;
    count(*table, sighting, from, to);
    sighting->connection->members[to].flow->at->uncaptured += (*table)->uncaptured - uncaptured;
}

/* Of a connection that nobody answers, and that so far only one point knows. */
static void settle_alone(const tcpt_sighting *sighting)
{
    tcpt_connection *connection = sighting->connection;

    if (connection->members[0].flow->both_ways)
        return;
    if (!connection->alone)
        connection->alone = g_new0(tcpt_loss_table, 1);
    count_share(connection->alone, sighting, true);
    list_lost(connection->alone, sighting, 0);
}

void tcpt_losses_settle(const tcpt_sighting *sighting, bool decided)
{
    unsigned members = sighting->connection->member_count;

    if (members < 2 && decided)
        settle_alone(sighting);
    for (unsigned from = 0; from < members; from++)
        for (unsigned to = 0; to < members; to++)
            if (from != to && (sighting->seen & 1u << from) && (decided || (sighting->seen & 1u << to)))
                settle_between(sighting, from, to);
}

void tcpt_loss_table_free(tcpt_loss_table *table)
{
    if (!table)
        return;
    if (table->lost)
        g_array_free(table->lost, TRUE);
    g_free(table);
}

/* ---- the tally ---- */

/* The point that a segment comes to next, or the member itself. */
static unsigned next_member(const tcpt_connection *connection, unsigned from, unsigned way, bool *assumed)
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

/* A copy of what was counted so far, to which what is still kept is added: more segments may come. */
tcpt_loss_table tcpt_tally_table(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way)
{
    tcpt_leg *leg = (tcpt_leg *)tcpt_leg_between(connection, from, to);
    const tcpt_loss_table *settled = *table_of(leg, from, way);
    tcpt_loss_table sum = settled ? *settled : (tcpt_loss_table){0};

    sum.lost = g_array_new(FALSE, FALSE, sizeof(tcpt_lost));
    if (settled && settled->lost)
        g_array_append_vals(sum.lost, settled->lost->data, settled->lost->len);
    for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
        if (at->seen & 1u << from)
            count(&sum, at, from, to);
    return sum;
}

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
        .bare_missing = sum->bare_missing,
        .uncaptured = sum->uncaptured,
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
    for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after) {
        count_share(&sum, at, true);
        list_lost(&sum, at, 0);
    }
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

/* Nobody answers it, and other connections of these two hosts do pass the next point. */
static bool tally_unknown(const tcpt_flow *flow, unsigned from, tcpt_losses *losses)
{
    const tcpt_connection *guide = tcpt_guide_of(flow->connection->vantage, flow);
    unsigned here, next, way;
    bool assumed;
    int64_t expected_ns;
    tcpt_loss_table sum;

    if (flow->both_ways || !flow->ends[from].syn || flow->connection->members[0].noted_from_ns != INT64_MIN || !guide)
        return false;
    here = 0;
    while (guide->members[here].flow->at != flow->at)
        here++;
    way = from ^ guide->members[here].turned;
    next = next_member(guide, here, way, &assumed);
    if (next == here)
        return false;
    sum = tally_alone(flow->connection, from);
    tcpt_expected_ns(guide, here, next, way, &expected_ns);
    if (!looked_throughout(sum.lost, guide->members[next].flow->at, expected_ns)) {
        g_array_free(sum.lost, TRUE);
        return false;
    }
    fill(losses, &sum, flow->at, guide->members[next].flow->at);
    losses->order_assumed = true;
    return true;
}

bool tcpt_tally_losses(const tcpt_flow *flow, unsigned from, tcpt_losses *losses)
{
    const tcpt_connection *connection = flow->connection;
    unsigned here, next, way;
    tcpt_loss_table sum;
    bool assumed = false;

    if (!connection || tcpt_vantage_appended(connection->vantage))
        return false;
    if (connection->member_count < 2)
        return tally_unknown(flow, from, losses);
    here = tcpt_member_of(connection, flow);
    way = from ^ connection->members[here].turned;
    next = next_member(connection, here, way, &assumed);
    if (next == here)
        return false;
    sum = tcpt_tally_table(connection, here, next, way);
    fill(losses, &sum, flow->at, connection->members[next].flow->at);
    losses->recut = tcpt_leg_between(connection, here, next)->recut;
    losses->order_assumed = assumed;
    return true;
}

void tcpt_losses_clear(tcpt_losses *losses)
{
    g_free(losses->lost);
    losses->lost = NULL;
}

bool tcpt_far_capture_lacks(const tcpt_losses *losses)
{
    const tcpt_point *to = losses->to;

    if (losses->uncaptured || !to->uncaptured)
        return losses->uncaptured > 0;
    return losses->all.missing < MISSING_LEAST ||
           losses->all.missing * to->segments <= 10 * to->uncaptured * losses->all.total;
}

bool tcpt_has_nearer_point(const tcpt_flow *flow, unsigned from)
{
    const tcpt_connection *connection = flow->connection;
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

/* ---- what sets them apart ---- */

static bool separates(const tcpt_losses *losses, tcpt_share with)
{
    return with.missing == losses->all.missing && with.total == with.missing;
}

tcpt_loss_property tcpt_loss_property_of(const tcpt_losses *losses)
{
    uint32_t arrived = losses->all.total - losses->all.missing;

    if (losses->all.missing < MISSING_LEAST)
        return TCPT_LOSS_NOTHING;
    if (!arrived)
        return TCPT_LOSS_ALL;
    if (arrived < ARRIVED_LEAST)
        return TCPT_LOSS_NOTHING;
    for (unsigned i = 0; i < TCPT_LOSS_PROPERTIES; i++)
        if (separates(losses, losses->with[i]))
            return (tcpt_loss_property)i;
    if (!losses->recut && losses->smallest_missing > losses->largest_arrived)
        return TCPT_LOSS_SIZE;
    return TCPT_LOSS_NOTHING;
}

tcpt_share tcpt_losses_with(const tcpt_losses *losses, tcpt_loss_property property)
{
    if (property < TCPT_LOSS_PROPERTIES)
        return losses->with[property];
    if (property == TCPT_LOSS_SIZE)
        return (tcpt_share){losses->all.missing, losses->all.missing};
    return losses->all;
}

const char *tcpt_loss_property_name(const tcpt_losses *losses, tcpt_loss_property property)
{
    static const char *const names[] = {
        [TCPT_LOSS_CHECKSUM] = "checksum",
        [TCPT_LOSS_INVALID] = "tracker_invalid",
        [TCPT_LOSS_FRAGMENTS] = "fragment",
        [TCPT_LOSS_PADDED] = "padded",
        [TCPT_LOSS_SHORT] = "padded",
        [TCPT_LOSS_CLOSING] = "fin_or_rst",
        [TCPT_LOSS_NO_TIMESTAMPS] = "no_timestamps",
        [TCPT_LOSS_FAST_OPEN] = "option",
        [TCPT_LOSS_MULTIPATH] = "option",
        [TCPT_LOSS_SACK] = "option",
        [TCPT_LOSS_AFTER_IDLE] = "after_idle",
        [TCPT_LOSS_SIZE] = "size",
        [TCPT_LOSS_ALL] = "all",
        [TCPT_LOSS_NOTHING] = NULL,
    };

    if (property != TCPT_LOSS_CLOSING || (losses->reset_missing && losses->reset_missing < losses->all.missing))
        return names[property];
    return losses->reset_missing ? "rst" : "fin";
}
