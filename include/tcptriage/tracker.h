/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What Linux connection tracking (nf_conntrack) makes of a segment: states, verdicts and reasons.
 */
#ifndef TCPTRIAGE_TRACKER_H
#define TCPTRIAGE_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Two sets of rules are followed side by side. */
typedef enum tcpt_ct_rules {
    TCPT_CT_CURRENT,     /**< Linux 6.2 and later, with its stable fixes */
    TCPT_CT_BEFORE_5_18, /**< the rules of Linux 5.10 */
    TCPT_CT_RULE_SETS
} tcpt_ct_rules;

/** A tracker entry's state (enum tcp_conntrack), and the absence of one. */
typedef enum tcpt_ct_state {
    TCPT_CT_OFF,     /**< the models were not run */
    TCPT_CT_UNKNOWN, /**< the capture does not tell */
    TCPT_CT_NONE,    /**< there is no entry */
    TCPT_CT_SYN_SENT,
    TCPT_CT_SYN_RECV,
    TCPT_CT_ESTABLISHED,
    TCPT_CT_FIN_WAIT,
    TCPT_CT_CLOSE_WAIT,
    TCPT_CT_LAST_ACK,
    TCPT_CT_TIME_WAIT,
    TCPT_CT_CLOSE,
    TCPT_CT_SYN_SENT2, /**< both ends sent a SYN */
} tcpt_ct_state;

/** What the tracker says of a segment. */
typedef enum tcpt_ct_verdict {
    TCPT_CT_VERDICT_UNKNOWN,
    TCPT_CT_VALID,
    TCPT_CT_IGNORED, /**< let pass, but nothing is learned from it */
    TCPT_CT_INVALID, /**< "ct state invalid": belongs to no connection, and rules may drop it */
} tcpt_ct_verdict;

/** Why a segment is not VALID. Values from TCPT_CT_REASON_TABLE on say that the transition table refuses or ignores
 * the packet: they hold its class, its direction and the state it met, as the kernel's log line does. */
typedef enum tcpt_ct_reason {
    TCPT_CT_REASON_NONE,
    TCPT_CT_TRUNCATED,
    TCPT_CT_BAD_CHECKSUM,
    TCPT_CT_BAD_FLAGS,
    TCPT_CT_INVALID_NEW, /**< there is no entry, and this packet makes none */
    TCPT_CT_INVALID_RST,
    TCPT_CT_CHALLENGE_ACK,
    TCPT_CT_SEQ_OVER,
    TCPT_CT_OVERSHOOT, /**< a little beyond the window */
    TCPT_CT_ACK_OVER,
    TCPT_CT_SEQ_UNDER,
    TCPT_CT_ACK_UNDER,
    TCPT_CT_REASON_TABLE = 16,
} tcpt_ct_reason;

/** Bytes that the text of any reason fits into. */
#define TCPT_CT_REASON_BYTES 64

/** "SYN_SENT", ... as the kernel and conntrack(8) spell them; "NONE", "UNKNOWN". */
const char *tcpt_ct_state_name(tcpt_ct_state state);
/** "VALID", "INVALID", "IGNORED", "UNKNOWN". */
const char *tcpt_ct_verdict_name(tcpt_ct_verdict verdict);

/**
 * A reason in the words that the kernel logs with nf_conntrack_log_invalid. Where the log line has a number within, the
 * text ends before it, so that it is found in a log as it stands.
 *
 * @param rules  whose words: they were changed over time
 * @param text   filled with the text
 * @return `text`, or NULL when there is no reason
 */
const char *tcpt_ct_reason_text(uint8_t reason, tcpt_ct_rules rules, char text[TCPT_CT_REASON_BYTES]);

/** What both rule sets make of one segment. */
typedef struct tcpt_ct_view {
    uint8_t state;       /**< tcpt_ct_state by the current rules, after the segment */
    uint8_t current;     /**< tcpt_ct_verdict by the current rules */
    uint8_t before_5_18; /**< by the rules before 5.18 */
    uint8_t reason;      /**< of the current rules; of the old ones where only those object */
    uint8_t old_reason;  /**< of the old rules */
    bool scale_reset;    /**< the old rules lose the sender's window scale by this segment */
    bool lags : 1;       /**< the entry has not taken the segment: see tcpt_flow.tracker_lags */
    bool blank : 1;      /**< there is none yet: see tcpt_flow.tracker_blank */
    bool divergent;      /**< the first of its sender, after such a loss, that only the old rules call INVALID; its
                              checksum aside */
} tcpt_ct_view;

/** Whose words tcpt_ct_view.reason is in. */
static inline tcpt_ct_rules tcpt_ct_reason_rules(uint8_t current)
{
    return current == TCPT_CT_VALID ? TCPT_CT_BEFORE_5_18 : TCPT_CT_CURRENT;
}

#endif
