/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Limits that several files share, each with its reason; what only one file asks for stands there. What a user may
 * choose is in settings.def.
 */
#ifndef TCPTRIAGE_LIMITS_H
#define TCPTRIAGE_LIMITS_H

/** Milliseconds. */
enum {
    /** One tick of a host's clock, at the slowest (Linux, CONFIG_HZ=100), and what scheduling adds. */
    TCPT_TICK_MS = 10,
    /** What a busy host takes to act on a segment that has reached it. */
    TCPT_REACT_MS = 20,
    /** A round trip of no more is within a host, or to the next switch: nothing gets lost there as a rule. */
    TCPT_NEAR_MS = 1,
    /** The shortest time that a stack delays an ACK for (Linux, TCP_DELACK_MIN is 40), less a tick for timers that are
     *  early. */
    TCPT_DELAYED_ACK_MS = 35,
    /** No ACK is delayed for longer: RFC 1122, section 4.2.3.2. */
    TCPT_DELAYED_ACK_MOST_MS = 500,
    /** What a stack answers of itself (challenge ACK, duplicate ACK, RST) leaves at once; this much is granted to slow
     * or jittery ways. */
    TCPT_ANSWER_MS = 200,
    /** The shortest retransmission timeout in common use: Linux, TCP_RTO_MIN. */
    TCPT_SHORTEST_RTO_MS = 200,
    /** Linux gives at most one answer of a kind in this time, per socket: tcp_invalid_ratelimit. */
    TCPT_ANSWER_LIMIT_MS = 500,
};

/** Seconds. */
enum {
    /** The retransmission timeout before any round trip is known: RFC 6298, section 2.1. */
    TCPT_FIRST_RTO_SECONDS = 1,
    /** The longest one: Linux, TCP_RTO_MAX. */
    TCPT_LONGEST_RTO_SECONDS = 120,
    /** An answer that people notice, whatever the network takes. */
    TCPT_LATE_REPLY_SECONDS = 2,
    /** How long a SYN that was answered tells of the others of its address and port. A half-open connection is gone by
     *  then, too (Linux, tcp_synack_retries: 63 s). */
    TCPT_SIBLING_SECONDS = 60,
    /** A pause of a whole point that is none of the network: joined files, a clock that was set. */
    TCPT_JUMP_SECONDS = 86400,
    /** Steps back within a capture are milliseconds, a buffer's worth of seconds at the most. */
    TCPT_STEP_BACK_SECONDS = 10,
    /** How long hosts with tcp_tw_recycle remembered the last timestamp of an address: Linux before 4.12, TCP_PAWS_MSL.
     */
    TCPT_RECYCLE_SECONDS = 60,
};

/** Counts and sizes. */
enum {
    /** Fewer lost ones may have something in common by chance; a FIN and two repeats are three (rule G.3). */
    TCPT_MISSING_LEAST = 3,
    /** Repeats of one segment: by the fifth more than five seconds have passed on Linux, and no loss recovery takes
     * that many. */
    TCPT_REPEATS_PROVE = 5,
    /** Payload that is shorter says farewell (QUIT, an LDAP unbind, a Terminate) or keeps alive, where nothing tells
     * what it is. */
    TCPT_REQUEST_BYTES_LEAST = 16,
    /** Payload of the shortest Ethernet frame, 64 bytes less header and FCS: IEEE 802.3, clause 4.2.3.3. */
    TCPT_ETHERNET_PAYLOAD_LEAST = 46,
    TCPT_IPV4_HEADER_BYTES = 20,
    TCPT_TCP_HEADER_BYTES = 20,
    /** A quarter of the sequence numbers: nearer ones belong together, and before and after are certain. */
    TCPT_SEQ_NEAR = 1 << 30,
};

#endif
