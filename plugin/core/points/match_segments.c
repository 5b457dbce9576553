/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same segment at another point: by its numbers, or by its bytes where it was cut or joined on the way. */
#include "core/points/match_segments.h"

#include "core/points/clock_offsets.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/retimed.h"
#include "core/points/sightings.h"
#include "core/points/sound_copies.h"
#include "tcptriage/sequence.h"

enum {
    ALIKE_MOST = 64,    /* of a segment sent again and again with the same numbers: so many of either end are tried */
    PIECES_MOST = 1024, /* looked through when a segment was cut or joined: what was lost lies there too */
};

static void note_delay(tcpt_leg *leg, unsigned way, int64_t delta_ns)
{
    leg->newest_ns[way] = delta_ns;
    if (!leg->matched[way] || delta_ns < leg->least_ns[way])
        leg->least_ns[way] = delta_ns;
    if (!leg->matched[way] || delta_ns > leg->most_ns[way])
        leg->most_ns[way] = delta_ns;
    leg->matched[way]++;
}

/* For the first time both ways of it were seen at both. */
static bool is_first_answer(const tcpt_leg *leg, unsigned way)
{
    return leg->matched[way] == 1 && leg->matched[!way];
}

/* Both points have seen it. `here` is the member that did so last. */
static void note_match(const tcpt_sighting *known, unsigned there, const tcpt_sighting *now, unsigned here)
{
    tcpt_connection *connection = known->connection;
    tcpt_leg *leg = tcpt_leg_of(connection, there, here);
    int64_t delta_ns = now->time_ns[here] - known->time_ns[there];
    int64_t least_before_ns = leg->least_ns[known->way];
    bool first = leg->matched[known->way] == 0;
    tcpt_point *point = connection->members[there].at;

    point->paired = connection->members[here].at->paired = true;
    point->ahead_ns = MAX(point->ahead_ns, delta_ns);
    note_delay(leg, known->way, there < here ? delta_ns : -delta_ns);
    if (known->first == there && known->ttl && now->ttl && known->ttl != now->ttl)
        (*((known->ttl > now->ttl) == (there < here) ? &leg->ttl_falls : &leg->ttl_rises))[known->way]++;
    if (first || leg->least_ns[known->way] < least_before_ns)
        tcpt_clock_offsets_learn(connection, leg);
    if (is_first_answer(leg, known->way))
        tcpt_guides_note_way(connection);
}

/* ---- by its numbers ---- */

/* What is rewritten between two points is learned from segments that are known to be the same: mostly from the first,
 * but a SYN sent again may have been taken for its elder, and rewritten numbers may be equal by chance. */
static void learn_rewriting(tcpt_leg *leg, const tcpt_sighting *known, const tcpt_sighting *now)
{
    unsigned way = now->way;

    if (known->has_ip_id && now->has_ip_id)
        leg->ids_changed[way] += known->ip_id != now->ip_id ? 1 : -1;
    if (known->has_timestamps && now->has_timestamps)
        leg->tsvals_changed[way] += known->tsval != now->tsval ? 1 : -1;
    leg->learned[way] = true;
}

/* A way that tells nothing (a SYN-ACK without an IP ID, say) is taken to be like the other. */
static bool rewritten_on(const int32_t changed[2], unsigned way)
{
    return changed[changed[way] != 0 ? way : !way] > 0;
}

static bool ids_change(const tcpt_leg *leg, unsigned way)
{
    return leg && rewritten_on(leg->ids_changed, way);
}

static bool tsvals_change(const tcpt_leg *leg, unsigned way)
{
    return leg && rewritten_on(leg->tsvals_changed, way);
}

/* How much two segments of the same numbers have in common, by what else is in their headers. */
typedef enum likeness {
    LIKE_NOTHING,   /* two segments */
    LIKE_REWRITTEN, /* one, if something on the way rewrites IP IDs or timestamps */
    LIKE_HEADER,
    LIKE_ALL, /* window and SACK blocks too, and due: of ACKs without an IP ID that tells the right one */
} likeness;

