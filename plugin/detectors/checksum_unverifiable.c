/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums of one direction are wrong throughout: offload or rewriting, nothing to diagnose from. */
#include "detectors/detectors.h"

typedef struct unverifiable_memory {
    bool raised[2];
} unverifiable_memory;

/* One or two wrong ones may be damage; the third with most of them wrong is a habit. */
enum { SETTLED_BY = 3 };

static void judge(const tcpt_context *context, void *memory)
{
    unverifiable_memory *mine = memory;
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    uint32_t wrong = sender->checksums_wrong + 1;

    if (context->seen->really_bad || mine->raised[from])
        return;
    if (wrong < SETTLED_BY || sender->checksums_good >= wrong)
        return;
    mine->raised[from] = true;
    tcpt_raise(context, TCPT_HIGH,
               "Checksums of the %s do not verify (%u wrong, %u good)%s: they say nothing about damage here",
               tcpt_role(context->flow, from), wrong, sender->checksums_good,
               context->segment->checksum_is == TCPT_CHECKSUM_PARTIAL ? ", they are left to the network card" : "");
}

const tcpt_detector tcpt_checksum_unverifiable = {
    .id = "checksum_unverifiable",
    .message = "Checksums of this direction are wrong throughout: offload or rewritten addresses",
    .explanation = "The capture was taken where the network card had not filled the checksum in yet, or addresses were "
                   "changed afterwards without mending the sums. The segments count as good.",
    .remedy = "Nothing to mend. To verify checksums capture at the receiver or on the wire, or switch transmit "
              "checksum offload off (ethtool -K IFACE tx off).",
    .reference = "Linux Documentation/networking/checksum-offloads",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_CHAT,
    .wants = TCPT_TRAIT_CHECKSUM,
    .memory_bytes = sizeof(unverifiable_memory),
    .judge = judge,
};
