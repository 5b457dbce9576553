/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment of the 4-tuple's previous life falls into this one. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *previous = tcpt_life_before(context->flow);
    const tcpt_endpoint *then = &previous->ends[context->seen->from];
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->really_bad || !previous->last_record) /* a life of damaged segments only has no numbers */
        return;
    finding = tcpt_raise(
        context, TCPT_HIGH,
        "The %s's segment carries numbers of the previous connection on these ports, which ended with frame %u",
        tcpt_role(context->flow, context->seen->from), previous->last_record->frame);
    tcpt_brief(finding, "Segment of the previous connection (until frame %u)", previous->last_record->frame);
    tcpt_relate(finding, then->last_record);
}

static const char *const explains[] = {"paws_reject", "challenge_ack", "conntrack_invalid", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_OTHER, "nstat -az TcpExtPAWSEstab", "does it grow? Then timestamps keep such segments out"},
    {TCPT_ON_OTHER, "sysctl net.ipv4.tcp_timestamps", "0: only sequence numbers do"},
    {0},
};

const tcpt_detector tcpt_stale_segment = {
    .id = "stale_segment",
    .message = "A segment of this 4-tuple's previous connection",
    .mistaken = "a segment out of order",
    .explanation = "The same addresses and ports carried another connection before. This segment was on the way since "
                   "then, or was sent again; the receiver drops it because its numbers do not fit, unless they happen "
                   "to: that is what TIME-WAIT is for.",
    .remedy =
        "Harmless when it is dropped. If data got mixed up, do not shorten TIME-WAIT, use timestamps (PAWS), or let "
        "clients use more ports.",
    .commands = commands,
    .reference = "RFC 9293 section 3.4.1 and 3.6.1; RFC 7323 section 5; RFC 1337",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_STALE,
    .judge = judge,
};