/* SACK blocks of different ACKs differ; a device that shifts the numbers may adjust them or not. */
static bool other_sack(const tcpt_sighting *known, const tcpt_sighting *now)
{
    const tcpt_member *members = known->connection->members;

    return known->sack && now->sack && known->sack != now->sack &&
           members[known->first].shift[!now->way] == members[now->first].shift[!now->way];
}

static bool other_id(const tcpt_sighting *known, const tcpt_sighting *now)
{
    return known->has_ip_id && now->has_ip_id && known->ip_id != now->ip_id;
}

static bool other_time(const tcpt_sighting *known, const tcpt_sighting *now)
{
    return known->has_timestamps && now->has_timestamps && known->tsval != now->tsval;
}

/* Whatever its timestamp is: what is sent again has another. */
static bool same_id(const tcpt_leg *leg, const tcpt_sighting *known, const tcpt_sighting *now)
{
    return known->has_ip_id && now->has_ip_id && known->ip_id == now->ip_id && !ids_change(leg, now->way);
}

/* `rewritten`: IP ID and timestamps may differ. */
static likeness compare(const tcpt_leg *leg, const tcpt_sighting *known, const tcpt_sighting *now, bool rewritten)
{
    if ((known->seen & now->seen) || other_sack(known, now))
        return LIKE_NOTHING;
    if (other_id(known, now) && !rewritten && !ids_change(leg, now->way))
        return LIKE_NOTHING;
    if (other_time(known, now) && !rewritten && !tsvals_change(leg, now->way) && !same_id(leg, known, now))
        return LIKE_NOTHING;
    if (other_id(known, now) || other_time(known, now))
        return LIKE_REWRITTEN;
    return known->window == now->window && known->sack == now->sack ? LIKE_ALL : LIKE_HEADER;
}

/* How far a copy is from being due, but for what segments of this way differ by: within that they keep their order. */
static int64_t undue_ns(const tcpt_leg *leg, const tcpt_sighting *known, const tcpt_sighting *now, int64_t expected_ns)
{
    int64_t off_ns = ABS(now->time_ns[now->first] - known->time_ns[known->first] - expected_ns);
    int64_t spread_ns = leg ? leg->most_ns[now->way] - leg->least_ns[now->way] : 0;

    return off_ns <= MAX(spread_ns, TCPT_MS_NS) ? 0 : off_ns;
}

/* What is sought, and the best so far. */
typedef struct search {
    const tcpt_sighting *now;
    bool rewritten;
    tcpt_sighting *best;
    likeness like;
    int64_t off_ns;
} search;

static void consider(search *of, tcpt_sighting *at)
{
    const tcpt_sighting *now = of->now;
    const tcpt_leg *leg = tcpt_leg_between(now->connection, at->first, now->first);
    int64_t keep_ns = now->connection->points->keep_ns, expected_ns;
    bool known = tcpt_expected_on(leg, now->connection, at->first, now->first, now->way, &expected_ns);
    int64_t off_ns = undue_ns(leg, at, now, expected_ns);
    likeness like = compare(leg, at, now, of->rewritten);

    if (like == LIKE_ALL && off_ns > 0)
        like = LIKE_HEADER;
    if (like == LIKE_NOTHING || like < of->like || (known && off_ns > (like > of->like ? keep_ns : of->off_ns)))
        return;
    of->best = at;
    of->like = like;
    of->off_ns = known ? off_ns : keep_ns;
}

/* The one whose copy is due now; of several sent with the same numbers only time tells, and then the order. Of more
 * than are tried (duplicate ACKs under way on a long fast path) the oldest is due first. */
