/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acknowledged data sent again and again on a flow without Fast Open. */
#include "detectors/shared/storm.h"
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    if (!tcpt_storm_of_tracker(context->flow))
        tcpt_judge_storm(context, memory);
}

static const tcpt_field fields[] = {TCPT_F_STORM_COUNT,       TCPT_F_STORM_BYTES,    TCPT_F_STORM_FIRST,
                                    TCPT_F_STORM_IGNORED_ACK, TCPT_F_STORM_DURATION, TCPT_FIELD_COUNT};

static const char *const explains[] = {"acked_data_retransmitted",
                                       "conntrack_divergence",
                                       "conntrack_scale_reset",
                                       "conntrack_invalid",
                                       "peer_silent",
                                       "fin_unacked",
                                       "icmp_error",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "conntrack -S", "does \"invalid\" or \"drop\" grow with each repeat?"},
    {TCPT_ON_BLAMED, "nft list ruleset | grep -n invalid", "the rules that drop what the tracker calls invalid"},
    {TCPT_ON_BLAMED, "sysctl -w net.netfilter.nf_conntrack_log_invalid=6",
     "the kernel's log then names each such packet and the reason"},
    {TCPT_ON_BLAMED, "tcpdump -ni any '%traffic%'", "do the ACKs reach this host?"},
    {0},
};

const tcpt_detector tcpt_acked_retransmit_storm = {
    .id = "acked_retransmit_storm",
    .message = "Retransmit storm: acknowledged data again and again",
    .mistaken = "packet loss: the data has long arrived",
    .explanation =
        "A host keeps sending what its peer has acknowledged in this very capture. Captured at that host, the "
        "ACKs reach the machine but not its TCP; captured elsewhere they may be lost behind the capture "
        "point.",
    .remedy = "Look for a firewall on or before the sending host that drops the ACKs as invalid.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4; Linux tcp_in_window() of nf_conntrack_proto_tcp.c",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .explains = explains,
    .wants = TCPT_TRAIT_ACKED_AGAIN,
    .memory_bytes = sizeof(tcpt_storm),
    .fields = fields,
    .judge = judge,
};
