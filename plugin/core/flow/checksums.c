/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/checksums.h"

#include <glib.h>
#include <string.h>

#include "core/flow/ranges.h"
#include "core/flow/trouble.h"
#include "tcptriage/sequence.h"

enum {
    GOOD_LEAST = 2,  /* good sums that an address must have shown, */
    GOOD_TENTHS = 9, /* and their share of all that were judged, */
    HABIT = 3,
    ONE_BURST = 2, /* but for so many damages in a row: noise hits what follows as well, before an answer can come */
    USUAL_MSS =
        1460, /* Ethernet's: where no handshake was captured, what is longer was more likely joined than jumbo */
};

/* ---- judging ---- */

static unsigned count_of(const tcpt_endpoint *end)
{
    return end->trouble->damages ? end->trouble->damages->count : 0;
}

static const tcpt_damage *damage_of(const tcpt_endpoint *end, unsigned place)
{
    return &end->trouble->damages->at[place];
}

static bool overlaps(const tcpt_damage *damage, const tcpt_segment *segment)
{
    return seq_before(segment->seq, damage->right) && seq_after(segment->end_seq, damage->left);
}

/* Whether bytes of it were found damaged before: they do not become good by repetition. */
static bool repeats_damage(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    for (unsigned i = 0; i < count_of(sender); i++)
        if (damage_of(sender, i)->kind == TCPT_DAMAGE_FOUND && overlaps(damage_of(sender, i), segment))
            return true;
    return false;
}

/* Field minus length, in one's complement; 0xffff and 0 are the same there. */
static uint16_t rest_of(const tcpt_segment *segment)
{
    uint32_t length = segment->header_bytes + segment->payload_bytes;
    uint32_t rest = segment->checksum + (~(length % 0xffff) & 0xffff);

    rest = (rest & 0xffff) + (rest >> 16);
    return rest == 0xffff ? 0 : (uint16_t)rest;
}

/* The same rest over other bytes: the sum was never made over them. */
static bool same_rest(const tcpt_damage *damage, const tcpt_segment *segment)
{
    return damage->expected && damage->rest == rest_of(segment) && damage->expected != segment->checksum_expected;
}

/* Offload's sum of the pseudo header alone, and then an address was changed. */
static bool follows_length_alone(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    for (unsigned i = 0; i < count_of(sender); i++)
        if (same_rest(damage_of(sender, i), segment))
            return true;
    return false;
}

/* Segments that were joined on receipt, or not cut up yet: no such segment was ever on a wire. */
static bool joined(const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return segment->payload_bytes > (receiver->mss ? receiver->mss : USUAL_MSS);
}

static bool explained(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    return joined(&flow->ends[!from], segment) || follows_length_alone(&flow->ends[from], segment);
}

/* What the sender has shown before it had that host is not in there yet. */
static uint32_t good_of(const tcpt_host *host, const tcpt_endpoint *sender)
{
    return host->good + (sender->host ? 0 : sender->checksums_good);
}

/* Wrong among good ones of the same address. */
static bool isolated(const tcpt_host *host, const tcpt_endpoint *sender)
{
    uint64_t good = good_of(host, sender);
    uint64_t wrong = (uint64_t)host->wrong + (sender->host ? 0 : sender->checksums_unexplained);
    uint64_t others = good + wrong + (host->damaged > ONE_BURST ? host->damaged : 0);

    return good >= GOOD_LEAST && good * 10 >= others * GOOD_TENTHS;
}

bool tcpt_really_bad(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from, const tcpt_host *host)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (segment->checksum_is == TCPT_CHECKSUM_OVER_PADDING)
        return true;
    if (segment->checksum_is != TCPT_CHECKSUM_WRONG || !host || explained(flow, segment, from))
        return false;
    return repeats_damage(sender, segment) || isolated(host, sender);
}

/* One or two wrong ones may be damage; the third with most of them wrong is a habit. */
static void observe_habit(tcpt_observation *seen, const tcpt_endpoint *sender, const tcpt_host *host)
{
    seen->host_good = good_of(host, sender);
    seen->host_unverifiable = host->unverifiable + (sender->host ? 0 : sender->checksums_wrong) + 1;
    seen->sums_settled =
        !host->sums_told && seen->host_unverifiable >= HABIT && seen->host_good < seen->host_unverifiable;
}

