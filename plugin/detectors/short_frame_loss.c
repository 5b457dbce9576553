/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only the padded frames of one sender go missing. With two capture points that is seen; from one it is told near the
 * sender by what is never acknowledged, near the receiver by what never shows. */
#include "detectors/shared/close_due.h"
#include "detectors/detectors.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/points.h"

typedef struct sent {
    uint32_t padded;         /* padded frames that need an acknowledgment, repeats included */
    uint32_t padded_end;     /* sequence number behind the newest of them */
    uint32_t padded_payload; /* of those, frames with payload */
    uint32_t acks_missing;   /* padded bare ACKs without effect: the data came again */
    bool padded_arrived;     /* one had its effect */
    bool ack_open;           /* a padded bare ACK whose effect is still open */
    uint32_t ack_value;
    int64_t ack_ns;
    bool alive_late; /* spoke, in a longer frame, after the other side's FIN */
    tcpt_finding *finding;
} sent;

typedef struct loss_memory {
    sent by[2];
} loss_memory;

enum {
    /* A missing ACK makes the other side repeat its data after its retransmission timeout. Without a repeat for longer
     * than that the ACK has arrived. */
    ACK_ARRIVED_MS = TCPT_FIRST_RTO_SECONDS * 1000 + 500,
};

/* Longer frames with payload, of so many with payload in all. */
static uint32_t others(uint32_t payload_segments, const sent *mine)
{
    return payload_segments - mine->padded_payload;
}

static void note_own(const tcpt_context *context, sent *mine)
{
    const tcpt_segment *segment = context->segment;
    bool needs_ack = segment->end_seq != segment->seq;

    if (context->flow->ends[!context->seen->from].fin && !tcpt_short_on_the_wire(segment))
        mine->alive_late = true;
    if (needs_ack && segment->pad_bytes) {
        mine->padded++;
        mine->padded_payload += segment->payload_bytes > 0;
        mine->padded_end = segment->end_seq;
    }
    if (!segment->pad_bytes) {
        mine->ack_open = false; /* this frame carries the acknowledgment as well */
        return;
    }
    if (context->seen->pure_ack && (context->seen->traits & TCPT_TRAIT_ACKS_NEW)) {
        mine->ack_open = true;
        mine->ack_value = segment->ack;
        mine->ack_ns = segment->time_ns;
    }
}

/* What the other side sends tells what became of this side's padded frames. */
static void note_effect(const tcpt_context *context, sent *theirs)
{
    const tcpt_segment *segment = context->segment;

    if (theirs->padded && (segment->flags & TCPT_ACK) && !seq_before(segment->ack, theirs->padded_end))
        theirs->padded_arrived = true;
    if (!theirs->ack_open)
        return;
    if ((context->seen->traits & TCPT_TRAIT_REPEAT) && !seq_after(segment->end_seq, theirs->ack_value)) {
        theirs->acks_missing++;
        theirs->ack_open = false;
    } else if (segment->time_ns - theirs->ack_ns > ACK_ARRIVED_MS * TCPT_MS_NS) {
        theirs->padded_arrived = true;
        theirs->ack_open = false;
    }
}

static void set_counts(tcpt_finding *finding, uint32_t padded_missing, uint32_t padded_total, uint32_t other_missing,
                       uint32_t other_total)
{
    tcpt_set_number(finding, TCPT_F_LOSS_PADDED_MISSING, padded_missing);
    tcpt_set_number(finding, TCPT_F_LOSS_PADDED_TOTAL, padded_total);
    tcpt_set_number(finding, TCPT_F_LOSS_OTHER_MISSING, other_missing);
    tcpt_set_number(finding, TCPT_F_LOSS_OTHER_TOTAL, other_total);
}

static void tell_briefly(const tcpt_context *context, tcpt_finding *finding, unsigned from, uint32_t missing)
{
    tcpt_brief(finding, "Only padded frames of the %s go missing, all %u", tcpt_role(context->flow, from), missing);
}

static void complete(const tcpt_context *context, const sent *mine)
{
    uint32_t missing = mine->padded + mine->acks_missing;
    uint32_t other = others(context->seen->payload_segments, mine);

    tcpt_resummarise(mine->finding,
                     "All %u padded frames of the %s went unacknowledged, none of its longer ones (%u) did", missing,
                     tcpt_role(context->flow, context->seen->from), other);
    tell_briefly(context, mine->finding, context->seen->from, missing);
    set_counts(mine->finding, missing, missing, 0, other);
}

