/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most packets were captured twice. */
#include "detectors/detectors.h"
#include "tcptriage/points.h"

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow;
    uint32_t copies = flow->ends[0].copies + flow->ends[1].copies;
    uint32_t packets = flow->ends[0].segment_count + flow->ends[1].segment_count;
    uint32_t percent = copies >= packets ? 100 : (uint32_t)(UINT64_C(100) * copies / packets);
    tcpt_finding *finding;

    (void)memory;
    if (!tcpt_is_first_captured_twice(flow))
        return;
    finding = tcpt_raise(context, TCPT_HIGH,
                         "%u %% of this connection's packets were captured twice (%u second copies of %u packets): "
                         "what Wireshark takes for retransmissions there are none",
                         percent, copies, packets);
    tcpt_brief(finding, "Captured twice: %u %% of the packets, no retransmissions", percent);
    tcpt_set_number(finding, TCPT_F_COPIES_SHARE, percent);
}

static const tcpt_field fields[] = {TCPT_F_COPIES_SHARE, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_captured_twice = {
    .id = "captured_twice",
    .message = "Most packets were captured twice",
    .mistaken = "retransmissions and duplicate ACKs",
    .explanation = "The same packets, with their IP IDs and checksums, come a second time at the same capture point. "
                   "That is how the capture was made, not what the hosts did: a mirror port that copies both the "
                   "ingress and the egress, a capture on a bridge and its ports, or on all interfaces (any). "
                   "Wireshark calls such copies retransmissions, duplicate ACKs and out of order; here they change "
                   "nothing. Told once per capture, of the first such connection.",
    .remedy = "Nothing to fix in the network. tcptriage.same_as marks each second copy; editcap -d removes them from a "
              "file. For the next capture mirror one direction of each port only, or capture on one interface.",
    .reference = "Linux packet(7), PACKET_OUTGOING; editcap(1), option -d",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_CAPTURE,
    .fields = fields,
    .settle = settle,
};
