/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payload is sent again although its acknowledgment was captured well before. */
#include "detectors/shared/storm.h"
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_observation *seen = context->seen;
    tcpt_finding *finding;

    (void)memory;
    if (seen->really_bad)
        return;
    finding = tcpt_raise(context, tcpt_again_confidence(context->flow, seen->from),
                         "The %s retransmits %u bytes that frame %u had acknowledged %.3f s before",
                         tcpt_role(context->flow, seen->from), context->segment->payload_bytes, seen->acked_in->frame,
                         tcpt_as_seconds(seen->acked_ago_ns));
    tcpt_brief(finding, "Data acknowledged in frame %u is sent again", seen->acked_in->frame);
    tcpt_set_number(finding, TCPT_F_STORM_ACKED_IN, seen->acked_in->frame);
    tcpt_set_number(finding, TCPT_F_STORM_ACKED_AGO, seen->acked_ago_ns);
    tcpt_relate(finding, seen->acked_in);
}

static const tcpt_field fields[] = {TCPT_F_STORM_ACKED_IN, TCPT_F_STORM_ACKED_AGO, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "conntrack -S", "does \"invalid\" or \"drop\" grow with each repeat?"},
    {0},
};

const tcpt_detector tcpt_acked_data_retransmitted = {
    .id = "acked_data_retransmitted",
    .message = "Acknowledged data is sent again",
    .mistaken = "a lost segment",
    .explanation =
        "The capture holds the acknowledgment of these bytes, at least a round trip earlier. Captured at the "
        "sender this means that its TCP never got that ACK although it reached the machine; captured "
        "elsewhere the ACK may have been lost behind the capture point.",
    .remedy = "One alone is harmless. Several in a row: look between capture point and TCP of the sending host (a "
              "firewall that drops packets its tracker calls invalid), or capture at the sender.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4 (SND.UNA); RFC 6298 section 5",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .wants = TCPT_TRAIT_ACKED_AGAIN,
    .fields = fields,
    .judge = judge,
};