void tcpt_observe_checksum(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_host *host)
{
    seen->really_bad = tcpt_really_bad(flow, segment, seen->from, host);
    seen->checksums_wrong = flow->ends[seen->from].checksums_wrong + !seen->really_bad;
    seen->sum_explained = segment->checksum_is == TCPT_CHECKSUM_WRONG && explained(flow, segment, seen->from);
    if (host && !seen->really_bad)
        observe_habit(seen, &flow->ends[seen->from], host);
}

/* A RST has received what it refuses: a SYN, as a rule. */
static bool acknowledges(const tcpt_segment *segment, const tcpt_damage *damage)
{
    if (!(segment->flags & TCPT_ACK))
        return false;
    return segment->flags & TCPT_RST ? segment->ack == damage->right : !seq_before(segment->ack, damage->right);
}

static bool covers(const tcpt_segment *segment, const tcpt_damage *damage)
{
    return !seq_after(segment->seq, damage->left) && !seq_before(segment->end_seq, damage->right);
}

/* A sum that nobody doubts, or one that cannot be doubted. */
static bool sum_passes(const tcpt_segment *segment, const tcpt_observation *seen)
{
    return segment->checksum_is != TCPT_CHECKSUM_WRONG || seen->sum_explained;
}

void tcpt_observe_damages(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];

    if (seen->really_bad || seen->stale)
        return;
    for (unsigned i = 0; i < count_of(sender); i++) {
        const tcpt_damage *damage = damage_of(sender, i);

        if (damage->kind == TCPT_DAMAGE_HABIT)
            continue;
        if (seen->sum_explained && (damage->kind == TCPT_DAMAGE_SUSPECTED || same_rest(damage, segment)))
            seen->refuted[seen->from] |= (uint16_t)(1u << i);
        else if (sum_passes(segment, seen) && covers(segment, damage))
            seen->mended |= (uint16_t)(1u << i);
    }
    if (seen->odd_ack || seen->old_numbers)
        return;
    for (unsigned i = 0; i < count_of(receiver); i++)
        if (damage_of(receiver, i)->kind != TCPT_DAMAGE_HABIT && !damage_of(receiver, i)->cut_down &&
            !damage_of(receiver, i)->sound && acknowledges(segment, damage_of(receiver, i)))
            seen->refuted[!seen->from] |= (uint16_t)(1u << i);
}

/* ---- what is kept of them ---- */

static void remove_damage(tcpt_endpoint *end, unsigned place)
{
    tcpt_damages *damages = end->trouble->damages;

    if (damages->at[place].counted)
        end->host->damaged--;
    damages->count--;
    memmove(&damages->at[place], &damages->at[place + 1], (damages->count - place) * sizeof *damages->at);
    if (damages->count)
        return;
    g_free(damages);
    tcpt_trouble_of(end)->damages = NULL;
}

static tcpt_damages *make_room(tcpt_endpoint *end)
{
    tcpt_damages *damages = end->trouble->damages;
    unsigned count = count_of(end), room = damages ? damages->room : 0;

    if (count < room)
        return damages;
    room = room ? 2 * room : 1;
    damages = g_realloc(damages, sizeof *damages + room * sizeof *damages->at);
    damages->count = (uint8_t)count;
    damages->room = (uint8_t)room;
    tcpt_trouble_of(end)->damages = damages;
    return damages;
}

static bool has_habit(const tcpt_endpoint *end)
{
    return count_of(end) && damage_of(end, 0)->kind == TCPT_DAMAGE_HABIT;
}

static void add_damage(tcpt_endpoint *end, tcpt_damage damage)
{
    tcpt_damages *damages;

    if (count_of(end) == TCPT_DAMAGES)
        remove_damage(end, has_habit(end));
    damages = make_room(end);
    damages->at[damages->count++] = damage;
    if (damage.counted)
        end->host->damaged++;
}

/* One is kept to compare with, in the first place: it stays to the end. */
static void note_habit(tcpt_endpoint *end, tcpt_damage damage)
{
    tcpt_damages *damages;

    if (!damage.expected || has_habit(end))
        return;
    damages = make_room(end);
    memmove(&damages->at[1], &damages->at[0], damages->count * sizeof *damages->at);
    damages->count++;
    damage.kind = TCPT_DAMAGE_HABIT;
    damage.counted = false;
    damages->at[0] = damage;
}

