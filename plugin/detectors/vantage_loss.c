/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment seen at the point nearer to its sender never shows at the farther one. */
#include <glib.h>

#include "detectors/detectors.h"
#include "tcptriage/icmp.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"

/* Files that were joined need not be in the order of time. */
static const tcpt_lost *earliest(const tcpt_losses *losses)
{
    const tcpt_lost *first = &losses->lost[0];

    for (uint32_t i = 1; i < losses->lost_count; i++)
        if (losses->lost[i].time_ns < first->time_ns)
            first = &losses->lost[i];
    return first;
}

/* One moment parts those that were lost from those before it that arrived. */
static bool none_since(const tcpt_losses *losses)
{
    return losses->all.missing >= TCPT_MISSING_LEAST && losses->all.missing < losses->all.total &&
           earliest(losses)->time_ns > losses->arrived_ns;
}

static char *since(const tcpt_losses *losses)
{
    return g_strdup_printf("none from frame %u on, all %u before it got there", earliest(losses)->record->frame,
                           losses->all.total - losses->all.missing);
}

/* A route that has changed, say: longer ones have passed before. */
static bool only_long_since(const tcpt_losses *losses)
{
    return losses->all.missing >= TCPT_MISSING_LEAST && !losses->recut && losses->arrived_since &&
           losses->smallest_missing > losses->arrived_since;
}

static char *long_since(const tcpt_losses *losses)
{
    return g_strdup_printf("from frame %u on all of %u bytes (IP) or more, none of %u or less",
                           earliest(losses)->record->frame, losses->smallest_missing, losses->arrived_since);
}

/* Whether it has ended or not: what came before was shorter. */
static char *unwatched(const tcpt_losses *losses, tcpt_loss_property property)
{
    if (property != TCPT_LOSS_SIZE)
        return g_strdup("it has captured nothing since (ended?), and nobody answers them");
    return g_strdup_printf("nothing since (ended?); before, at most %u bytes came, these have %u or more",
                           losses->largest_arrived, losses->smallest_missing);
}

/* What is neither in each of them nor in any other: when they were lost, perhaps with how long they are. */
static char *no_property(const tcpt_losses *losses)
{
    if (none_since(losses))
        return since(losses);
    return only_long_since(losses) ? long_since(losses) : g_strdup("nothing sets them apart");
}

/* "all 9 padded frames, none of the 3 others" */
static char *describe(const tcpt_losses *losses, tcpt_loss_property property)
{
    tcpt_share with = tcpt_losses_with(losses, property);
    uint32_t others = losses->all.total - with.total;

    if (losses->unwatched)
        return unwatched(losses, property);
    switch (property) {
    case TCPT_LOSS_ALL:
        return g_strdup("not one got there");
    case TCPT_LOSS_NOTHING:
        return no_property(losses);
    case TCPT_LOSS_SIZE:
        return g_strdup_printf("all %u longer than %u bytes (IP), none of the %u others", with.total,
                               losses->largest_arrived, others);
    case TCPT_LOSS_FIN_OR_RST:
        return g_strdup_printf("all %u %ss, none of the %u others", with.total,
                               losses->reset_missing == 0              ? "FIN"
                               : losses->reset_missing == with.missing ? "RST"
                                                                       : "FIN and RST",
                               others);
    default:
        return g_strdup_printf("all %u %s, none of the %u others", with.total, tcpt_loss_property_words(property),
                               others);
    }
}

/* A capture filter that leaves the port out looks the same. */
static char *describe_other_port(const tcpt_flow *flow)
{
    return g_strdup_printf("nothing of port %u came there, or its capture filter leaves that out",
                           flow->key.port[!flow->client]);
}

static void set_share(tcpt_finding *finding, tcpt_field missing, tcpt_field total, tcpt_share share)
{
    tcpt_set_number(finding, missing, share.missing);
    tcpt_set_number(finding, total, share.total);
}

static tcpt_share without(const tcpt_losses *losses, tcpt_share with)
{
    return (tcpt_share){losses->all.missing - with.missing, losses->all.total - with.total};
}

