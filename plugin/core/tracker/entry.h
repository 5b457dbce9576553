/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The TCP tracker of Linux netfilter as a state machine: one entry, one packet after the other.
 *
 * Modelled on the behaviour of net/netfilter/nf_conntrack_proto_tcp.c with default sysctls, for IPv4 and IPv6 alike. It
 * judges whatever it is given; whether the capture allows a verdict at all is decided in tracker.h.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_ENTRY_H
#define TCPTRIAGE_CORE_TRACKER_ENTRY_H

#include "tcptriage/segment.h"
#include "tcptriage/tracker.h"

/** What a packet is to the transition table; numbered as in the kernel's log lines. */
typedef enum tcpt_ct_class {
    TCPT_CT_CLASS_SYN,
    TCPT_CT_CLASS_SYN_ACK,
    TCPT_CT_CLASS_FIN,
    TCPT_CT_CLASS_ACK,
    TCPT_CT_CLASS_RST,
    TCPT_CT_CLASS_NONE,
} tcpt_ct_class;

/** Flags of a side, with the values of linux/netfilter/nf_conntrack_tcp.h, which ctnetlink shows. */
enum {
    TCPT_CT_WINDOW_SCALE = 0x01,
    TCPT_CT_SACK = 0x02,
    TCPT_CT_CLOSE_INIT = 0x04, /**< sent the first FIN */
    TCPT_CT_LIBERAL = 0x08,    /**< windows are not checked: the connection was picked up in the middle */
    TCPT_CT_UNACKED = 0x10,    /**< sent data that is not acknowledged */
    TCPT_CT_MAX_ACK_SET = 0x20,
    TCPT_CT_EXPECT_CHALLENGE = 0x40, /**< of the last packet: a SYN in LAST_ACK may draw a challenge ACK */
    TCPT_CT_SIMULTANEOUS = 0x80,     /**< of the last packet: both ends sent a SYN */
};

/** One side's window; all zero until its first packet. */
typedef struct tcpt_ct_side {
    uint32_t end;     /**< highest end of a segment it sent */
    uint32_t max_end; /**< right edge that the other side granted */
    uint32_t max_win; /**< largest window it offered; 0: nothing of it was seen */
    uint32_t max_ack; /**< highest ACK it sent; valid with TCPT_CT_MAX_ACK_SET */
    uint8_t scale;
    uint8_t flags;
    uint16_t unused; /**< zero: entries are compared as bytes */
} tcpt_ct_side;

/** Directions index `sides`: the entry's first packet goes in the original one. */
enum { TCPT_CT_ORIGINAL, TCPT_CT_REPLY };

/** One entry under one set of rules. All zero is "no entry". */
typedef struct tcpt_ct_entry {
    int64_t expires_ns;    /**< capture time from which on it is forgotten */
    tcpt_ct_side sides[2]; /**< original, reply */

    /* The newest packet that passed, or was ignored. */
    uint32_t last_seq;
    uint32_t last_ack;
    uint32_t last_end;
    uint16_t last_win;
    uint8_t last_class;
    uint8_t last_dir;
    uint8_t last_scale;
    uint8_t last_flags;

    uint8_t state;     /**< tcpt_ct_state; 0 without an entry */
    uint8_t retrans;   /**< same ACK packet again; wraps as the kernel's does */
    uint8_t initiator; /**< end of the flow (0 or 1) that sends in the original direction */
    bool seen_reply;
    bool assured;
    uint8_t unused; /**< zero */
} tcpt_ct_entry;

/** A segment as the tracker reads it; the same for both rule sets. */
typedef struct tcpt_ct_packet {
    const tcpt_segment *segment;
    uint8_t from;      /**< end of the flow that sent it */
    uint8_t class;     /**< tcpt_ct_class */
    bool bad_checksum; /**< really bad */
    bool legal_flags;
    bool options; /**< has any option bytes */
} tcpt_ct_packet;

/** The ACK field as it stands in the header: the tracker does not always look at the flag. */
static inline uint32_t tcpt_ct_ack_field(const tcpt_segment *segment)
{
    return segment->ack | segment->ack_without_flag;
}

/** What became of one packet. */
typedef struct tcpt_ct_result {
    uint8_t verdict; /**< tcpt_ct_verdict, never unknown */
    uint8_t reason;  /**< tcpt_ct_reason */
    uint8_t state;   /**< of the entry afterwards, TCPT_CT_NONE without one */
    bool scale_reset;
} tcpt_ct_result;

/** Prepare a segment for tcpt_ct_judge(). `bad_checksum`: the sum is wrong on the wire. */
tcpt_ct_packet tcpt_ct_packet_of(const tcpt_segment *segment, unsigned from, bool bad_checksum);

/** Judge a packet and take it into the entry (nf_conntrack_tcp_packet() and what is around it). */
tcpt_ct_result tcpt_ct_judge(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules);

/** The same connection under both rule sets. They keep one entry as long as theirs are alike, which in most connections
 * is for ever. All zero to begin with. */
typedef struct tcpt_ct_models {
    tcpt_ct_entry current;
    tcpt_ct_entry *old; /**< of the rules before 5.18 where it differs, else NULL; owned */
} tcpt_ct_models;

/** tcpt_ct_judge() under both rule sets, at hardly more than the price of one. */
void tcpt_ct_judge_both(tcpt_ct_models *models, const tcpt_ct_packet *packet,
                        tcpt_ct_result results[TCPT_CT_RULE_SETS]);

/** Forget both entries, and free what the pair owns. */
void tcpt_ct_clear(tcpt_ct_models *models);

/**
 * Judge what nearly every packet is: an ACK, with data or without, within both windows of an established connection
 * that is assured. It is VALID by both rule sets.
 *
 * @param segment  an ACK without SYN, FIN, RST and SACK blocks, not really bad
 * @return false, with nothing changed, when it does not fit: tcpt_ct_judge() it
 */
bool tcpt_ct_judge_short_way(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from);

/* ---- window.c, for tracker.c ---- */

/** tcpt_ct_window() for such a packet. @return false, with nothing changed, when it does not fit. */
bool tcpt_ct_fits_short_way(tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment);

/** What the window check says. */
typedef enum tcpt_ct_fit { TCPT_CT_FITS, TCPT_CT_FIT_IGNORE, TCPT_CT_FIT_INVALID } tcpt_ct_fit;

/** Read the options of a SYN into a side; a header without options changes nothing (tcp_options()). */
void tcpt_ct_read_options(tcpt_ct_side *side, const tcpt_ct_packet *packet);

/**
 * Check a packet against the windows and take it into them (tcp_in_window()).
 *
 * @param dir     of the packet
 * @param result  reason and scale_reset are set
 */
tcpt_ct_fit tcpt_ct_window(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules,
                           tcpt_ct_result *result);

#endif
