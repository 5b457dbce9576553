/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went in at one point and did not come out at the next. */
#include "core/points/losses.h"

#include "core/points/clock_offsets.h"
#include "core/points/legs.h"
#include "core/points/nearer.h"
#include "core/points/repeats.h"
#include "core/points/state.h"
#include "core/points/strays.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum { OTHERS_MOST = 64 }; /* points asked: an "any" capture may have thousands, of which one has to go on */

/* Later than that is no jitter but a clock that was set: it must not hold up everything behind. */
static const int64_t LATE_MOST_NS = 60 * TCPT_SECOND_NS;

/* A longer one that came later says all that a shorter one does. Where there is no room the shortest of all gives way:
 * what has passed since a loss is then told by one that was longer, or not at all. */
static void note_size(tcpt_loss_table *table, uint16_t ip_bytes, int64_t time_ns)
{
    unsigned keep = 0;

    while (keep < TCPT_SIZES && table->sizes[keep].ip_bytes > ip_bytes)
        keep++;
    if (keep == TCPT_SIZES || table->sizes[keep].time_ns > time_ns)
        return;
    table->sizes[keep] = (tcpt_last_of_size){time_ns, ip_bytes};
    while (++keep < TCPT_SIZES)
        table->sizes[keep] = (tcpt_last_of_size){0};
}

static void count_share(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from, bool missing)
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
        table->arrived_ns = MAX(table->arrived_ns, sighting->time_ns[from]);
        note_size(table, sighting->ip_bytes, sighting->time_ns[from]);
        return;
    }
    table->bare_missing += sighting->seq == sighting->end_seq;
    table->reset_missing += !!(sighting->flags & TCPT_RST);
    if (table->all.missing == 1 || sighting->ip_bytes < table->smallest_missing)
        table->smallest_missing = sighting->ip_bytes;
}

static tcpt_lost lost_of(const tcpt_sighting *sighting, unsigned from)
{
    return (tcpt_lost){sighting->record[from], sighting->time_ns[from], sighting->properties & 1u << TCPT_LOSS_SHORT};
}

static void list_lost(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from)
{
    tcpt_lost lost = lost_of(sighting, from);

    if (!table->lost)
        table->lost = g_array_new(FALSE, FALSE, sizeof lost);
    if (table->lost->len < TCPT_LOST_LISTED)
        g_array_append_val(table->lost, lost);
}

void tcpt_loss_table_add_missing(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from)
{
    count_share(table, sighting, from, true);
    list_lost(table, sighting, from);
}

/* Where no segment of this way has shown yet how long it takes from one point to the other: as long as the other way,
 * or there and back at most. */
static int64_t travel_ns(const tcpt_connection *connection, const tcpt_leg *leg, unsigned way)
{
    const tcpt_clock_offset *clocks =
        tcpt_clock_offset_of(connection->points, connection->members[leg->a].at, connection->members[leg->b].at);

    if (leg->matched[way])
        return 0;
    if (clocks && clocks->known)
        return clocks->loop_ns;
    return ABS(leg->newest_ns[!way]) > TCPT_ONE_CLOCK_NS ? 0 : ABS(leg->newest_ns[!way]);
}

/* When a segment is due at another point, by that point's clock, and how much later others have come. */
static int64_t due_ns(const tcpt_sighting *sighting, unsigned from, unsigned to, int64_t *late_ns)
{
    const tcpt_leg *leg = tcpt_leg_between(sighting->connection, from, to);
    int64_t expected_ns;

    tcpt_expected_ns(sighting->connection, from, to, sighting->way, &expected_ns);
    *late_ns = leg ? MAX(leg->most_ns[0] - leg->least_ns[0], leg->most_ns[1] - leg->least_ns[1]) : 0;
    *late_ns = MIN(*late_ns, LATE_MOST_NS); /* the widest that clocks allow is near what 64 bits hold */
    if (leg)
        *late_ns += MIN(travel_ns(sighting->connection, leg, sighting->way), LATE_MOST_NS - *late_ns);
    return sighting->time_ns[from] + expected_ns;
}

static const tcpt_endpoint *end_of(const tcpt_sighting *sighting, unsigned member, unsigned way)
{
    const tcpt_member *at = &sighting->connection->members[member];

    return &tcpt_member_flow(at)->ends[way ^ at->turned];
}

/* A bare ACK of what lies before the bytes that its receiver waits for: a keep-alive, or a probe of a closed window.
 * Whoever gets it answers (RFC 9293, section 3.10.7.4). */