/* The bytes have arrived: no hole of the capture. A FIN among them is left to those who infer one. */
static void take_as_sent(tcpt_endpoint *sender, const tcpt_damage *damage)
{
    if (!damage->payload_only || !sender->sent)
        return;
    tcpt_ranges_add(sender, damage->left, damage->right);
    sender->snd_nxt = seq_max(sender->snd_nxt, damage->right);
}

/* Its bytes were acknowledged, and nothing sound had brought them. */
static void acquit(tcpt_endpoint *sender, const tcpt_damage *damage)
{
    if (damage->kind != TCPT_DAMAGE_FOUND)
        return; /* counted as wrong already */
    sender->checksums_wrong++;
    sender->checksums_unexplained++;
    sender->host->unverifiable++;
    sender->host->wrong++;
    take_as_sent(sender, damage);
}

static void drop_refuted(tcpt_flow *flow, const tcpt_observation *seen, unsigned end)
{
    tcpt_endpoint *sender = &flow->ends[end];

    for (unsigned i = count_of(sender); i-- > 0;) {
        const tcpt_damage damage = *damage_of(sender, i);

        if (!(seen->refuted[end] >> i & 1))
            continue;
        remove_damage(sender, i);
        if (end != seen->from)
            acquit(sender, &damage);
        else
            note_habit(sender, damage);
    }
}

/* A SYN whose retry is sound: damaged, and that is no habit of its sender. */
static void clear_suspect(tcpt_endpoint *sender, tcpt_damage *damage, const tcpt_segment *segment, tcpt_record *record)
{
    if (damage->sound || segment->checksum_is != TCPT_CHECKSUM_GOOD)
        return;
    damage->sound = record;
    sender->checksums_unexplained--;
    if (sender->host)
        sender->host->wrong--;
}

/* What a copy with a good sum leaves of a damage; false for nothing. */
static bool cut(tcpt_damage *damage, const tcpt_segment *segment)
{
    if (covers(segment, damage))
        return false;
    damage->cut_down = true;
    if (!seq_after(segment->seq, damage->left))
        damage->left = segment->end_seq;
    else if (!seq_before(segment->end_seq, damage->right))
        damage->right = segment->seq;
    return true;
}

static void mend(tcpt_endpoint *sender, const tcpt_segment *segment, tcpt_record *record)
{
    for (unsigned i = count_of(sender); i-- > 0;) {
        tcpt_damage *damage = &sender->trouble->damages->at[i];

        if (!overlaps(damage, segment))
            continue;
        if (damage->kind == TCPT_DAMAGE_SUSPECTED)
            clear_suspect(sender, damage, segment, record);
        else if (damage->kind == TCPT_DAMAGE_FOUND && !cut(damage, segment))
            remove_damage(sender, i);
    }
}

/* Narrow a damage to what is not known already: to the bytes that earlier ones have damaged, and new ones. */
static bool narrow_to_known(const tcpt_endpoint *sender, const tcpt_segment *segment, tcpt_damage *damage)
{
    bool known = false;
    uint32_t left = damage->right, right = damage->left;

    for (unsigned i = 0; i < count_of(sender); i++) {
        const tcpt_damage *earlier = damage_of(sender, i);

        if (earlier->kind != TCPT_DAMAGE_FOUND || !overlaps(earlier, segment))
            continue;
        known = true;
        left = seq_before(earlier->left, left) ? earlier->left : left;
        right = seq_max(earlier->right, right);
    }
    if (!known)
        return false;
    damage->left = seq_max(damage->left, left);
    if (!seq_after(damage->right, sender->snd_nxt) && seq_after(damage->right, right))
        damage->right = right;
    return true;
}

/* Bytes that were sent before with a good sum may be acknowledged for that one's sake: such a damage is never refuted,
 * and counts against its sender. */
