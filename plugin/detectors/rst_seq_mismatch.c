/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST whose SEQ is neither the receiver's ACK nor the sender's next: what its receiver does with it depends on
 * the stack (RFC 5961, section 3.2). */
#include "detectors/detectors.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

static const char *const meaning[] = {
    [TCPT_RST_OFF_BY_ONE_AFTER_FIN] = "the sender's own FIN is not counted",
    [TCPT_RST_OFF_BY_ONE_FIN_UNACKED] = "the sender's own FIN, unacknowledged, is not counted",
    [TCPT_RST_SACK_EDGE] = "at the edge of its receiver's SACK blocks",
    [TCPT_RST_IN_FLIGHT] = "it points into data in flight",
    [TCPT_RST_IN_WINDOW] = "in the window, ahead of all that was captured",
    [TCPT_RST_STALE] = "it lies left of the window",
    [TCPT_RST_BEYOND_WINDOW] = "it lies beyond the window",
};

static const char *consequence(tcpt_verdict verdict)
{
    switch (verdict) {
    case TCPT_VERDICT_RESET:
        return "closes all the same";
    case TCPT_VERDICT_CHALLENGE_ACK:
        return "challenges it";
    case TCPT_VERDICT_IGNORED:
        return "ignores it";
    default:
        return "may do either";
    }
}

/* A socket that is gone answers each segment with a RST without ACK whose SEQ is that segment's ACK number (RFC 9293,
 * section 3.10.7.1). The segment left before its sender had got all that was sent, and met the closed socket less than
 * a round trip ago. */
static bool answers_older_segment(const tcpt_context *context)
{
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];
    int64_t least_ns = context->segment->time_ns - sender->rtt_ns - TCPT_REACT_MS * TCPT_MS_NS;
    unsigned at = receiver->ack_step_count;

    if (context->segment->flags & TCPT_ACK)
        return false;
    while (at && seq_after(receiver->ack_steps[at - 1].ack, context->segment->seq))
        at--;
    if (!at || at == receiver->ack_step_count || receiver->ack_steps[at - 1].ack != context->segment->seq)
        return false;
    if (context->seen->rst.position == TCPT_RST_OFF_BY_ONE_AFTER_FIN)
        return sender->fin_acked_ns - sender->fin_crossed_ms * TCPT_MS_NS >= least_ns;
    return receiver->ack_steps[at].time_ns >= least_ns;
}

static uint32_t distance(int32_t delta)
{
    return delta < 0 ? 0u - (uint32_t)delta : (uint32_t)delta;
}

/* Whoever knows nothing of the connection answers its SYN with SEQ 0, or one made up, and acknowledges no more than
 * that (RFC 9293, section 3.10.7.1). This one SYN has just been answered by a SYN-ACK; one that was sent again may have
 * met a service that has ended since. */
static bool refuses_answered_syn(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (context->seen->rst.position != TCPT_RST_STALE && context->seen->rst.position != TCPT_RST_BEYOND_WINDOW)
        return false; /* bytes of the server that were not captured may lie before it */
    return context->seen->from != flow->client && (context->segment->flags & TCPT_ACK) && client->syn &&
           client->syn_count == 1 && server->syn && server->snd_nxt == server->iss + 1 &&
           context->segment->ack == client->iss + 1 + client->syn_payload_bytes &&
           distance(seq_delta(context->segment->seq, server->iss)) > UINT16_MAX;
}

static const char *meaning_of(const tcpt_context *context)
{
    tcpt_rst_position position = context->seen->rst.position;

    if (refuses_answered_syn(context))
        return "another answer to the SYN, of a device or a second host";
    if (!answers_older_segment(context))
        return meaning[position];
    return position == TCPT_RST_OFF_BY_ONE_AFTER_FIN ? "a closed socket answers what had crossed its FIN"
                                                     : "a closed socket answers an older segment";
}

/* ---- what became of it ---- */

/* The chosen stack would have closed, this receiver has not: it is of another one, or never got the RST. */
static void judge_outcome(const tcpt_context *context)
{
    bool challenged = context->seen->traits & TCPT_TRAIT_CHALLENGE;
    const tcpt_record *rst = challenged ? context->seen->challenged : context->seen->outlived;
    tcpt_finding *finding = rst->receiver_verdict == TCPT_VERDICT_RESET ? tcpt_raised_on(context, rst) : NULL;
    const tcpt_rst_toward *toward = context->flow->toward ? &context->flow->toward[context->seen->from] : NULL;
    tcpt_value delta;

    if (!finding || !toward || toward->record != rst || !tcpt_value_of(finding, TCPT_F_RST_SEQ_DELTA, &delta))
        return;
    tcpt_resummarise(finding, "RST from the %s, %u %s the expected SEQ: %s; %s in frame %u, %s would have closed",
                     tcpt_role(context->flow, !context->seen->from), distance((int32_t)delta.number),
                     delta.number < 0 ? "below" : "above", meaning[toward->position],
                     challenged ? "challenged" : "outlived", context->record->frame,
                     tcpt_stack_names[context->settings->receiver_stack].description);
}

/* ---- the RST ---- */