static tcpt_sighting *find_alike(const tcpt_sighting *now, bool rewritten)
{
    search of = {now, rewritten, NULL, LIKE_NOTHING, now->connection->points->keep_ns};
    tcpt_sightings_alike alike = tcpt_sightings_find(now->connection->points, now);
    tcpt_sighting *at = alike.newest, *among_newest;
    unsigned count = 0;

    for (; at && count < ALIKE_MOST; at = at->alike, count++)
        consider(&of, at); /* of equals the oldest */
    if (!at || of.like == LIKE_ALL)
        return of.best;
    among_newest = of.best;
    for (at = alike.oldest, count = 0; at && count < ALIKE_MOST && of.best == among_newest;
         at = at->alike_newer, count++)
        consider(&of, at);
    return of.best;
}

/* Sent again under the same numbers, so that without clocks to go by nobody knows which is which. */
static bool sent_again(const tcpt_sighting *known, const tcpt_sighting *now)
{
    int64_t expected_ns;

    if (tcpt_expected_ns(now->connection, known->first, now->first, now->way, &expected_ns))
        return false;
    return (known->alike && !(known->alike->seen & now->seen)) ||
           (known->alike_newer && !(known->alike_newer->seen & now->seen));
}

/* Only a SYN may show for the first time that something on the way rewrites IP IDs or timestamps. */
static tcpt_sighting *find_whole(const tcpt_sighting *now)
{
    tcpt_sighting *found = find_alike(now, false);
    const tcpt_leg *leg;

    if (found || !(now->flags & TCPT_SYN))
        return found;
    found = find_alike(now, true);
    if (found && sent_again(found, now))
        return NULL;
    leg = found ? tcpt_leg_between(now->connection, found->first, now->first) : NULL;
    return leg && leg->learned[now->way] ? NULL : found;
}

static void mark_copy(const tcpt_sighting *known, tcpt_record *copy)
{
    tcpt_record *original = known->record[known->first];

    if (copy->same_as)
        return;
    copy->same_as = original->frame;
    if (original->same_as)
        return;
    original->same_as = copy->frame;
    original->copied = true;
}

static void compare_sack(tcpt_connection *connection, const tcpt_sighting *known, const tcpt_sighting *now)
{
    const tcpt_member *members = connection->members;

    if (!known->sack_left || now->sack_left != known->sack_left)
        return;
    if (members[now->first].shift[!now->way] != members[known->first].shift[!now->way])
        tcpt_leg_of(connection, known->first, now->first)->sack_not_adjusted = true;
}

/* Which of several sent under the same numbers it is: an IP ID of its own tells, or that it is due. */
static bool is_that_very_one(const tcpt_sighting *known, const tcpt_sighting *now)
{
    const tcpt_leg *leg = tcpt_leg_between(now->connection, known->first, now->first);
    int64_t expected_ns;

    if (known->has_ip_id && now->has_ip_id && known->ip_id == now->ip_id)
        return true;
    return tcpt_expected_on(leg, now->connection, known->first, now->first, now->way, &expected_ns) &&
           undue_ns(leg, known, now, expected_ns) == 0;
}

/* All of `known` has been seen at `here` as well. */
static void arrive(tcpt_points *points, tcpt_sighting *known, const tcpt_sighting *now)
{
    tcpt_connection *connection = known->connection;
    unsigned here = now->first, all = (1u << connection->member_count) - 1;

    for (unsigned there = 0; there < connection->member_count; there++)
        if (known->seen & 1u << there)
            note_match(known, there, now, here);
    known->seen |= (uint8_t)(1u << here);
    known->sound |= now->sound;
    known->damaged |= now->damaged;
    known->time_ns[here] = now->time_ns[here];
    known->record[here] = now->record[here];
    known->properties |= now->properties & 1u << TCPT_LOSS_PADDED;
    if (known->seq != known->end_seq)
        connection->members[here].not_seen[known->way]--;
    mark_copy(known, now->record[here]);
    /* SYNs stay: a point further on has not joined yet when they pass the others. */
    if (known->seen == all && !(known->flags & TCPT_SYN))
        tcpt_sightings_let_go(points, known, true);
}

