/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Today's connection tracking calls a segment invalid. */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/points.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_ct_view *view = &context->seen->tracker;
    char reason[TCPT_CT_REASON_BYTES] = "";
    tcpt_finding *finding;

    (void)memory;
    if (tcpt_is_renumbered(context->flow))
        return; /* what the device left unshifted (SACK) says nothing of a tracker */
    tcpt_ct_reason_text(view->reason, TCPT_CT_CURRENT, reason);
    finding = tcpt_raise(context, TCPT_MEDIUM, "Invalid for Linux connection tracking: %s", reason);
    tcpt_brief(finding, "Invalid for Linux conntrack: %s", reason);
    tcpt_take_text(finding, TCPT_F_CONNTRACK_REASON, g_strdup(reason));
}

static const tcpt_field fields[] = {TCPT_F_CONNTRACK_REASON, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_THE_WAY, "sysctl -w net.netfilter.nf_conntrack_log_invalid=6",
     "the kernel's log then names each such packet and the reason"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp -s %client% -d %server% --dport %port%",
     "does the tracker know the connection, and in which state?"},
    {TCPT_ON_THE_WAY, "nft list ruleset | grep -n invalid", "the rules that drop what the tracker calls invalid"},
    {0},
};

const tcpt_detector tcpt_conntrack_invalid = {
    .id = "conntrack_invalid",
    .message = "Invalid for Linux connection tracking",
    .mistaken = "a segment that its receiver refuses",
    .explanation =
        "A tracker (nf_conntrack) that saw what was captured here finds no connection that this segment belongs "
        "to. It drops nothing by itself; a rule such as \"ct state invalid drop\" does, NAT leaves the "
        "addresses as they are, and a host that accepts the segment may see it differently.",
    .remedy = "Where segments are missing behind a stateful firewall: look for the reason there. Timeouts are taken as "
              "Linux has them by default.",
    .commands = commands,
    .reference = "Linux nf_conntrack_proto_tcp.c: nf_conntrack_tcp_packet(), tcp_in_window()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PATH,
    .wants = TCPT_TRAIT_CT_INVALID,
    .fields = fields,
    .judge = judge,
};
