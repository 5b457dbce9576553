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
                                       NULL};

const tcpt_detector tcpt_acked_retransmit_storm = {
    .id = "acked_retransmit_storm",
    .message = "Retransmit storm: acknowledged data again and again",
    .explanation =
        "A host keeps sending what its peer has acknowledged in this very capture. Captured at that host, the "
        "ACKs reach the machine but not its TCP; captured elsewhere they may be lost behind the capture "
        "point.",
    .remedy = "Look for a firewall on or before the sending host that drops the ACKs (counters of ct state invalid, "
              "net.netfilter.nf_conntrack_log_invalid=6), and capture at the sending host.",
    .reference = "RFC 9293 section 3.10.7.4; Linux tcp_in_window() of nf_conntrack_proto_tcp.c",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_ACKED_AGAIN,
    .memory_bytes = sizeof(tcpt_storm),
    .fields = fields,
    .judge = judge,
};