/* Near the sender: its padded FIN is repeated for the second time, everything longer was acknowledged at once. */
static void judge_near(const tcpt_context *context, sent *mine)
{
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];
    uint32_t other = others(context->seen->payload_segments, mine);

    if (!(context->segment->flags & TCPT_FIN) || !context->segment->pad_bytes || !sender->fin || sender->fin_acked)
        return;
    if (mine->finding) {
        complete(context, mine);
        return;
    }
    if (context->seen->fin_repeats != 2 || mine->padded_arrived || !other || sender->payload_repeats)
        return;
    if (!receiver->acked || receiver->rcv_nxt != sender->fin_end - 1)
        return;
    mine->finding = tcpt_raise(context, other >= 3 || mine->acks_missing ? TCPT_MEDIUM : TCPT_LOW, " ");
    complete(context, mine);
    tcpt_relate(mine->finding, sender->fin_record);
    tcpt_relate(mine->finding, receiver->last_record);
    tcpt_relate(mine->finding, sender->payload_record);
    tcpt_rule_out(mine->finding,
                  "Loss by chance: every longer frame of this sender was acknowledged without a repeat.");
}

static void judge(const tcpt_context *context, void *memory)
{
    loss_memory *all = memory;

    if (context->seen->really_bad)
        return;
    note_effect(context, &all->by[!context->seen->from]);
    note_own(context, &all->by[context->seen->from]);
    judge_near(context, &all->by[context->seen->from]);
}

/* Near the receiver: of a sender without timestamps no short frame at all was seen, where its FIN and its ACK of
 * the other side's FIN are due; longer ones came. */
static void settle_far(const tcpt_context *context, const sent *mine, unsigned end)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[end];
    const tcpt_endpoint *other = &flow->ends[!end];
    uint32_t missing = 1 + other->fin_repeats + !other->fin_acked;
    uint32_t longer = others(sender->payload_segments, mine);
    tcpt_finding *finding;

    if (mine->finding || sender->short_segments || !longer || !other->fin || !other->fin_repeats)
        return;
    if ((flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) || !sender->syn)
        return;
    if (!tcpt_close_due_from(flow, end) ||
        other->fin_ns - sender->payload_ns < tcpt_seconds_ns(context->settings->stall_seconds))
        return;
    if (!mine->alive_late && missing < 3)
        return;
    finding = tcpt_raise(
        context, mine->alive_late ? TCPT_MEDIUM : TCPT_LOW,
        "No short frame of the %s was ever seen: its FIN and %u bare ACK%s are missing, %u longer frames came",
        tcpt_role(flow, end), missing - 1, missing == 2 ? "" : "s", longer + 1);
    tell_briefly(context, finding, end, missing);
    set_counts(finding, missing, missing, 0, longer + 1);
    tcpt_relate(finding, sender->payload_record);
    tcpt_relate(finding, other->fin_record);
    tcpt_relate(finding, other->fin_acked_record);
}

/* Nothing but padded frames is missing behind this point, and not one of them arrived. RSTs alone are another filter's.
 */
static bool only_padded_lost(const tcpt_losses *losses)
{
    tcpt_share padded = losses->with[TCPT_LOSS_PADDED];

    return padded.missing >= TCPT_MISSING_LEAST && padded.missing == padded.total &&
           padded.missing == losses->all.missing && losses->all.total > padded.total && !tcpt_only_rsts_missing(losses);
}

/* Nothing at all has come since the connection was idle: what forgot it then drops longer ones as well. */
static bool idle_explains(const tcpt_losses *losses)
{
    tcpt_share idle = losses->with[TCPT_LOSS_AFTER_IDLE];

    return idle.missing == losses->all.missing && idle.total == idle.missing;
}

static const tcpt_lost *third_padded(const tcpt_losses *losses)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < losses->lost_count; i++)
        if (losses->lost[i].padded && ++count == 3)
            return &losses->lost[i];
    return NULL;
}

