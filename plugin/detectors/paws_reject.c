/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment whose timestamp runs backwards is refused and answered with a duplicate ACK (PAWS, RFC 7323,
 * section 5). */
#include "detectors/detectors.h"

#include "tcptriage/points.h"

/* By so much at most segments are out of order: a quarter of a second with the usual clock of 1000 Hz. Another host's
 * clock is farther off. */
enum { OVERTAKEN_TICKS = 250 };

/* Its sender gave it another one: whoever has changed it is to blame. */
static void blame_device(const tcpt_context *context, tcpt_finding *finding, uint32_t behind,
                         const tcpt_retimed_copy *copy)
{
    unsigned refused = context->seen->refused->frame;

    tcpt_resummarise(
        finding,
        "The %s dropped frame %u, its timestamp is %u ticks behind (PAWS): changed on the way, it is another "
        "one at %s (frame %u)",
        tcpt_role(context->flow, context->seen->from), refused, behind, copy->at->name, copy->record->frame);
    tcpt_brief(finding, "PAWS: frame %u dropped, timestamp changed on the way", refused);
    tcpt_relate(finding, copy->record);
    tcpt_blame_way(finding);
    if (copy->order_assumed)
        tcpt_set_confidence(finding, TCPT_MEDIUM);
    tcpt_rule_out(finding, "The sender's clock: at a point nearer to it the segment has another timestamp.");
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *refuser = &flow->ends[context->seen->from];
    /* A bare ACK may have brought a newer timestamp than any echoed so far. */
    uint32_t newer = context->segment->tsecr - refuser->ts_echoed;
    uint32_t behind = newer - (uint32_t)refuser->trouble->refused.tsval_delta;
    tcpt_retimed_copy copy;
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->really_bad || (int32_t)behind <= 0)
        return; /* half of the circle and more: nothing that a clock does */
    finding = tcpt_raise(
        context, flow->ends[!context->seen->from].holed || flow->reordered ? TCPT_MEDIUM : TCPT_HIGH,
        "The %s dropped frame %u because its timestamp is %u ticks behind the newest accepted one (PAWS), and repeats "
        "its ACK",
        tcpt_role(flow, context->seen->from), context->seen->refused->frame, behind);
    tcpt_brief(finding, "PAWS: frame %u dropped, timestamp %u behind", context->seen->refused->frame, behind);
    tcpt_set_number(finding, TCPT_F_TSVAL_DELTA, -(int32_t)behind);
    tcpt_relate(finding, context->seen->refused);
    if (behind > OVERTAKEN_TICKS)
        tcpt_rule_out(finding, "Reordering: the segment lies at the front of its sender's data.");
    tcpt_rule_out(finding, "A lost timestamp echo: the receiver's own TSecr shows what it had taken.");
    if (tcpt_retimed_copy_of(flow, context->seen->refused, &copy))
        blame_device(context, finding, behind, &copy);
}

static const tcpt_field fields[] = {TCPT_F_TSVAL_DELTA, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_OTHER, "nstat -az TcpExtPAWSEstab", "does it grow? Then this host refuses them"},
    {TCPT_ON_BLAMED, "sysctl net.ipv4.tcp_timestamps", "0 switches them off"},
    {0},
};

const tcpt_detector tcpt_paws_reject = {
    .id = "paws_reject",
    .message = "A segment was refused for its timestamp (PAWS)",
    .mistaken = "a lost segment: it arrived and was dropped",
    .explanation =
        "Within a connection timestamps never run backwards; a segment behind the newest one taken counts as "
        "a leftover and is dropped. A few ticks are consistent with a way that reorders: what was sent again has "
        "overtaken it. More is consistent with a NAT or proxy that lets two hosts speak on one connection, with a "
        "clock that was set back, or with a segment of an earlier connection, and is dropped however often it is sent "
        "again. With a capture point nearer to the sender a timestamp that was changed on the way is told apart.",
    .remedy =
        "Compare TTL and IP ID of the refused segment with its neighbours: another machine made it if they "
        "differ. If they agree, look at the sender's timestamp clock (virtual machine moved or resumed). As a stopgap "
        "switch timestamps off on the sender (Linux: net.ipv4.tcp_timestamps=0).",
    .commands = commands,
    .reference = "RFC 7323 sections 5.2 and 5.3; Linux tcp_paws_check(), tcp_disordered_ack_check(), counter "
                 "PAWSEstabRejected",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_RECEIVER,
    .wants = TCPT_TRAIT_PAWS_ANSWER,
    .fields = fields,
    .judge = judge,
};