static bool is_bare_probe(const tcpt_sighting *sighting, unsigned from)
{
    const tcpt_member *here = &sighting->connection->members[from];
    const tcpt_endpoint *receiver = end_of(sighting, from, !sighting->way);

    return sighting->seq == sighting->end_seq && sighting->flags == TCPT_ACK && receiver->acked &&
           seq_before(sighting->seq + here->shift[sighting->way], receiver->rcv_nxt);
}

/* Nothing was heard of its receiver since at any point, and an answer would have come. */
static bool is_unanswered_probe(const tcpt_sighting *sighting, unsigned from)
{
    const tcpt_connection *connection = sighting->connection;
    int64_t time_ns = sighting->time_ns[from], expected_ns;

    if (!is_bare_probe(sighting, from) ||
        connection->members[from].at->newest_ns - time_ns <=
            TCPT_ANSWER_LIMIT_MS * TCPT_MS_NS + end_of(sighting, from, 0)->rtt_ns + end_of(sighting, from, 1)->rtt_ns)
        return false;
    for (unsigned i = 0; i < connection->member_count; i++) {
        tcpt_expected_ns(connection, from, i, sighting->way, &expected_ns);
        if (end_of(sighting, i, !sighting->way)->last_ns > time_ns + (i == from ? 0 : expected_ns))
            return false;
    }
    return true;
}

/* What it may answer was a probe, and that was sent again behind it: its receiver has not had it. One that was answered
 * comes again after the same silence, and those of a closed window do whether answered or not: of these it takes so
 * many as make a host be called gone. */
static bool is_probed_again(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    enum { PROBES_SURE = 3 };
    const tcpt_endpoint *prober = end_of(sighting, to, !sighting->way);
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);

    if (prober->unanswered_probes < 2 || prober->unanswered_ns > due || prober->round_ns <= due + late_ns)
        return false;
    return prober->unanswered_probes >= PROBES_SURE ||
           prober->round_ns - prober->unanswered_ns < prober->idle_before_ns / 4 * 3;
}

/* A bare ACK that its receiver had, or did not need: a later one that came there covers it. */
static bool ack_covered(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_endpoint *sender = end_of(sighting, to, sighting->way);

    if (!(sighting->flags & TCPT_ACK) || (sighting->flags & (TCPT_RST | TCPT_SYN)) || !sender->acked)
        return false;
    if (seq_before(sender->rcv_nxt, sighting->ack + sighting->connection->members[to].shift[!sighting->way]))
        return false;
    return !is_unanswered_probe(sighting, from) && !is_probed_again(sighting, from, to);
}

/* And nothing was ever sent again for want of any: the receiver has gone on as if it had it. */
static bool ack_not_missed(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_endpoint *receiver = end_of(sighting, to, !sighting->way);

    return ack_covered(sighting, from, to) && !receiver->payload_repeats && !receiver->fin_repeats &&
           receiver->syn_count <= 1;
}

/* The other end has it: an ACK of it was seen anywhere. */
static bool acknowledged(const tcpt_sighting *sighting)
{
    const tcpt_connection *connection = sighting->connection;

    for (unsigned i = 0; i < connection->member_count; i++) {
        const tcpt_endpoint *receiver = end_of(sighting, i, !sighting->way);

        if (receiver->acked &&
            !seq_after(sighting->end_seq + connection->members[i].shift[sighting->way], receiver->rcv_nxt))
            return true;
    }
    return false;
}

/* Or what was sent again was not for want of this one. What carries bytes is sent again until it is acknowledged: one
 * that was and came no more has arrived, or an earlier one had. */
static bool nobody_missed(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_member *here = &sighting->connection->members[from], *there = &sighting->connection->members[to];
    unsigned way = sighting->way;
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);

    if (sighting->seq == sighting->end_seq)
        return ack_covered(sighting, from, to) && !tcpt_repeated_since(there, !way, sighting->ack + there->shift[!way],
                                                                       due + end_of(sighting, to, !way)->rtt_ns);
    return acknowledged(sighting) &&
           !tcpt_repeated_since(here, way, sighting->end_seq + here->shift[way], sighting->time_ns[from] + 1);
}

/* The other point knows the connection from the middle on, and only since this was due there. */
static bool before_all_there(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    int64_t late_ns;

    return !end_of(sighting, to, sighting->way)->syn &&
           due_ns(sighting, from, to, &late_ns) < tcpt_member_flow(&sighting->connection->members[to])->first_ns;
}

