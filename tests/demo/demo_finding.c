/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A FIN that carries payload: a detector to begin from, and what tests/add_detector.sh adds. It is not in the plugin.
 */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    tcpt_finding *finding;

    (void)memory;
    if (context->seen->really_bad || !(segment->flags & TCPT_FIN) || !segment->payload_bytes)
        return;
    finding = tcpt_raise(context, TCPT_HIGH, "The FIN carries %u bytes", segment->payload_bytes);
    tcpt_set_number(finding, TCPT_F_DEMO_BYTES, segment->payload_bytes);
}

static const tcpt_field fields[] = {TCPT_F_DEMO_BYTES, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tanp '%socket%'", "the program that closes"},
    {0},
};

const tcpt_detector tcpt_demo_finding = {
    .id = "demo_finding",
    .message = "A FIN carries payload",
    .mistaken = "a bare FIN",
    .explanation = "The sender closes with its last bytes. That is in order, and here to be seen.",
    .remedy = "Nothing to mend. Look at what the receiver does with the payload.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.4",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .wants = TCPT_TRAIT_FIN,
    .fields = fields,
    .judge = judge,
};
