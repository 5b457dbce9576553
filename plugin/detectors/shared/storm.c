/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/storm.h"

#include <glib.h>

#include "tcptriage/icmp.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

bool tcpt_storm_of_tracker(const tcpt_flow *flow)
{
    return flow->ends[flow->client].fast_open || flow->scale_reset;
}

/* The first ACK without effect is one that a tracker before 5.18 refuses. Not always the very first of those: it may
 * have arrived in one piece with its neighbours, where the host merges segments before the tracker sees them. */
static bool coincides(const tcpt_flow *flow, unsigned from)
{
    const tcpt_record *divergent = flow->rare->divergent[!from];

    return divergent && flow->again->ignored_ack->frame >= divergent->frame;
}

/* Captured near who acknowledges, or at least not at the sender: between the two, or where routers lie before it. */
static bool far_from(const tcpt_flow *flow, unsigned end)
{
    switch (flow->side) {
    case TCPT_SIDE_CLIENT:
        return end != flow->client;
    case TCPT_SIDE_SERVER:
        return end == flow->client;
    case TCPT_SIDE_MIDDLE:
        return true;
    default: /* ways so short that the times tell nothing */
        return tcpt_is_behind_router(&flow->ends[end]);
    }
}

/* The sender does not acknowledge what comes from there either, a round trip and more later. */
static bool nothing_gets_there(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;
    const tcpt_endpoint *peer = &flow->ends[!from];
    int64_t least_ns = MAX(tcpt_rtt_ns(flow), TCPT_SHORTEST_RTO_MS * TCPT_MS_NS);

    return far_from(flow, from) && !peer->holed && seq_after(peer->snd_nxt, flow->ends[from].rcv_nxt) &&
           context->segment->time_ns - peer->payload_ns > least_ns;
}

/* One more than was sent: a stack drops such an ACK (RFC 9293, section 3.10.7.4). Where it is for still more, the
 * capture lacks what that is for; it may lack a FIN, too. */
static bool acks_unsent(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    return sender->syn && receiver->acked && !sender->fin && receiver->rcv_nxt == sender->snd_nxt + 1;
}

static const char unsent_note[] = ": one more than was sent: a wrong count, or for a FIN";
static const char lost_note[] = "; nor had the other side's data: lost on the way?";
static const char told_note[] = "; ICMP says that the ACKs get no farther";

/* A router or host on the way says what became of the ACK, or of later ones. */
static const tcpt_icmp_told *told_of_acks(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_icmp_told *told = tcpt_told_by_icmp(flow, !context->seen->from, flow->first_ns);

    return told && told->kind != TCPT_ICMP_FRAGMENTATION_NEEDED && told->record->frame > flow->again->ignored_ack->frame
               ? told
               : NULL;
}

/* What the models say of the ACKs that had no effect. */
static const char *note_of(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;

    if (acks_unsent(flow, context->seen->from))
        return unsent_note;
    if (told_of_acks(context))
        return told_note;
    if (flow->early_data)
        return "; the server had spoken before the client's first ACK";
    if (tcpt_storm_of_tracker(flow))
        return "; the host ignores ACKs that arrived";
    return nothing_gets_there(context) ? lost_note : "";
}

static tcpt_storm_words words_of(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;

    if (coincides(flow, from))
        return (tcpt_storm_words){tcpt_role(flow, from), NULL, flow->rare->divergent[!from]};
    return (tcpt_storm_words){tcpt_role(flow, from), note_of(context), NULL};
}

#define STORM                                                                                                          \
    "The %s retransmitted acknowledged data {storm.count} times in {storm.duration} s; the ACK in frame "              \
    "{storm.ignored_ack} had no effect on it"

static void say(tcpt_finding *finding, const tcpt_storm_words *words)
{
    if (words->divergent)
        tcpt_resummarise(finding, STORM "; from frame %u on trackers before Linux 5.18 refuse its ACKs", words->role,
                         words->divergent->frame);
    else
        tcpt_resummarise(finding, STORM "%s", words->role, words->note);
    tcpt_brief(finding, words->note == told_note   ? "ICMP: ACKs get no farther. Data sent again {storm.count} times"
                        : words->note == lost_note ? "ACKs lost on the way? Data sent again {storm.count} times"
                        : words->note == unsent_note
                            ? "ACK one too high, refused? Data again {storm.count} times"
                            : "Acknowledged data retransmitted {storm.count} times in {storm.duration} s");
}