/* Whether a point has not seen all its bytes, not even in a repeat. */
static bool never_shown(const tcpt_sighting *sighting, unsigned to)
{
    const tcpt_member *there = &sighting->connection->members[to];
    const tcpt_endpoint *sender = end_of(sighting, to, sighting->way);
    uint32_t seq = sighting->seq + there->shift[sighting->way], end = sighting->end_seq + there->shift[sighting->way];

    if (!sender->sent)
        return true; /* only the other direction is captured there */
    if (((sighting->flags & TCPT_FIN) && !sender->fin) || ((sighting->flags & TCPT_SYN) && !sender->syn))
        return true;
    if (sender->holes > 1 || seq_after(end, sender->snd_nxt))
        return true; /* only the newest hole is remembered */
    if (sender->above_count && seq_after(end, sender->snd_contig) && seq_before(seq, sender->trouble->above[0].left))
        return true;
    return sender->holes && seq_before(seq, sender->trouble->hole.right) && seq_after(end, sender->trouble->hole.left);
}

/* Acknowledged although its bytes were never seen at the other point: they passed, and the capture there lacks them
 * (rule I.3). */
static bool passed_uncaptured(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    if (sighting->seq == sighting->end_seq)
        return ack_not_missed(sighting, from, to);
    return acknowledged(sighting) && (never_shown(sighting, to) || before_all_there(sighting, from, to));
}

/* On its way there, and a point farther on has it: it has passed, or went another way. */
static bool seen_behind(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_connection *connection = sighting->connection;
    bool assumed;

    if (tcpt_nearer(connection, from, to, sighting->way, &assumed) <= 0)
        return false;
    for (unsigned i = 0; i < connection->member_count; i++)
        if ((sighting->seen & 1u << i) && tcpt_nearer(connection, to, i, sighting->way, &assumed) > 0)
            return true;
    return false;
}

/* One of a closed socket's alike answers that no IP ID tells apart. Where they came closer together than here one was
 * taken for a second copy of another. */
static bool taken_for_copy(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_member *here = &sighting->connection->members[from], *there = &sighting->connection->members[to];

    if (sighting->has_ip_id || !(sighting->flags & TCPT_RST))
        return false;
    return tcpt_member_flow(there)->ends[sighting->way ^ there->turned].copies >
           tcpt_member_flow(here)->ends[sighting->way ^ here->turned].copies;
}

static bool captured_since(const tcpt_sighting *sighting, unsigned from, unsigned to, int64_t margin_ns)
{
    const tcpt_point *point = sighting->connection->members[to].at;
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);

    return point->newest_ns - due > late_ns + margin_ns;
}

bool tcpt_others_went_on(const tcpt_points *points, const tcpt_point *here, int64_t time_ns)
{
    unsigned looked = 0;

    for (const tcpt_point *at = points->first_point; at && looked < OTHERS_MOST; at = at->next, looked++) {
        const tcpt_clock_offset *clocks = tcpt_clock_offset_of(points, here, at);
        int64_t ahead_ns = clocks && clocks->known ? clocks->ahead_ns : 0;

        if (here->index > at->index)
            ahead_ns = -ahead_ns;
        if (at != here && at->paired && at->newest_ns - time_ns - ahead_ns <= points->keep_ns)
            return false;
    }
    return true;
}

bool tcpt_losses_decided(const tcpt_sighting *sighting)
{
    const tcpt_connection *connection = sighting->connection;
    int64_t keep_ns = connection->points->keep_ns;

    if (connection->member_count < 2)
        return tcpt_others_went_on(connection->points, connection->members[0].at, sighting->time_ns[0]);
    for (unsigned to = 0; to < connection->member_count; to++)
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

    if (due < there->noted_from_ns || due < there->at->first_ns)
        return false;
    if (leg && to == leg->a && due < leg->complete_from_ns)
        return false;
    return captured_since(sighting, from, to, 0);
}

/* A SYN into a connection that is open: where the other point takes the connection for closed, the SYN is there as the
 * first of a connection of its own, and so is what answers it. */
static bool of_another_life(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    const tcpt_connection *connection = sighting->connection;
    int64_t late_ns, due;

    if ((sighting->flags & TCPT_SYN) && connection->reference_known[sighting->way] &&
        sighting->seq != connection->reference[sighting->way])
        return true;
    due = due_ns(sighting, from, to, &late_ns);
    return tcpt_is_in_next_life(&connection->members[from], &connection->members[to], sighting->time_ns[from], due,
                                late_ns + TCPT_MS_NS);
}