static void set_table(tcpt_finding *finding, const tcpt_losses *losses, tcpt_loss_property property)
{
    tcpt_share padded = losses->with[TCPT_LOSS_PADDED], with = tcpt_losses_with(losses, property);
    const char *name = tcpt_loss_property_name(losses, property);

    tcpt_set_text(finding, TCPT_F_VANTAGE_FROM, losses->from->name);
    tcpt_set_text(finding, TCPT_F_VANTAGE_TO, losses->to->name);
    set_share(finding, TCPT_F_LOSS_PADDED_MISSING, TCPT_F_LOSS_PADDED_TOTAL, padded);
    set_share(finding, TCPT_F_LOSS_OTHER_MISSING, TCPT_F_LOSS_OTHER_TOTAL, without(losses, padded));
    if (!name)
        return;
    tcpt_set_text(finding, TCPT_F_LOSS_PROPERTY, name);
    set_share(finding, TCPT_F_LOSS_WITH_MISSING, TCPT_F_LOSS_WITH_TOTAL, with);
    set_share(finding, TCPT_F_LOSS_WITHOUT_MISSING, TCPT_F_LOSS_WITHOUT_TOTAL, without(losses, with));
}

/* A farther capture that lacks packets itself proves nothing about one of them. */
static tcpt_confidence confidence_in(const tcpt_losses *losses)
{
    if (losses->unwatched || losses->other_port || tcpt_far_capture_lacks(losses))
        return TCPT_LOW;
    return losses->order_assumed ? TCPT_MEDIUM : TCPT_HIGH;
}

static void relate_lost(tcpt_finding *finding, const tcpt_losses *losses)
{
    uint32_t count = losses->lost_count - 1;
    tcpt_record **records = g_new(tcpt_record *, count + 1);

    for (uint32_t i = 0; i < count; i++)
        records[i] = losses->lost[i + 1].record;
    tcpt_relate_all(finding, records, count);
    g_free(records);
}

/* "; 2 came under another address or port (first: frame 9)", or nothing. */
static char *describe_astray(const tcpt_losses *losses)
{
    if (!losses->astray)
        return g_strdup("");
    return g_strdup_printf("; %u came under another address (frame %u)", losses->astray, losses->stray->frame);
}

static void rule_out(tcpt_finding *finding, const tcpt_losses *losses)
{
    if (!losses->unwatched && !tcpt_far_capture_lacks(losses))
        tcpt_rule_out(finding, "A farther capture with holes: whatever was acknowledged there was captured there.");
    if (!losses->order_assumed)
        tcpt_rule_out(finding,
                      "Segments born between the points: those that both have seen tell which one is nearer to "
                      "the sender.");
}

/* Where the farther capture lacks packets itself a bare ACK that it lacks proves nothing: nobody acknowledges it. Nor
 * does what nobody missed, unless all that are missing have something in common that no other has. */
static bool proven(const tcpt_losses *losses)
{
    if (losses->unmissed == losses->all.missing && tcpt_loss_property_of(losses) == TCPT_LOSS_NOTHING)
        return false;
    return losses->bare_missing < losses->all.missing || !tcpt_far_capture_lacks(losses);
}

static void raise_loss(const tcpt_context *context, unsigned from, const tcpt_losses *losses)
{
    tcpt_loss_property property = tcpt_loss_property_of(losses);
    char *what = losses->other_port ? describe_other_port(context->flow) : describe(losses, property);
    char *astray = describe_astray(losses);
    tcpt_finding *finding = tcpt_raise_on(
        context, losses->lost[0].record, losses->lost[0].time_ns, confidence_in(losses),
        "%u of %u segments from the %s seen at %s, not at %s: %s%s", losses->all.missing, losses->all.total,
        tcpt_role(context->flow, from), losses->from->name, losses->to->name, what, astray);

    g_free(what);
    g_free(astray);
    tcpt_brief(finding, "%u of %u segments of the %s lost between two points%s", losses->all.missing, losses->all.total,
               tcpt_role(context->flow, from), losses->unwatched || losses->other_port ? "?" : "");
    set_table(finding, losses, property);
    relate_lost(finding, losses);
    if (losses->astray)
        tcpt_relate(finding, losses->stray);
    rule_out(finding, losses);
}

/* Nothing was lost: a device on the way has let segments pass untranslated, or under an address of another entry. */
static void raise_astray(const tcpt_context *context, unsigned from, const tcpt_losses *losses)
{
    tcpt_finding *finding =
        tcpt_raise_on(context, losses->first_astray.record, losses->first_astray.time_ns, confidence_in(losses),
                      "%u of %u segments from the %s at %s came to %s under another address or port (frame %u): not "
                      "lost, NAT did not know them",
                      losses->astray, losses->astray + losses->all.total, tcpt_role(context->flow, from),
                      losses->from->name, losses->to->name, losses->stray->frame);

    tcpt_brief(finding, "%u of the %s came under another address: NAT lost it?", losses->astray,
               tcpt_role(context->flow, from));
    set_table(finding, losses, TCPT_LOSS_NOTHING);
    tcpt_relate(finding, losses->stray);
    tcpt_rule_out(finding, "Loss on the way: the same SEQ, ACK and length came there from or to another socket.");
}