/* Two capture points: what was suspected from one of them is certain, or is seen for the first time. */
static void confirm(const tcpt_context *context, const tcpt_losses *losses, tcpt_finding *suspected, unsigned end)
{
    const tcpt_lost *third = third_padded(losses);
    tcpt_finding *finding;
    uint32_t other = losses->all.total - losses->with[TCPT_LOSS_PADDED].total, missing = losses->all.missing;

    if (!third)
        return;
    finding = suspected ? tcpt_instead_of(context, suspected)
                        : tcpt_raise_on(context, third->record, third->time_ns, TCPT_HIGH, " ");
    tcpt_set_confidence(finding, idle_explains(losses)                                     ? TCPT_LOW
                                 : tcpt_far_capture_lacks(losses) || losses->order_assumed ? TCPT_MEDIUM
                                                                                           : TCPT_HIGH);
    tcpt_resummarise(finding,
                     "All %u padded frames of the %s were lost between %s and %s, none of its %u longer ones%s",
                     missing, tcpt_role(context->flow, end), losses->from->name, losses->to->name, other,
                     idle_explains(losses) ? "; or is it the idle gap before them?" : "");
    tell_briefly(context, finding, end, missing);
    set_counts(finding, missing, missing, 0, other);
    for (uint32_t i = 0; i < losses->lost_count; i++)
        tcpt_relate(finding, losses->lost[i].record);
}

static void settle_end(const tcpt_context *context, const sent *mine, unsigned end)
{
    tcpt_losses losses;

    if (tcpt_tally_losses(context->flow, end, &losses)) {
        if (!losses.unwatched && only_padded_lost(&losses))
            confirm(context, &losses, mine->finding, end);
        tcpt_losses_clear(&losses);
    }
    if (!tcpt_has_nearer_point(context->flow, end)) /* which knows better */
        settle_far(context, mine, end);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const loss_memory *all = memory;

    if (context->flow->key.family != 4)
        return;
    settle_end(context, &all->by[0], 0);
    settle_end(context, &all->by[1], 1);
}

static const tcpt_field fields[] = {TCPT_F_LOSS_PADDED_MISSING, TCPT_F_LOSS_PADDED_TOTAL, TCPT_F_LOSS_OTHER_MISSING,
                                    TCPT_F_LOSS_OTHER_TOTAL, TCPT_FIELD_COUNT};

static const char *const explains[] = {"vantage_loss",          "fin_missing",
                                       "fin_unacked",           "close_wait_stuck",
                                       "peer_silent",           "keepalive_dead_peer",
                                       "accept_queue_overflow", "acked_data_retransmitted",
                                       "short_frame_checksum",  "data_after_close",
                                       "conntrack_invalid",     "synack_not_received",
                                       "recovery_stall",        NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any '%traffic%'", "do the short frames leave?"},
    {TCPT_ON_OTHER, "tcpdump -ni any '%traffic%'", "do they arrive?"},
    {TCPT_ON_THE_WAY, "sysctl net.netfilter.nf_conntrack_checksum", "1: bad checksums are invalid, padding included"},
    {TCPT_ON_THE_WAY, "uname -r", "before 4.16: Open vSwitch does not cut the padding"},
    {0},
};

const tcpt_detector tcpt_short_frame_loss = {
    .id = "short_frame_loss",
    .message = "Only padded short frames of one sender go missing",
    .mistaken = "a slow or silent application",
    .explanation = "Bare ACKs, FINs and RSTs without TCP options are filled up by Ethernet to 60 bytes. Those of this "
                   "sender do not arrive while all its longer frames do: consistent with a device that verifies the "
                   "TCP checksum over the padding and drops them as bad (an Open vSwitch or connection tracker "
                   "entered with the padding not cut off).",
    .remedy = "Update the kernel or Open vSwitch of the device that drops them (Linux 4.16 cuts the padding before "
              "tracking); as a workaround net.netfilter.nf_conntrack_checksum=0, or TCP timestamps on the sender, "
              "which make every segment long enough.",
    .commands = commands,
    .reference = "Linux nf_ip_checksum(); commit 9382fe71c005 (openvswitch); IEEE 802.3 clause 4.2.3.3",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_SHORT_FRAMES,
    .memory_bytes = sizeof(loss_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
