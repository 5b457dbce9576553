/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a tracker that lost the window scale parts from one that did not. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_ct_view *view = &context->seen->tracker;
    char reason[TCPT_CT_REASON_BYTES] = "";
    tcpt_finding *finding;

    (void)memory;
    tcpt_ct_reason_text(view->old_reason, TCPT_CT_BEFORE_5_18, reason);
    finding = tcpt_raise(
        context, TCPT_HIGH, "First of the %s that a tracker before Linux 5.18 calls invalid (%s); today's says %s",
        tcpt_role(flow, context->seen->from), reason, tcpt_ct_verdict_name((tcpt_ct_verdict)view->current));
    tcpt_brief(finding, "Scale lost: invalid for trackers before 5.18 from here on");
    tcpt_relate(finding, flow->rare->divergent[!context->seen->from]);
}

static const tcpt_command commands[] = {
    {TCPT_ON_THE_WAY, "uname -r", "before 5.18 (5.17.6): such a tracker"},
    {0},
};

const tcpt_detector tcpt_conntrack_divergence = {
    .id = "conntrack_divergence",
    .message = "Invalid for a connection tracker before Linux 5.18, not for today's",
    .explanation = "After the loss of the window scale (conntrack_scale_reset) a tracker before Linux 5.18 calls this "
                   "segment, and most that follow in this direction, invalid. Rules that drop invalid packets drop it. "
                   "Says nothing about whether such a tracker is on the way.",
    .remedy = "Look whether this segment had an effect on its receiver: if it was ignored, such a tracker is there.",
    .commands = commands,
    .reference = "Linux 5.18 netfilter: nf_conntrack_tcp: re-init for syn packets only (tcp_in_window())",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_PATH,
    .wants = TCPT_TRAIT_CT_DIVERGENT,
    .judge = judge,
};
