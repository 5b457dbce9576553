/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The TCP tracker of Linux netfilter as a state machine: one entry, one packet after the other.
 *
 * It judges whatever it is given; whether the capture allows a verdict at all is decided in tracker.c. Inside the room
 * only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_JUDGE_H
#define TCPTRIAGE_CORE_TRACKER_JUDGE_H

#include "core/tracker/entry.h"
#include "core/tracker/packet.h"

/** nf_conntrack_tcp_timeout_unacknowledged: how long an entry lives where data waits for its ACK. */
#define TCPT_CT_UNACKED_SECONDS 300

/** nf_conntrack_tcp_timeout_syn_sent and ..._syn_recv: how long it lives behind a SYN, and behind the SYN-ACK. */
#define TCPT_CT_SYN_SENT_SECONDS 120
#define TCPT_CT_SYN_RECV_SECONDS 60

/** Judge a packet and take it into the entry (nf_conntrack_tcp_packet() and what is around it). */
tcpt_ct_result tcpt_ct_judge(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules);

/**
 * Whether a packet is what nearly every one is: an ACK, with data or without, within both windows of an established
 * connection that is assured. It is VALID by both rule sets.
 *
 * @param segment  an ACK without SYN, FIN, RST and SACK blocks, not really bad
 */
bool tcpt_ct_fits_short_way(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

/** The same of an ACK of the end that opens the connection, which completes the handshake: both rule sets let it pass,
 *  and the entry is an established one then. */
bool tcpt_ct_completes(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

/** Take such a packet into the entry, as tcpt_ct_judge() would. */
void tcpt_ct_take_short_way(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

/**
 * Whether a packet is what nearly every one of a flood is: a RST behind another one, within both windows of an
 * established connection that is assured, but not where it would close it. It is VALID by both rule sets, and closes
 * nothing.
 *
 * @param segment  a RST without SYN and SACK blocks, not really bad
 */
bool tcpt_ct_fits_rst_again(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

/** Take such a packet into the entry, as tcpt_ct_judge() would. */
void tcpt_ct_take_rst_again(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

#endif