static void note_bad(tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_observation *seen,
                     tcpt_record *record)
{
    tcpt_damage damage = {
        .record = record,
        .time_ns = segment->time_ns,
        .left = segment->seq,
        .right = segment->end_seq,
        .rest = rest_of(segment),
        .expected = segment->checksum_expected,
        .payload_only = !(segment->flags & (TCPT_SYN | TCPT_FIN)),
        .kind = TCPT_DAMAGE_FOUND,
    };

    if (!narrow_to_known(sender, segment, &damage)) {
        damage.counted = true;
        if (seen->traits & TCPT_TRAIT_REPEAT)
            damage.left = sender->snd_nxt;
    }
    if (seq_after(damage.right, damage.left))
        add_damage(sender, damage);
    else
        sender->host->wrong++;
}

static bool answered(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    return receiver->acked && seq_after(receiver->rcv_nxt, sender->iss);
}

static void add_suspect(tcpt_endpoint *sender, tcpt_record *record, int64_t time_ns, uint16_t rest, uint16_t expected)
{
    add_damage(sender, (tcpt_damage){
                           .record = record,
                           .time_ns = time_ns,
                           .left = sender->iss,
                           .right = sender->iss + 1,
                           .rest = rest,
                           .expected = expected,
                           .kind = TCPT_DAMAGE_SUSPECTED,
                       });
}

/* A SYN or SYN-ACK that is sent again unanswered, itself or the one before it with a wrong sum. */
static void suspect_syn(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (!sender->syn || segment->seq != sender->iss || seen->really_bad || answered(flow, seen->from))
        return;
    if (sender->segment_count == 1 && sender->checksums_unexplained == 1)
        add_suspect(sender, sender->last_record, sender->last_ns, sender->wrong_rest, sender->wrong_expected);
    if (!sum_passes(segment, seen))
        add_suspect(sender, record, segment->time_ns, rest_of(segment), segment->checksum_expected);
}

static bool undecided(const tcpt_endpoint *end)
{
    for (unsigned i = 0; i < count_of(end); i++)
        if (damage_of(end, i)->kind == TCPT_DAMAGE_FOUND ||
            (damage_of(end, i)->kind == TCPT_DAMAGE_SUSPECTED && !damage_of(end, i)->sound))
            return true;
    return false;
}

static void commit_damages(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                           tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    drop_refuted(flow, seen, 0);
    drop_refuted(flow, seen, 1);
    if (segment->flags & TCPT_SYN)
        suspect_syn(flow, segment, seen, record);
    if (seen->really_bad && segment->checksum_is == TCPT_CHECKSUM_WRONG && !seen->stale)
        note_bad(sender, segment, seen, record);
    else if (!seen->really_bad && sum_passes(segment, seen) && !seen->stale)
        mend(sender, segment, record);
    flow->damaged = undecided(&flow->ends[0]) || undecided(&flow->ends[1]);
}

/* ---- counting ---- */

static void count_unverifiable(tcpt_endpoint *sender, const tcpt_observation *seen)
{
    sender->checksums_wrong = seen->checksums_wrong;
    if (!sender->host)
        return;
    sender->host->unverifiable++;
    sender->host->sums_told |= seen->sums_settled;
}

static void count_wrong(tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_observation *seen)
{
    count_unverifiable(sender, seen);
    if (seen->sum_explained)
        return;
    if (!sender->checksums_unexplained) {
        sender->wrong_rest = rest_of(segment);
        sender->wrong_expected = segment->checksum_expected;
    }
    sender->checksums_unexplained++;
    if (sender->host)
        sender->host->wrong++;
}

static void count(tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_observation *seen)
{
    switch (segment->checksum_is) {
    case TCPT_CHECKSUM_UNKNOWN:
    case TCPT_CHECKSUM_OVER_PADDING:
        return;
    case TCPT_CHECKSUM_GOOD:
        sender->checksums_good++;
        if (sender->host)
            sender->host->good++;
        return;
    case TCPT_CHECKSUM_PARTIAL:
    case TCPT_CHECKSUM_BOTH_WRONG:
        count_unverifiable(sender, seen);
        return;
    case TCPT_CHECKSUM_WRONG:
        if (!seen->really_bad)
            count_wrong(sender, segment, seen);
        return;
    }
}

void tcpt_commit_checksums(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                           tcpt_record *record)
{
    tcpt_endpoint *sender = &flow->ends[seen->from];

    if (flow->damaged || segment->checksum_is == TCPT_CHECKSUM_WRONG ||
        ((segment->flags & TCPT_SYN) && sender->checksums_unexplained))
        commit_damages(flow, segment, seen, record);
    count(sender, segment, seen);
}