/* What came there under another address or port was not lost. */
static bool went_astray(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    int64_t late_ns, due = due_ns(sighting, from, to, &late_ns);
    tcpt_record *stray = tcpt_stray_of(sighting->connection->points->strays, sighting, from, to, due, late_ns);

    if (!stray)
        return false;
    if (table->astray++ == 0) {
        table->first_astray = lost_of(sighting, from);
        table->stray = stray;
    }
    return true;
}

/* Count a sighting as seen at `from` and looked for at `to`. */
static void count(tcpt_loss_table *table, const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    bool missing = !(sighting->seen & 1u << to);

    if (missing && (of_another_life(sighting, from, to) || !was_looking(sighting, from, to)))
        return;
    if (missing && taken_for_copy(sighting, from, to))
        return;
    if (missing && went_astray(table, sighting, from, to))
        return;
    if (missing && (seen_behind(sighting, from, to) || passed_uncaptured(sighting, from, to))) {
        table->uncaptured++;
        return;
    }
    count_share(table, sighting, from, missing);
    if (!missing)
        return;
    list_lost(table, sighting, from);
    table->unmissed += nobody_missed(sighting, from, to);
}

static tcpt_loss_table **table_of(tcpt_leg *leg, unsigned from, unsigned way)
{
    return &leg->losses[way][from == leg->b];
}

static tcpt_loss_table *made(tcpt_loss_table **table)
{
    if (!*table)
        *table = g_new0(tcpt_loss_table, 1);
    return *table;
}

/* Where nothing of that way is seen it goes by another way, and the capture has no hole. */
static bool hears(const tcpt_sighting *sighting, unsigned at)
{
    const tcpt_member *there = &sighting->connection->members[at];

    return tcpt_member_flow(there)->ends[sighting->way ^ there->turned].sent;
}

static void count_between(const tcpt_sighting *sighting, unsigned from, unsigned to)
{
    tcpt_loss_table **table = table_of(tcpt_leg_of(sighting->connection, from, to), from, sighting->way);
    uint32_t uncaptured;

    uncaptured = made(table)->uncaptured;
    count(*table, sighting, from, to);
    if (hears(sighting, to))
        sighting->connection->members[to].at->uncaptured += (*table)->uncaptured - uncaptured;
}

/* Of a connection that nobody answers, and that so far only one point knows. */
static void count_alone(const tcpt_sighting *sighting)
{
    tcpt_connection *connection = sighting->connection;

    if (tcpt_member_flow(&connection->members[0])->both_ways)
        return;
    if (!connection->alone)
        connection->alone = g_new0(tcpt_loss_table, 1);
    tcpt_loss_table_add_missing(connection->alone, sighting, 0);
}

/* Both of two points have seen it, as nearly always. */
static void count_arrived(const tcpt_sighting *sighting)
{
    tcpt_leg *leg = tcpt_leg_of(sighting->connection, 0, 1);

    count_share(made(table_of(leg, 0, sighting->way)), sighting, 0, false);
    count_share(made(table_of(leg, 1, sighting->way)), sighting, 1, false);
}

void tcpt_losses_count(const tcpt_sighting *sighting, bool decided)
{
    unsigned members = sighting->connection->member_count;

    if (members == 2 && sighting->seen == 3) {
        count_arrived(sighting);
        return;
    }
    if (members < 2 && decided)
        count_alone(sighting);
    for (unsigned from = 0; from < members; from++)
        for (unsigned to = 0; to < members; to++)
            if (from != to && (sighting->seen & 1u << from) && (decided || (sighting->seen & 1u << to)))
                count_between(sighting, from, to);
}

/* A copy of what was counted so far, to which what is still kept is added: more segments may come. */
tcpt_loss_table tcpt_tally_table(const tcpt_connection *connection, unsigned from, unsigned to, unsigned way)
{
    tcpt_leg *leg = (tcpt_leg *)tcpt_leg_between(connection, from, to);
    const tcpt_loss_table *counted = *table_of(leg, from, way);
    tcpt_loss_table sum = counted ? *counted : (tcpt_loss_table){0};

    sum.lost = g_array_new(FALSE, FALSE, sizeof(tcpt_lost));
    if (counted && counted->lost)
        g_array_append_vals(sum.lost, counted->lost->data, counted->lost->len);
    for (const tcpt_sighting *at = connection->oldest[way]; at; at = at->after)
        if (at->seen & 1u << from)
            count(&sum, at, from, to);
    return sum;
}

void tcpt_loss_table_free(tcpt_loss_table *table)
{
    if (!table)
        return;
    if (table->lost)
        g_array_free(table->lost, TRUE);
    g_free(table);
}
