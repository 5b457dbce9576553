/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checksum that is really bad: wrong among good ones of the same source, and not explained otherwise. */
#include "detectors/detectors.h"

#include "tcptriage/sequence.h"

typedef struct bad_memory {
    tcpt_finding *newest[2]; /* by the end that sent it; NULL once its bytes came again or were acknowledged */
    uint32_t end_seq[2];
    uint32_t seq[2];
} bad_memory;

/* What became of the damaged bytes: sent again, as it must be, or acknowledged without that. */
static void follow_up(const tcpt_context *context, bad_memory *memory)
{
    unsigned from = context->seen->from;
    tcpt_finding *acked = memory->newest[!from];

    if (memory->newest[from] && context->segment->end_seq != context->segment->seq &&
        !seq_after(context->segment->seq, memory->seq[from]) &&
        !seq_before(context->segment->end_seq, memory->end_seq[from])) {
        tcpt_relate(memory->newest[from], context->record);
        memory->newest[from] = NULL;
    }
    if (!acked || !(context->seen->traits & TCPT_TRAIT_ACKS_NEW) ||
        seq_before(context->segment->ack, memory->end_seq[!from]))
        return;
    acked->confidence = TCPT_LOW;
    tcpt_resummarise(
        acked,
        "TCP checksum should be 0x%04x, while this source's others are good; yet frame %u acknowledges these "
        "bytes: they were changed after they had arrived, or behind this capture point all is well",
        (unsigned)acked->values[0].number, context->record->frame);
    tcpt_relate(acked, context->record);
    memory->newest[!from] = NULL;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    unsigned from = context->seen->from;
    bad_memory *mine = memory;
    tcpt_finding *finding;

    if (!context->seen->really_bad) {
        follow_up(context, mine);
        return;
    }
    if (segment->checksum_is != TCPT_CHECKSUM_WRONG)
        return;
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "TCP checksum 0x%04x should be 0x%04x, while this source's others are good: hosts drop this "
                         "segment",
                         segment->checksum, segment->checksum_expected);
    tcpt_set_number(finding, TCPT_F_CHECKSUM_EXPECTED, segment->checksum_expected);
    mine->newest[from] = segment->end_seq == segment->seq ? NULL : finding;
    mine->seq[from] = segment->seq;
    mine->end_seq[from] = segment->end_seq;
    tcpt_rule_out(finding, "Checksum offload: the field is not the pseudo-header sum, and this source's other "
                           "checksums verify.");
}

static const tcpt_field fields[] = {TCPT_F_CHECKSUM_EXPECTED, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_checksum_bad = {
    .id = "checksum_bad",
    .message = "TCP checksum is bad, and neither offload nor padding explains it",
    .explanation =
        "The segment was damaged after its checksum was made: the receiving host drops it silently and it has "
        "to be sent again. The analysis takes it as never received.",
    .remedy = "Compare with the retransmission of the same bytes to see what was damaged. Look for faulty memory or "
              "firmware in a device that rewrites segments between the sender and this capture.",
    .reference = "RFC 9293 section 3.1; Linux tcp_v4_rcv() (TCP_CSUM)",
    .group = TCPT_GROUP_CHECKSUM,
    .severity = TCPT_WARN,
    .wants = TCPT_TRAIT_CHECKSUM | TCPT_TRAIT_DAMAGED,
    .memory_bytes = sizeof(bad_memory),
    .fields = fields,
    .judge = judge,
};
