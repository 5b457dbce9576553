/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACK that asks a sender to confirm its RST or SYN (RFC 5961, sections 3.2, 4.2 and 5.2). */
#include "detectors/detectors.h"

typedef struct challenge_memory {
    tcpt_finding *refusal; /* the first on a SYN, by an earlier connection that the capture does not know */
} challenge_memory;

static bool both_offered_timestamps(const tcpt_flow *flow)
{
    return flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS;
}

/* A RST behind bytes that had not come, or before bytes that had. */
static bool was_exact(const tcpt_context *context)
{
    const tcpt_rst_toward *toward = context->flow->toward;

    return toward && context->seen->challenged == toward[context->seen->from].record &&
           tcpt_rst_is_exact(toward[context->seen->from].position);
}

/* What the chosen stack does instead, where that is not a challenge. */
static const char *instead(const tcpt_context *context)
{
    const tcpt_record *challenged = context->seen->challenged;

    if (was_exact(context))
        return NULL; /* it depends on what had arrived */
    switch ((tcpt_verdict)challenged->receiver_verdict) {
    case TCPT_VERDICT_RESET:
        return " would have closed";
    case TCPT_VERDICT_IGNORED:
        return challenged->over_limit ? " would have kept silent, by its limit" : " would have kept silent";
    default:
        return NULL;
    }
}

/* The SYN was refused before, a RST has answered that, and this one was sent behind it: a device drops the RST? */
static bool outlives_reset(const tcpt_context *context)
{
    const tcpt_endpoint *client = &context->flow->ends[!context->seen->from];
    const tcpt_old_refusal *before = &context->flow->rare->refusal;

    return context->seen->old_numbers && before->seen && before->reset && client->syn_ns > before->reset_ns;
}

/* Of an earlier connection; of one that the capture knows time_wait_reuse tells more. */
static void say_old(const tcpt_context *context, challenge_memory *mine, tcpt_finding *finding)
{
    const tcpt_endpoint *client = &context->flow->ends[!context->seen->from];

    if (!mine->refusal)
        mine->refusal = finding;
    tcpt_brief(finding, "SYN answered by an ACK: an earlier connection's");
    if (context->flow->later || !outlives_reset(context))
        return;
    tcpt_resummarise(mine->refusal,
                     "Challenge ACK: the %s has an earlier connection of these ports and refuses the SYN again (frame "
                     "%u): the RST in frame %u did not end it (dropped?)",
                     tcpt_role(context->flow, context->seen->from), context->record->frame, client->rst_record->frame);
    tcpt_brief(mine->refusal, "SYN refused again: RST does not end the earlier one");
    tcpt_relate(mine->refusal, client->rst_record);
    tcpt_set_delay(mine->refusal, context->segment->time_ns - context->flow->first_ns);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    bool lacks_timestamps = both_offered_timestamps(flow) && !(context->segment->options & TCPT_OPTION_TIMESTAMPS);
    const char *other = instead(context);
    tcpt_finding *finding;

    if (context->seen->really_bad || (context->seen->traits & TCPT_TRAIT_RST_LOOP))
        return; /* rst_loop tells of all rounds */
    finding = tcpt_raise(
        context,
        lacks_timestamps                             ? TCPT_LOW
        : flow->ends[!context->seen->from].rst_count ? TCPT_HIGH
                                                     : TCPT_MEDIUM,
        "Challenge ACK: the %s answers frame %u, which it does not accept%s%s%s%s%s",
        tcpt_role(flow, context->seen->from), context->seen->challenged->frame,
        context->seen->old_numbers ? ": it has an earlier connection of these ports" : "",
        lacks_timestamps ? "; without the timestamps agreed on: a device may have made it" : "", other ? "; " : "",
        other ? tcpt_stack_names[context->settings->receiver_stack].description : "", other ? other : "");
    tcpt_relate(finding, context->seen->challenged);
    if (context->seen->old_numbers)
        say_old(context, memory, finding);
}

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any '%traffic%'", "does the challenge arrive, and does an exact RST leave?"},
    {0},
};

const tcpt_detector tcpt_challenge_ack = {
    .id = "challenge_ack",
    .message = "Challenge ACK: answers a RST, SYN or ACK that was not accepted",
    .brief = "Challenge ACK: answers a RST, SYN or ACK not accepted",
    .mistaken = "a duplicate ACK, and so a lost segment",
    .explanation =
        "A receiver that gets a RST in the window but not exact, or a SYN in a live connection, drops it and "
        "sends an ACK with its own numbers. A peer that really lost the connection answers with an exact "
        "RST. Stock analysis calls this a duplicate ACK.",
    .remedy = "Look at the segment it answers. If no exact RST follows, a device on the path swallows the challenge or "
              "made up the RST.",
    .commands = commands,
    .reference = "RFC 5961 sections 3.2, 4.2, 5.2; RFC 9293 section 3.10.7.4; Linux tcp_send_challenge_ack()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_RECEIVER,
    .wants = TCPT_TRAIT_CHALLENGE,
    .memory_bytes = sizeof(challenge_memory),
    .judge = judge,
};
