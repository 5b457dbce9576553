/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST whose SEQ is neither the receiver's ACK nor the sender's next: what its receiver does with it depends on
 * the stack (RFC 5961, section 3.2). */
#include "detectors/detectors.h"

#include "tcptriage/sequence.h"

static const char *const meaning[] = {
    [TCPT_RST_OFF_BY_ONE_AFTER_FIN] = "it counts the FIN before it as nothing",
    [TCPT_RST_OFF_BY_ONE_FIN_UNACKED] = "it counts the FIN before it, not acknowledged yet, as nothing",
    [TCPT_RST_SACK_EDGE] = "it sits at the right edge of the receiver's SACK blocks",
    [TCPT_RST_IN_FLIGHT] = "it points into data that is still in flight",
    [TCPT_RST_IN_WINDOW] = "it is in the window but ahead of everything captured from this side",
    [TCPT_RST_STALE] = "it lies left of the window",
    [TCPT_RST_BEYOND_WINDOW] = "it lies beyond the window",
};

static const char *consequence(tcpt_verdict verdict)
{
    switch (verdict) {
    case TCPT_VERDICT_RESET:
        return "the chosen receiver accepts it all the same";
    case TCPT_VERDICT_CHALLENGE_ACK:
        return "the chosen receiver answers with a challenge ACK and keeps the connection";
    case TCPT_VERDICT_IGNORED:
        return "the chosen receiver ignores it silently and keeps the connection";
    default:
        return "what the receiver does with it cannot be told";
    }
}

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

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_rst_view *rst = &context->seen->rst;
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *receiver = &context->flow->ends[!context->seen->from];
    int32_t delta = seq_delta(context->segment->seq, rst->expected_seq);
    tcpt_finding *finding;

    (void)memory;
    if (sender->reset_peer || context->seen->really_bad)
        return;
    if (rst->position == TCPT_RST_EXACT || rst->position == TCPT_RST_EXACT_UNACKED ||
        rst->position == TCPT_RST_SYN_SENT_OK) {
        /* it resolves every inexact one before it from the same side */
        tcpt_set_number_of_all(context, TCPT_F_RST_RESOLVED_IN, context->record->frame);
        return;
    }
    if (!rst->mismatch)
        return;
    if (rst->position == TCPT_RST_SYN_SENT_BAD_ACK || rst->position == TCPT_RST_SYN_SENT_NO_ACK) {
        raise_syn_sent(context);
        return;
    }

    finding =
        tcpt_raise(context, rst->confidence, "RST from the %s is %u %s the SEQ its receiver expects: %s; %s",
                   tcpt_role(context->flow, context->seen->from), delta < 0 ? 0u - (uint32_t)delta : (uint32_t)delta,
                   delta < 0 ? "below" : "above", meaning[rst->position], consequence(rst->verdict));
    tcpt_set_number(finding, TCPT_F_RST_SEQ_DELTA, delta);
    tcpt_set_number(finding, TCPT_F_RST_EXPECTED_SEQ, rst->expected_seq);
    tcpt_set_text(finding, TCPT_F_RST_POSITION, tcpt_rst_position_name(rst->position));
    tcpt_set_text(finding, TCPT_F_RST_VERDICT, tcpt_verdict_name(rst->verdict));
    tcpt_relate(finding, sender->fin_record);
    tcpt_relate(finding, receiver->last_record);
}

static const tcpt_field fields[] = {TCPT_F_RST_SEQ_DELTA, TCPT_F_RST_EXPECTED_SEQ, TCPT_F_RST_POSITION,
                                    TCPT_F_RST_VERDICT,   TCPT_F_RST_RESOLVED_IN,  TCPT_FIELD_COUNT};

static const char *const explains[] = {"challenge_ack", NULL};

const tcpt_detector tcpt_rst_seq_mismatch = {
    .id = "rst_seq_mismatch",
    .message = "RST with a SEQ that is not the one its receiver expects",
    .explanation =
        "A receiver compares a RST's SEQ with the next byte it expects. Only an exact match is sure to reset; "
        "one inside the window draws a challenge ACK, one outside is dropped without a word. Linux since "
        "4.11 accepts one exception: one below, after the peer's FIN.",
    .remedy = "See whether an exact RST follows (rst.resolved_in) and whether the receiver went on. If a device on the "
              "path sent this RST (other TTL or IP ID than its neighbours), correct that device: after a FIN its RST "
              "must count the FIN.",
    .reference = "RFC 9293 section 3.10.7.4; RFC 5961 section 3.2; Linux tcp_validate_incoming(), tcp_reset_check()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST,
    .fields = fields,
    .judge = judge,
};
