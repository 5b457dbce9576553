/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/checksums.h"

#include "core/flow/damages.h"

enum {
    GOOD_LEAST = 2,  /* good sums that an address must have shown, */
    GOOD_TENTHS = 9, /* and their share of all that were judged, */
    HABIT = 3,
    ONE_BURST = 2, /* but for so many damages in a row: noise hits what follows as well, before an answer can come */
    USUAL_MSS =
        1460, /* Ethernet's: where no handshake was captured, what is longer was more likely joined than jumbo */
};

/* Whether bytes of it were found damaged before: they do not become good by repetition. */
static bool repeats_damage(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    for (unsigned i = 0; i < tcpt_damage_count(sender); i++)
        if (tcpt_damage_at(sender, i)->kind == TCPT_DAMAGE_FOUND &&
            tcpt_damage_overlaps(tcpt_damage_at(sender, i), segment))
            return true;
    return false;
}

/* The same rest over other bytes: the sum was never made over them. */
static bool same_rest(const tcpt_damage *damage, const tcpt_segment *segment)
{
    return damage->expected && damage->rest == tcpt_sum_rest(segment) && damage->expected != segment->checksum_expected;
}

/* Offload's sum of the pseudo header alone, and then an address was changed. */
static bool follows_length_alone(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    for (unsigned i = 0; i < tcpt_damage_count(sender); i++)
        if (same_rest(tcpt_damage_at(sender, i), segment))
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
    seen->sums_unusable =
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

void tcpt_observe_damages(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];

    if (seen->really_bad || seen->stale)
        return;
    for (unsigned i = 0; i < tcpt_damage_count(sender); i++) {
        const tcpt_damage *damage = tcpt_damage_at(sender, i);

        if (damage->kind == TCPT_DAMAGE_HABIT)
            continue;
        if (seen->sum_explained && (damage->kind == TCPT_DAMAGE_SUSPECTED || same_rest(damage, segment)))
            seen->refuted[seen->from] |= (uint16_t)(1u << i);
        else if (tcpt_sum_passes(segment, seen) && tcpt_damage_covered_by(damage, segment))
            seen->mended |= (uint16_t)(1u << i);
    }
    if (seen->odd_ack || seen->old_numbers)
        return;
    for (unsigned i = 0; i < tcpt_damage_count(receiver); i++)
        if (tcpt_damage_at(receiver, i)->kind != TCPT_DAMAGE_HABIT && !tcpt_damage_at(receiver, i)->cut_down &&
            !tcpt_damage_at(receiver, i)->sound && acknowledges(segment, tcpt_damage_at(receiver, i)))
            seen->refuted[!seen->from] |= (uint16_t)(1u << i);
}
