/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checksum that is really bad: wrong among good ones of the same source, and not explained otherwise. */
#include "detectors/detectors.h"
#include "detectors/shared/bad_sums.h"

#include "tcptriage/points.h"
#include "tcptriage/sequence.h"

static bool came_again(const tcpt_damages *damages, unsigned place)
{
    const tcpt_damage *damage = &damages->at[place];

    for (unsigned i = 0; i < damages->count; i++)
        if (i != place && damages->at[i].kind == TCPT_DAMAGE_FOUND && seq_before(damages->at[i].left, damage->right) &&
            seq_after(damages->at[i].right, damage->left))
            return true;
    return damage->cut_down;
}

/* The sender has the bytes and their sum right: its stack and network card do not make a wrong one each time. */
static void say_once(const tcpt_context *context, tcpt_finding *finding, const tcpt_damage *damage)
{
    tcpt_resummarise(finding,
                     "TCP checksum should be 0x%04x, and is right when these bytes are sent again (frame %u): damaged "
                     "on the way, or once in the %s; hosts drop it",
                     damage->expected, context->record->frame, tcpt_role(context->flow, context->seen->from));
    tcpt_brief(finding, "Bad TCP checksum; its repeat is right: damaged on the way?");
}

/* Its bytes are here, sound: the damage cost the time until now. */
static void note_mended(const tcpt_context *context)
{
    const tcpt_damages *damages = context->flow->ends[context->seen->from].trouble->damages;

    for (unsigned mask = context->seen->mended; mask; mask &= mask - 1) {
        const tcpt_damage *damage = &damages->at[tcpt_lowest_bit(mask)];
        tcpt_finding *finding = tcpt_raised_on(context, damage->record);

        if (!finding)
            continue;
        if (!came_again(damages, tcpt_lowest_bit(mask)))
            say_once(context, finding, damage);
        tcpt_relate(finding, context->record);
        tcpt_set_delay(finding, context->now_ns - damage->time_ns);
    }
}

static void take_back_refuted(const tcpt_context *context, unsigned end)
{
    const tcpt_damages *damages = context->flow->ends[end].trouble->damages;

    for (unsigned mask = context->seen->refuted[end]; mask; mask &= mask - 1) {
        tcpt_finding *finding = tcpt_raised_on(context, damages->at[tcpt_lowest_bit(mask)].record);

        if (finding)
            tcpt_withdraw(context, finding);
    }
}

/* The first one that damaged the same bytes, or NULL. */
static tcpt_record *damaged_before(const tcpt_context *context)
{
    const tcpt_damages *damages = context->flow->ends[context->seen->from].trouble->damages;

    for (unsigned i = 0; damages && i < damages->count; i++)
        if (damages->at[i].kind == TCPT_DAMAGE_FOUND && seq_before(context->segment->seq, damages->at[i].right) &&
            seq_after(context->segment->end_seq, damages->at[i].left))
            return damages->at[i].record;
    return NULL;
}

static tcpt_finding *raise_bad(const tcpt_context *context)
{
    const tcpt_segment *segment = context->segment;
    tcpt_record *before = damaged_before(context);
    tcpt_finding *finding;

    if (!before)
        return tcpt_raise(context, TCPT_MEDIUM,
                          "TCP checksum 0x%04x should be 0x%04x, while this source's others are good: hosts drop this "
                          "segment",
                          segment->checksum, segment->checksum_expected);
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "TCP checksum 0x%04x should be 0x%04x, and was wrong for these bytes in frame %u, too: the "
                         "sender repeats the damage, and hosts drop it each time",
                         segment->checksum, segment->checksum_expected, before->frame);
    tcpt_brief(finding, "Bad checksum again, as in frame %u: hosts drop it", before->frame);
    tcpt_relate(finding, before);
    return finding;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    tcpt_finding *finding;

    (void)memory;
    note_mended(context);
    take_back_refuted(context, 0);
    take_back_refuted(context, 1);
    if (!context->seen->really_bad || segment->checksum_is != TCPT_CHECKSUM_WRONG)
        return;
    finding = raise_bad(context);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_EXPECTED, segment->checksum_expected);
    tcpt_rule_out(finding, "Checksum offload: the field is not the pseudo-header sum, and this source's other "
                           "checksums verify.");
}

