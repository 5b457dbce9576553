/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Acknowledged data sent again and again on a flow with Fast Open, or where an old tracker loses the window scale. */
#include "detectors/shared/storm.h"
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    if (tcpt_storm_of_tracker(context->flow))
        tcpt_judge_storm(context, memory);
}

static const tcpt_field fields[] = {TCPT_F_STORM_COUNT,       TCPT_F_STORM_BYTES,    TCPT_F_STORM_FIRST,
                                    TCPT_F_STORM_IGNORED_ACK, TCPT_F_STORM_DURATION, TCPT_FIELD_COUNT};

static const char *const explains[] = {
    "acked_data_retransmitted", "conntrack_scale_reset", "conntrack_divergence", "conntrack_invalid", "tfo_handshake",
    "tfo_early_data",           "peer_silent",           "fin_unacked",          "close_wait_stuck",  NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "uname -r", "before 5.18 (5.17.6): such a tracker"},
    {TCPT_ON_BLAMED, "conntrack -S", "does \"invalid\" grow with each repeat?"},
    {TCPT_ON_BLAMED, "nft list ruleset | grep -n invalid", "the rules that drop what the tracker calls invalid"},
    {0},
};

const tcpt_detector tcpt_tfo_retransmit_storm = {
    .id = "tfo_retransmit_storm",
    .message = "Retransmit storm with Fast Open or a lost window scale: acknowledged data again and again",
    .mistaken = "packet loss: the data has long arrived",
    .explanation =
        "The host keeps sending what its peer has acknowledged in this very capture: the ACKs reach the "
        "machine but not its TCP. Consistent with a connection tracker of Linux before 5.18 on that machine, "
        "which loses the window scale when the server of a Fast Open connection speaks first, calls ACKs "
        "beyond about 64 kB invalid, and rules that drop invalid packets.",
    .remedy =
        "Linux 5.18 (or 5.17.6) or later on the host or firewall that drops; or do not offer Fast Open to that peer "
        "(Exim: hosts_try_fastopen); or do not drop ct state invalid towards the host. Switching TCP window "
        "scaling off hides it.",
    .commands = commands,
    .reference = "Linux 5.18 netfilter: nf_conntrack_tcp: re-init for syn packets only; RFC 7413 section 4.2",
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