static bool match_whole(tcpt_points *points, const tcpt_sighting *now)
{
    tcpt_sighting *known = find_whole(now);

    if (!known)
        return false;
    if ((known->damaged | now->damaged) && is_that_very_one(known, now))
        tcpt_sound_copies_note(known, now);
    tcpt_retimed_note(known, now);
    learn_rewriting(tcpt_leg_of(now->connection, known->first, now->first), known, now);
    compare_sack(now->connection, known, now);
    arrive(points, known, now);
    return true;
}

/* ---- by its bytes ---- */

/* Of a segment that began at `start` and whose bytes before now->seq are found. The first piece keeps the IP ID; the
 * very same bytes are no piece, but were sent again. */
static bool overlaps(const tcpt_sighting *known, const tcpt_sighting *now, uint32_t start)
{
    const tcpt_leg *leg;

    if ((known->seen & now->seen) || (known->flags & (TCPT_SYN | TCPT_RST)))
        return false;
    if (seq_after(known->seq, now->seq) || !seq_after(known->end_seq, now->seq))
        return false;
    if (known->seq == start && known->end_seq == now->end_seq)
        return false;
    leg = tcpt_leg_between(known->connection, known->first, now->first);
    if (known->seq == start && other_id(known, now) && !ids_change(leg, now->way))
        return false;
    return !other_time(known, now) || tsvals_change(leg, now->way);
}

/* The one of those in order that holds a byte. They are sorted and have nothing in common: it is sought from where the
 * last one was found, as both points mostly see the bytes in one order, however far apart in time. */
static tcpt_sighting *in_order_at(tcpt_connection *connection, unsigned way, uint32_t seq, unsigned *looked)
{
    tcpt_sighting **finger = &connection->finger[way];
    tcpt_sighting *at = *finger ? *finger : connection->newest[way];

    for (; at && *looked < PIECES_MOST && !(at->in_order && !seq_after(at->seq, seq)); ++*looked)
        at = at->before;
    for (; at && *looked < PIECES_MOST && !(at->in_order && seq_after(at->end_seq, seq)); ++*looked)
        at = at->after;
    *finger = at;
    return at && at->in_order ? at : NULL;
}

/* The newest one that repeats earlier bytes, and overlaps. */
static tcpt_sighting *again_at(const tcpt_sighting *now, uint32_t start, unsigned *looked)
{
    const tcpt_connection *connection = now->connection;
    uint32_t left = connection->again[now->way];

    for (tcpt_sighting *at = connection->newest[now->way]; at && left > 0 && *looked < PIECES_MOST;
         at = at->before, ++*looked) {
        if (!tcpt_repeats_bytes(at))
            continue;
        if (overlaps(at, now, start))
            return at;
        left--;
    }
    return NULL;
}

/* What another point has seen of its first byte that is not found yet. */
static tcpt_sighting *find_piece(const tcpt_sighting *now, uint32_t start, unsigned *looked)
{
    tcpt_sighting *found = in_order_at(now->connection, now->way, now->seq, looked);

    return found && overlaps(found, now, start) ? found : again_at(now, start, looked);
}

static bool match_pieces(tcpt_points *points, tcpt_sighting *now)
{
    unsigned looked = 0, here = now->first;
    uint32_t start = now->seq, until;
    tcpt_sighting *found;

    while (seq_before(now->seq, now->end_seq) && (found = find_piece(now, start, &looked))) {
        until = seq_before(now->end_seq, found->end_seq) ? now->end_seq : found->end_seq;
        tcpt_leg_of(now->connection, found->first, here)->recut = true;
        found->in_pieces[here] += until - now->seq;
        now->seq = until;
        mark_copy(found, now->record[here]);
        if (found->in_pieces[here] >= found->end_seq - found->seq)
            arrive(points, found, now);
    }
    return now->seq == now->end_seq;
}

bool tcpt_match_segment(tcpt_points *points, tcpt_sighting *now, const tcpt_segment *segment)
{
    if (now->connection->member_count < 2)
        return false;
    if (match_whole(points, now))
        return true;
    if (!segment->payload_bytes || !now->connection->members[now->first].not_seen[now->way])
        return false;
    return match_pieces(points, now);
}
