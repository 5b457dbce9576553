/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A padded frame whose checksum holds over the IP length and fails for a verifier that does not cut the padding. */
#include "detectors/detectors.h"

typedef struct short_memory {
    tcpt_finding *first[2]; /* by the end that sent the frame */
} short_memory;

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    short_memory *mine = memory;
    tcpt_finding **first = &mine->first[context->seen->from], *finding;

    if (*first)
        tcpt_withdraw(context, *first); /* one per direction: the FIN's loss is the one that hurts */
    finding = tcpt_raise(context, TCPT_HIGH,
                         "Padded by %u bytes: the checksum 0x%04x is right over the IP length, a verifier that counts "
                         "the padding in wants 0x%04x",
                         segment->pad_bytes, segment->checksum, segment->checksum_over_padding);
    *first = segment->flags & TCPT_FIN ? NULL : finding;
    tcpt_set_number(finding, TCPT_F_CHECKSUM_OVER_IP, segment->checksum_expected);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_OVER_PADDING, segment->checksum_over_padding);
}

static const tcpt_field fields[] = {TCPT_F_CHECKSUM_OVER_IP, TCPT_F_CHECKSUM_OVER_PADDING, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_short_frame_checksum = {
    .id = "short_frame_checksum",
    .message = "Padded short frame: checksum right over the IP length, wrong over the padding",
    .brief = "Short frame: its padding breaks the sum of careless checks",
    .mistaken = "a damaged frame",
    .explanation = "Ethernet fills frames up to 60 bytes. The segment is in order; but a device that verifies the TCP "
                   "checksum over the whole buffer (a connection tracker entered from layer 2 without cutting the "
                   "padding) calls it bad and drops it. Says nothing about whether such a device is there. Told once "
                   "per direction "
                   "of a connection: of its FIN if that is padded, else of the first such frame.",
    .remedy = "Only if short frames go missing: see short_frame_loss. Open vSwitch's kernel datapath cuts the padding "
              "before tracking since Linux 4.16.",
    .reference = "IEEE 802.3 clause 4.2.3.3; Linux nf_ip_checksum(); commit 9382fe71c005 (openvswitch)",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_SENDER,
    .wants = TCPT_TRAIT_PADDED,
    .memory_bytes = sizeof(short_memory),
    .fields = fields,
    .judge = judge,
};
