/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What follows from segments that really leave their host with a wrong checksum, and how to look further: the same
 * whatever has made it wrong.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_BAD_SUMS_H
#define TCPTRIAGE_DETECTORS_SHARED_BAD_SUMS_H

#include "tcptriage/detector.h"

/** Findings that such segments explain, as their receiver drops them: part of a list of tcpt_detector.explains. */
#define TCPT_EXPLAINED_BY_BAD_SUMS                                                                                     \
    "vantage_loss", "peer_silent", "fin_unacked", "fin_missing", "keepalive_dead_peer", "accept_queue_overflow",       \
        "acked_data_retransmitted", "connect_unanswered", "syn_delayed", "synack_not_received", "recovery_stall"

/** For tcpt_detector.commands, by the sender of such a segment. */
extern const tcpt_command tcpt_bad_sum_commands[];

#endif