tcpt_confidence tcpt_again_confidence(const tcpt_flow *flow, unsigned from)
{
    tcpt_side near_sender = from == flow->client ? TCPT_SIDE_CLIENT : TCPT_SIDE_SERVER;

    if (flow->ends[from].holed || flow->reordered)
        return TCPT_LOW;
    if (flow->side == near_sender) /* a router before that host may drop the ACKs as well */
        return tcpt_is_behind_router(&flow->ends[from]) ? TCPT_MEDIUM : TCPT_HIGH;
    return flow->side == TCPT_SIDE_UNKNOWN || flow->side == TCPT_SIDE_MIDDLE ? TCPT_MEDIUM : TCPT_LOW;
}

/* What each segment of the storm changes: its sentences name these values. */
static void count_on(tcpt_finding *finding, const tcpt_context *context)
{
    int64_t duration_ns = context->segment->time_ns - context->flow->again->first_ns;

    tcpt_set_delay(finding, duration_ns);
    tcpt_set_number(finding, TCPT_F_STORM_COUNT, context->seen->again_count);
    tcpt_set_number(finding, TCPT_F_STORM_BYTES, context->seen->again_bytes);
    tcpt_set_number(finding, TCPT_F_STORM_DURATION, duration_ns);
}

static void complete(tcpt_storm *memory, const tcpt_context *context)
{
    tcpt_storm_words words = words_of(context);

    count_on(memory->finding, context);
    if (words.role == memory->said.role && words.note == memory->said.note && words.divergent == memory->said.divergent)
        return;
    if (words.note == unsent_note)
        tcpt_set_blamed(memory->finding, !context->seen->from);
    else if (words.note == lost_note || words.note == told_note)
        tcpt_blame_way(memory->finding);
    else if (memory->said.note)
        tcpt_set_blamed(memory->finding, context->seen->from);
    if (words.note == told_note)
        tcpt_relate(memory->finding, told_of_acks(context)->record);
    memory->said = words;
    say(memory->finding, &words);
}

static void begin(tcpt_storm *memory, const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_again *again = context->flow->again;
    tcpt_finding *finding = tcpt_raise(context, confidence, " ");

    *memory = (tcpt_storm){.finding = finding};
    complete(memory, context);
    tcpt_set_number(finding, TCPT_F_STORM_FIRST, again->first->frame);
    tcpt_set_number(finding, TCPT_F_STORM_IGNORED_ACK, again->ignored_ack->frame);
    tcpt_relate(finding, context->flow->rare->early_record);
    tcpt_relate(finding, memory->said.divergent);
    tcpt_relate(finding, again->ignored_ack);
    tcpt_relate(finding, again->first);
    tcpt_rule_out(finding, "Path loss of the data or of its ACK up to the capture point: the ACK is here.");
    tcpt_rule_out(finding, "A peer that does not receive: it acknowledged.");
}

/* What is sent within one RTT, several segments maybe, is one timeout's round: the sender had no time to react. Nor has
 * one whose way's time varies, and who takes reordering for loss; a timer takes TCPT_SHORTEST_RTO_MS each time. */
static bool one_round(const tcpt_context *context)
{
    int64_t least_ns = MAX(tcpt_rtt_ns(context->flow), TCPT_SHORTEST_RTO_MS * TCPT_MS_NS);

    return context->segment->time_ns - context->flow->again->first_ns < least_ns;
}

static tcpt_confidence confidence_of(const tcpt_flow *flow, unsigned from)
{
    tcpt_confidence confidence = tcpt_again_confidence(flow, from);

    if (!tcpt_storm_of_tracker(flow))
        return confidence;
    if (coincides(flow, from))
        return TCPT_HIGH;
    return MIN(confidence, TCPT_MEDIUM); /* Fast Open and a storm may be strangers */
}

void tcpt_judge_storm(const tcpt_context *context, tcpt_storm *memory)
{
    const tcpt_flow *flow = context->flow;
    uint32_t count = context->seen->again_count;

    if (context->seen->really_bad)
        return;
    if (count == 1)
        memory->finding = NULL;
    if (memory->finding) {
        complete(memory, context);
        return;
    }
    if (count >= context->settings->storm_count && count >= 2 && !one_round(context))
        begin(memory, context, confidence_of(flow, context->seen->from));
}
