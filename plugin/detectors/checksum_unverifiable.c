/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums of one host are wrong throughout: offload or rewriting, nothing to diagnose from. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;

    (void)memory;
    if (!context->seen->sums_unusable)
        return;
    tcpt_raise(context, TCPT_HIGH,
               "Checksums of the %s's address do not verify (%u wrong, %u good)%s: they say nothing about damage here",
               tcpt_role(flow, from), context->seen->host_unverifiable, context->seen->host_good,
               context->segment->checksum_is == TCPT_CHECKSUM_PARTIAL ? ", they are left to the network card" : "");
}

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ip route get %other%", "the interface (IFACE below) that they leave by"},
    {TCPT_ON_BLAMED, "ethtool -K IFACE tx off", "switch it on again afterwards: it costs processor time"},
    {0},
};

const tcpt_detector tcpt_checksum_unverifiable = {
    .id = "checksum_unverifiable",
    .message = "Checksums of this host are wrong throughout: offload or rewritten addresses",
    .brief = "Checksums wrong throughout: offload or new addresses",
    .mistaken = "damaged segments",
    .explanation =
        "The capture was taken where the network card had not filled the checksum in yet, or had joined "
        "segments on receipt, or addresses were changed afterwards without correcting the sums. The segments "
        "count as good. Told once per host.",
    .remedy = "Nothing to fix. To verify checksums capture at the receiver or on the wire, or switch transmit checksum "
              "offload off while capturing.",
    .commands = commands,
    .reference = "Linux Documentation/networking/checksum-offloads",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_SENDER,
    .wants = TCPT_TRAIT_CHECKSUM,
    .judge = judge,
};
