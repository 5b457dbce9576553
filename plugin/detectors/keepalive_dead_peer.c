/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keep-alive probes, one after the other, without an answer. */
#include "detectors/detectors.h"

/* One probe may be lost, and a second one goes unanswered by a busy path; by the third there is nobody. */
enum { SETTLED_BY = 3, PROBE_GAP_MS = 500 };

static void judge(const tcpt_context *context, void *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const tcpt_endpoint *receiver = &context->flow->ends[!from];
    tcpt_finding *finding;

    (void)memory;
    if (!context->seen->probe || context->seen->really_bad || !context->flow->both_ways)
        return;
    if (receiver->acked && receiver->rcv_wnd == 0)
        return; /* it probes a closed window (RFC 9293, section 3.8.6.1) */
    if (sender->unanswered_probes + 1 != SETTLED_BY ||
        context->segment->time_ns - sender->probe_ns < PROBE_GAP_MS * TCPT_MS_NS)
        return;
    finding = tcpt_raise(context, TCPT_HIGH, "Three keep-alive probes of the %s, after %.0f s of silence, without an answer",
                         tcpt_role(context->flow, from), tcpt_as_seconds(sender->idle_before_ns));
    tcpt_set_number(finding, TCPT_F_IDLE_GAP, sender->idle_before_ns);
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_relate(finding, receiver->last_record);
}

static const tcpt_field fields[] = {TCPT_F_IDLE_GAP, TCPT_FIELD_COUNT};

const tcpt_detector tcpt_keepalive_dead_peer = {
    .id = "keepalive_dead_peer",
    .message = "Keep-alive probes without an answer",
    .explanation = "One side asks whether the other is still there and hears nothing: consistent with a host that is "
                   "gone, or with a device on the way that has forgotten the idle connection.",
    .remedy = "Is the other host up? Then a NAT or firewall dropped the flow before the first probe: make the keep-alive "
              "period shorter than its idle limit.",
    .reference = "RFC 9293 section 3.8.4; Linux tcp_keepalive_timer()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .wants = TCPT_TRAIT_UNANSWERED,
    .fields = fields,
    .judge = judge,
};