/* ---- what another capture point tells ---- */

/* A point nearer to the sender has seen it sound. */
static bool find_sound(const tcpt_context *context, unsigned end, const tcpt_record *damaged, tcpt_sound_copy *copy)
{
    for (unsigned i = 0; tcpt_sound_copy_of(context->flow, end, i, copy); i++)
        if (copy->damaged == damaged)
            return true;
    return false;
}

static void say_between(const tcpt_context *context, unsigned end, tcpt_finding *finding, const tcpt_sound_copy *copy)
{
    tcpt_set_confidence(finding, copy->order_assumed ? TCPT_MEDIUM : TCPT_HIGH);
    tcpt_resummarise(finding,
                     "Damaged between %s, where this segment of the %s has a right TCP checksum (frame %u), and %s: "
                     "hosts drop it",
                     copy->at->name, tcpt_role(context->flow, end), copy->sound->frame, context->flow->at->name);
    tcpt_brief(finding, "Bad TCP checksum: damaged between two points");
    tcpt_relate(finding, copy->sound);
    tcpt_blame_way(finding);
    tcpt_rule_out(finding, "Its sender: a point nearer to that has the same segment with a right checksum.");
}

static void settle_between(const tcpt_context *context, unsigned end)
{
    tcpt_sound_copy copy;

    for (unsigned i = 0; tcpt_sound_copy_of(context->flow, end, i, &copy); i++) {
        tcpt_finding *judged = tcpt_raised_on(context, copy.damaged);

        if (judged)
            say_between(context, end, tcpt_instead_of(context, judged), &copy);
    }
}

/* ---- SYNs that nothing good came before ---- */

/* Nine of ten other sums at this point verify, or there are none. */
static bool others_verify(const tcpt_flow *flow, uint32_t mine)
{
    const uint64_t *sums = flow->at->sums;

    return sums[TCPT_CHECKSUM_WRONG] <= mine || sums[TCPT_CHECKSUM_GOOD] >= 9 * (sums[TCPT_CHECKSUM_WRONG] - mine);
}

static bool answered(const tcpt_flow *flow, unsigned end)
{
    return flow->ends[!end].acked && seq_after(flow->ends[!end].rcv_nxt, flow->ends[end].iss);
}

static void raise_on_syn(const tcpt_context *context, unsigned end, const tcpt_damage *damage)
{
    bool taken = answered(context->flow, end);
    tcpt_sound_copy copy;
    tcpt_finding *finding =
        tcpt_raise_on(context, damage->record, damage->time_ns, taken ? TCPT_MEDIUM : TCPT_LOW,
                      "The TCP checksum of the %s's %s should be 0x%04x: hosts drop this segment; it %s",
                      tcpt_role(context->flow, end), end == context->flow->client ? "SYN" : "SYN-ACK", damage->expected,
                      taken ? "was answered only when it came with a right one" : "is never answered");

    tcpt_brief(finding, "%s with a bad checksum: dropped", end == context->flow->client ? "SYN" : "SYN-ACK");
    tcpt_set_number(finding, TCPT_F_CHECKSUM_EXPECTED, damage->expected);
    tcpt_relate(finding, damage->sound);
    tcpt_rule_out(finding, "Checksum offload: the field is not the pseudo-header sum.");
    if (find_sound(context, end, damage->record, &copy))
        say_between(context, end, finding, &copy);
}