/* A router has said that it dropped them, and why: icmp_error. One that tells an MTU explains those that are longer. */
static bool explained_by_icmp(const tcpt_flow *flow, unsigned from, const tcpt_losses *losses)
{
    const tcpt_icmp_told *told = tcpt_told_by_icmp(flow, from, earliest(losses)->time_ns);

    return told && (told->kind != TCPT_ICMP_FRAGMENTATION_NEEDED || !told->mtu || losses->smallest_missing > told->mtu);
}

static void settle(const tcpt_context *context, const void *memory)
{
    (void)memory;
    for (unsigned from = 0; from < 2; from++) {
        tcpt_losses losses;

        if (!tcpt_tally_losses(context->flow, from, &losses))
            continue;
        if (losses.lost_count && proven(&losses) && !explained_by_icmp(context->flow, from, &losses))
            raise_loss(context, from, &losses);
        else if (losses.astray)
            raise_astray(context, from, &losses);
        tcpt_losses_clear(&losses);
    }
}

static const tcpt_field fields[] = {TCPT_F_VANTAGE_FROM,         TCPT_F_VANTAGE_TO,         TCPT_F_LOSS_PADDED_MISSING,
                                    TCPT_F_LOSS_PADDED_TOTAL,    TCPT_F_LOSS_OTHER_MISSING, TCPT_F_LOSS_OTHER_TOTAL,
                                    TCPT_F_LOSS_PROPERTY,        TCPT_F_LOSS_WITH_MISSING,  TCPT_F_LOSS_WITH_TOTAL,
                                    TCPT_F_LOSS_WITHOUT_MISSING, TCPT_F_LOSS_WITHOUT_TOTAL, TCPT_FIELD_COUNT};

static const char *const explains[] = {"connection_failed",
                                       "fin_missing",
                                       "fin_unacked",
                                       "close_wait_stuck",
                                       "peer_silent",
                                       "keepalive_dead_peer",
                                       "idle_drop",
                                       "rst_ignored",
                                       "acked_retransmit_storm",
                                       "acked_data_retransmitted",
                                       "accept_queue_overflow",
                                       "syn_unanswered",
                                       "connect_unanswered",
                                       "data_after_close",
                                       "conntrack_invalid",
                                       "syn_delayed",
                                       "synack_not_received",
                                       "recovery_stall",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_THE_WAY, "ip -s -s link", "do \"dropped\" or \"errors\" of an interface grow?"},
    {TCPT_ON_THE_WAY, "conntrack -S", "does \"invalid\" or \"drop\" grow?"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp -s %client% -d %server% --dport %port%",
     "does the tracker know the connection, and in which state?"},
    {TCPT_ON_THE_WAY, "nft list ruleset | grep -n drop", "the rules that drop"},
    {0},
};

const tcpt_detector tcpt_vantage_loss = {
    .id = "vantage_loss",
    .message = "Segments seen at one capture point never show at the next",
    .mistaken = "congestion: see what the missing segments have in common",
    .explanation =
        "The frames named here left the capture point nearer to their sender and never came to the farther "
        "one, which went on capturing: consistent with a device between the two that drops them. What all "
        "of them have in common and none of the others is named when it separates cleanly. What came under "
        "another address or port is told apart: a NAT lost the connection, or took them for INVALID. Where the "
        "farther point captured nothing since it may have ended: then only that nobody answers is certain. So it is "
        "where that point has captured no connection to that port: its capture filter may leave the port out.",
    .remedy =
        "Look at what is between the two points: counters of dropped frames, firewall and connection tracker, MTU, "
        "checksum offload. Move one capture point closer until the loss is pinned between two neighbouring "
        "devices.",
    .commands = commands,
    .reference = "RFC 9293 section 3.8.1; for padded frames Linux nf_ip_checksum(), for large ones RFC 4821",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .picture = TCPT_DRAWN_AS_WAY,
    .explains = explains,
    .fields = fields,
    .settle = settle,
};
