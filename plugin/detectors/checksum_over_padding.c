/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checksum that is right only if the Ethernet padding is counted in: a broken sender. */
#include "detectors/detectors.h"
#include "detectors/shared/bad_sums.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    tcpt_finding *finding;

    (void)memory;
    if (segment->checksum_is != TCPT_CHECKSUM_OVER_PADDING)
        return;
    finding = tcpt_raise(context, TCPT_HIGH,
                         "The checksum 0x%04x counts %u bytes of Ethernet padding in; over the IP length it is 0x%04x: "
                         "hosts drop this segment",
                         segment->checksum, segment->pad_bytes, segment->checksum_expected);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_OVER_IP, segment->checksum_expected);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_OVER_PADDING, segment->checksum_over_padding);
    tcpt_rule_out(finding, "Checksum offload: the field is a full sum, over the wrong bytes.");
}

static const tcpt_field fields[] = {TCPT_F_CHECKSUM_OVER_IP, TCPT_F_CHECKSUM_OVER_PADDING, TCPT_FIELD_COUNT};

static const char *const explains[] = {"checksum_bad", "close_wait_stuck", TCPT_EXPLAINED_BY_BAD_SUMS, NULL};

const tcpt_detector tcpt_checksum_over_padding = {
    .id = "checksum_over_padding",
    .message = "Checksum right only with the Ethernet padding counted in",
    .mistaken = "loss by chance",
    .explanation = "The sender, or a device that rewrote the segment, computed the TCP checksum over the padded frame "
                   "instead of the IP datagram. Every receiver drops such a segment; longer ones pass.",
    .remedy = "Find the device that computes this sum (compare captures before and after each hop, switch checksum "
              "offload off there) and update its driver or firmware.",
    .commands = tcpt_bad_sum_commands,
    .reference = "RFC 9293 section 3.1; IEEE 802.3 clause 4.2.3.3",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_CHECKSUM,
    .fields = fields,
    .judge = judge,
};