static void raise_syn_sent(const tcpt_context *context)
{
    const tcpt_rst_view *rst = &context->seen->rst;
    tcpt_finding *finding = tcpt_raise(
        context, rst->confidence, "RST in answer to a SYN %s: the %s ignores it and goes on waiting for a SYN-ACK",
        rst->position == TCPT_RST_SYN_SENT_NO_ACK ? "carries no ACK" : "does not acknowledge that SYN",
        tcpt_role(context->flow, !context->seen->from));

    tcpt_set_text(finding, TCPT_F_RST_POSITION, tcpt_rst_position_name(rst->position));
    tcpt_set_text(finding, TCPT_F_RST_VERDICT, tcpt_verdict_name(rst->verdict));
    tcpt_relate(finding, context->flow->ends[!context->seen->from].last_record);
}

/* Behind a RST that has closed its receiver, taken or sent with the right number, no stack has a say any more. */
static bool meets_nobody(const tcpt_context *context)
{
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];

    return receiver->reset && (receiver->reset_peer || !receiver->rst_count);
}

static void raise(const tcpt_context *context)
{
    const tcpt_rst_view *rst = &context->seen->rst;
    bool closed = meets_nobody(context);
    int32_t delta = seq_delta(context->segment->seq, rst->expected_seq);
    tcpt_finding *finding =
        tcpt_raise(context, rst->confidence, "RST from the %s is %u %s the expected SEQ: %s; %s %s",
                   tcpt_role(context->flow, context->seen->from), distance(delta), delta < 0 ? "below" : "above",
                   meaning_of(context),
                   closed ? "a RST before it" : tcpt_stack_names[context->settings->receiver_stack].description,
                   closed ? "has closed the connection already" : consequence(rst->verdict));

    if (refuses_answered_syn(context))
        tcpt_brief(finding, "RST and SYN-ACK answer one SYN: refused on the way?");
    tcpt_set_number(finding, TCPT_F_RST_SEQ_DELTA, delta);
    tcpt_set_number(finding, TCPT_F_RST_EXPECTED_SEQ, rst->expected_seq);
    tcpt_set_text(finding, TCPT_F_RST_POSITION, tcpt_rst_position_name(rst->position));
    tcpt_set_text(finding, TCPT_F_RST_VERDICT, tcpt_verdict_name(closed ? TCPT_VERDICT_IGNORED : rst->verdict));
    tcpt_relate(finding, context->flow->ends[context->seen->from].fin_record);
    tcpt_relate(finding, context->flow->ends[!context->seen->from].last_record);
}

static void judge_rst(const tcpt_context *context)
{
    const tcpt_rst_view *rst = &context->seen->rst;

    if (context->flow->ends[context->seen->from].reset_peer)
        return;
    if (rst->position == TCPT_RST_EXACT || rst->position == TCPT_RST_EXACT_UNACKED ||
        rst->position == TCPT_RST_SYN_SENT_OK) {
        /* it resolves every inexact one before it from the same side */
        tcpt_set_number_of_all(context, TCPT_F_RST_RESOLVED_IN, context->record->frame);
        return;
    }
    if (rst->position == TCPT_RST_SYN_SENT_BAD_ACK || rst->position == TCPT_RST_SYN_SENT_NO_ACK)
        raise_syn_sent(context);
    else if (rst->mismatch && !(context->seen->traits & TCPT_TRAIT_RST_LOOP)) /* rst_loop tells of all rounds */
        raise(context);
}

static void judge(const tcpt_context *context, void *memory)
{
    (void)memory;
    if (context->seen->really_bad)
        return;
    if (context->segment->flags & TCPT_RST)
        judge_rst(context);
    else
        judge_outcome(context);
}

static const tcpt_field fields[] = {TCPT_F_RST_SEQ_DELTA, TCPT_F_RST_EXPECTED_SEQ, TCPT_F_RST_POSITION,
                                    TCPT_F_RST_VERDICT,   TCPT_F_RST_RESOLVED_IN,  TCPT_FIELD_COUNT};

static const char *const explains[] = {"challenge_ack", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any -vS '%traffic%'",
     "does this host send the RST? If not, a device on the way does"},
    {0},
};

const tcpt_detector tcpt_rst_seq_mismatch = {
    .id = "rst_seq_mismatch",
    .message = "RST with a SEQ that is not the one its receiver expects",
    .mistaken = "a reset that ends the connection",
    .explanation =
        "A receiver compares a RST's SEQ with the next byte it expects. Only an exact match is sure to reset; "
        "one inside the window draws a challenge ACK, one outside is dropped without a word. Linux since "
        "4.11 accepts one exception: one below, after the peer's FIN.",
    .remedy = "See whether an exact RST follows (rst.resolved_in) and whether the receiver went on. If a device on the "
              "path sent this RST (other TTL or IP ID than its neighbours), correct that device: after a FIN its RST "
              "must count the FIN. One that a closed socket sends in answer to a segment on its way is ordinary.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4; RFC 5961 section 3.2; Linux tcp_validate_incoming(), tcp_reset_check()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST | TCPT_TRAIT_CHALLENGE | TCPT_TRAIT_OUTLIVED,
    .repeats_itself = true,
    .fields = fields,
    .judge = judge,
};
