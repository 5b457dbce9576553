/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payload reached a side that had closed, and drew a RST. */
#include "detectors/detectors.h"

#include "detectors/shared/met_closed.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_endpoint *closed = &context->flow->ends[context->seen->from];
    const tcpt_endpoint *writer = &context->flow->ends[!context->seen->from];
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->really_bad || closed->rst_count || !closed->fin || !writer->payload_record)
        return;
    if (writer->payload_ns < closed->fin_ns || !tcpt_refuses_payload(context))
        return;
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "The %s sent data (frame %u) after the %s had closed (frame %u), which answered with a RST",
                         tcpt_role(context->flow, !context->seen->from), writer->payload_record->frame,
                         tcpt_role(context->flow, context->seen->from), closed->fin_record->frame);
    tcpt_brief(finding, "Data after the %s had closed: RST", tcpt_role(context->flow, context->seen->from));
    tcpt_relate(finding, closed->fin_record);
    tcpt_relate(finding, writer->payload_record);
}

const tcpt_detector tcpt_data_after_close = {
    .id = "data_after_close",
    .message = "Payload reached a side that had closed, and drew a RST",
    .mistaken = "a crash of the side that sends the RST",
    .explanation = "The application on one side had closed both directions while the other still sent. Its kernel "
                   "answers such payload with a RST, and what was not read yet on the sender's side may be lost.",
    .remedy = "If data is missing: let the closing application read to the end of file, or shut down its sending side "
              "first and close later. Otherwise this is the usual picture of a client that cancels.",
    .reference = "RFC 9293 section 3.6.1; RFC 2525 section 2.17; RFC 1122 section 4.2.2.13",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_SENDER,
    .wants = TCPT_TRAIT_RST_FIRST,
    .judge = judge,
};
