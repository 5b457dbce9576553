/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit_checksums.h"

#include <glib.h>
#include <string.h>

#include "core/flow/damages.h"
#include "core/flow/ranges.h"
#include "core/flow/trouble.h"

static void remove_damage(tcpt_endpoint *end, unsigned place)
{
    tcpt_damages *damages = end->trouble->damages;

    if (damages->at[place].counted)
        end->host->damaged--;
    damages->count--;
    memmove(&damages->at[place], &damages->at[place + 1], (damages->count - place) * sizeof *damages->at);
    if (damages->count)
        return;
    tcpt_piece_give_back(tcpt_pieces_of(end), damages, tcpt_damages_bytes(damages->room));
    tcpt_trouble_of(end)->damages = NULL;
}

static tcpt_damages *make_room(tcpt_endpoint *end)
{
    tcpt_damages *before = end->trouble->damages, *damages;
    unsigned count = tcpt_damage_count(end), room = before ? before->room : 0;

    if (count < room)
        return before;
    damages = tcpt_piece_take(tcpt_pieces_of(end), tcpt_damages_bytes(room ? 2 * room : 1));
    if (before) {
        memcpy(damages, before, tcpt_damages_bytes(room));
        tcpt_piece_give_back(tcpt_pieces_of(end), before, tcpt_damages_bytes(room));
    }
    damages->count = (uint8_t)count;
    damages->room = (uint8_t)(room ? 2 * room : 1);
    tcpt_trouble_of(end)->damages = damages;
    return damages;
}

static bool has_habit(const tcpt_endpoint *end)
{
    return tcpt_damage_count(end) && tcpt_damage_at(end, 0)->kind == TCPT_DAMAGE_HABIT;
}

static void add_damage(tcpt_endpoint *end, tcpt_damage damage)
{
    tcpt_damages *damages;

    if (tcpt_damage_count(end) == TCPT_DAMAGES)
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

    for (unsigned i = tcpt_damage_count(sender); i-- > 0;) {
        const tcpt_damage damage = *tcpt_damage_at(sender, i);

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
    if (tcpt_damage_covered_by(damage, segment))
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
    for (unsigned i = tcpt_damage_count(sender); i-- > 0;) {
        tcpt_damage *damage = &sender->trouble->damages->at[i];

        if (!tcpt_damage_overlaps(damage, segment))
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

    for (unsigned i = 0; i < tcpt_damage_count(sender); i++) {
        const tcpt_damage *earlier = tcpt_damage_at(sender, i);

        if (earlier->kind != TCPT_DAMAGE_FOUND || !tcpt_damage_overlaps(earlier, segment))
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
        .rest = tcpt_sum_rest(segment),
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
    if (!tcpt_sum_passes(segment, seen))
        add_suspect(sender, record, segment->time_ns, tcpt_sum_rest(segment), segment->checksum_expected);
}

static bool undecided(const tcpt_endpoint *end)
{
    for (unsigned i = 0; i < tcpt_damage_count(end); i++)
        if (tcpt_damage_at(end, i)->kind == TCPT_DAMAGE_FOUND ||
            (tcpt_damage_at(end, i)->kind == TCPT_DAMAGE_SUSPECTED && !tcpt_damage_at(end, i)->sound))
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
    else if (!seen->really_bad && tcpt_sum_passes(segment, seen) && !seen->stale)
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
    sender->host->sums_told |= seen->sums_unusable;
}

static void count_wrong(tcpt_endpoint *sender, const tcpt_segment *segment, const tcpt_observation *seen)
{
    count_unverifiable(sender, seen);
    if (seen->sum_explained)
        return;
    if (!sender->checksums_unexplained) {
        sender->wrong_rest = tcpt_sum_rest(segment);
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
