/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A wire with a capture point at each end, and what a device between them does.
 */
#ifndef TCPTRIAGE_TESTS_WIRE_H
#define TCPTRIAGE_TESTS_WIRE_H

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

enum { CLIENT, SERVER };

/** A wire with a point at each end. The client's is 0. */
typedef struct wire {
    tcpt_analysis *analysis;
    int64_t now_ns;
    int64_t across_ns;
    int64_t ahead_ns;  /**< clock of point 1 */
    uint32_t shift[2]; /**< by sender: what a device between the points adds to its sequence numbers */
    bool sack_adjusted;
    uint8_t seen_client[4]; /**< the client's address at point 1 */
    uint16_t seen_port;
    bool timestamps;
    bool ipv6;
    uint32_t frame;
    uint16_t ip_id;
    tcpt_record *at[2]; /**< of the newest segment, by point; NULL not seen there */
} wire;

/** `expected`: the analysis is told that there will be two points. */
wire *wire_begin(bool expected);
void wire_end(wire *on);

/** A segment with the next IP ID, now. */
tcpt_segment wire_make(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes);
/** Seen at one point only. */
void wire_capture(wire *on, unsigned point, tcpt_segment segment);
/** Seen near its sender, and unless it is lost at the other point too. */
void wire_pass(wire *on, tcpt_segment segment, bool lost);
void wire_say(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes);
void wire_lose(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes);
void wire_handshake(wire *on);

/** What is known of the two points. */
tcpt_path wire_path(const wire *on);
/** The vantage_loss of the capture so far, or NULL. */
const tcpt_diagnosis *wire_loss(const wire *on);

#endif
