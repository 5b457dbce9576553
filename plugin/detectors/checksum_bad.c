/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checksum that is really bad: wrong among good ones of the same source, and not explained otherwise. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    tcpt_finding *finding;

    (void)memory;
    if (!context->seen->really_bad || segment->checksum_is != TCPT_CHECKSUM_WRONG)
        return;
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "TCP checksum 0x%04x should be 0x%04x, while this source's others are good: hosts drop this "
                         "segment",
                         segment->checksum, segment->checksum_expected);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_EXPECTED, segment->checksum_expected);
    tcpt_rule_out(finding, "Checksum offload: the field is not the pseudo-header sum, and this source's other "
                           "checksums verify.");
}

static const tcpt_field fields[] = {TCPT_F_CHECKSUM_EXPECTED, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_checksum_bad = {
    .id = "checksum_bad",
    .message = "TCP checksum is bad, and neither offload nor padding explains it",
    .explanation = "The segment was damaged after its checksum was made: the receiving host drops it silently and it has "
                   "to be sent again. The analysis takes it as never received.",
    .remedy = "Compare with the retransmission of the same bytes to see what was damaged. Look for faulty memory or "
              "firmware in a device that rewrites segments between the sender and this capture.",
    .reference = "RFC 9293 section 3.1; Linux tcp_v4_rcv() (TCP_CSUM)",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_WARN,
    .wants = TCPT_TRAIT_CHECKSUM,
    .fields = fields,
    .judge = judge,
};