/* The only segment of its flow. */
static void settle_lone(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *sender = &context->flow->ends[end];

    if (sender->segment_count != 1 || sender->checksums_unexplained != 1 || sender->syn_count != 1 ||
        context->flow->both_ways || !others_verify(context->flow, 1))
        return;
    raise_on_syn(
        context, end,
        &(tcpt_damage){.record = sender->last_record, .time_ns = sender->last_ns, .expected = sender->wrong_expected});
}

/* The retry after each is the evidence: an answer to a retry with a right sum, or at least none to those without. */
static void settle_end(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *sender = &context->flow->ends[end];
    const tcpt_damages *damages = sender->trouble->damages;
    uint32_t suspected = 0;

    for (unsigned i = 0; i < damages->count; i++)
        suspected += damages->at[i].kind == TCPT_DAMAGE_SUSPECTED;
    if (sender->checksums_wrong != suspected)
        return; /* other sums of its are wrong, too: that is a habit */
    if (!answered(context->flow, end) && !others_verify(context->flow, suspected))
        return;
    for (unsigned i = 0; i < damages->count; i++)
        if (damages->at[i].kind == TCPT_DAMAGE_SUSPECTED)
            raise_on_syn(context, end, &damages->at[i]);
}

/* ---- bytes of which nothing more was heard ---- */

/* Neither sent again nor acknowledged: whether it arrived is not known. */
static void settle_open(const tcpt_context *context, unsigned end, unsigned place)
{
    const tcpt_damages *damages = context->flow->ends[end].trouble->damages;
    const tcpt_damage *damage = &damages->at[place];
    tcpt_sound_copy copy;
    tcpt_finding *finding = tcpt_raised_on(context, damage->record);

    if (damage->kind != TCPT_DAMAGE_FOUND || !finding || came_again(damages, place) ||
        find_sound(context, end, damage->record, &copy))
        return;
    finding = tcpt_instead_of(context, finding);
    tcpt_set_confidence(finding, TCPT_LOW);
    tcpt_resummarise(finding,
                     "TCP checksum should be 0x%04x, while this source's others are good; these bytes are neither "
                     "sent again nor acknowledged in this capture",
                     damage->expected);
}

static void settle(const tcpt_context *context, const void *memory)
{
    (void)memory;
    for (unsigned end = 0; end < 2; end++) {
        const tcpt_damages *damages = context->flow->ends[end].trouble->damages;

        for (unsigned i = 0; damages && i < damages->count; i++)
            settle_open(context, end, i);
        settle_between(context, end);
        if (context->flow->ends[end].trouble->damages)
            settle_end(context, end);
        else
            settle_lone(context, end);
    }
}

static const tcpt_field fields[] = {TCPT_F_CHECKSUM_EXPECTED, TCPT_FIELD_COUNT};

static const char *const explains[] = {TCPT_EXPLAINED_BY_BAD_SUMS, NULL};

const tcpt_detector tcpt_checksum_bad = {
    .id = "checksum_bad",
    .message = "TCP checksum is bad, and neither offload nor padding explains it",
    .brief = "Bad TCP checksum, and neither offload nor padding",
    .mistaken = "loss in a full queue",
    .explanation =
        "The segment was damaged behind its sender, or the sender's stack or network card made a wrong sum: "
        "the receiving host drops it silently, and it has to be sent again. Where a second capture point, "
        "nearer to the sender, has it with a right sum it was damaged between the two. The analysis takes it as never "
        "received. Where its bytes are acknowledged and never sent again they have arrived, and the finding "
        "is taken back.",
    .remedy = "Compare with the retransmission of the same bytes. Where that is right, look for faulty memory or "
              "firmware in a device between the sender and this capture, or in the sender. Where every repeat is wrong "
              "the sender itself "
              "makes the wrong sum: switch its checksum offload off, update its driver or stack.",
    .commands = tcpt_bad_sum_commands,
    .reference = "RFC 9293 section 3.1; Linux tcp_v4_rcv() (TCP_CSUM)",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_CHECKSUM | TCPT_TRAIT_DAMAGED,
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
