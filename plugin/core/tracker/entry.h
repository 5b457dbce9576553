/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One entry of the tracker under one set of rules.
 *
 * Modelled on net/netfilter/nf_conntrack_proto_tcp.c with default sysctls, for IPv4 and IPv6 alike. Inside the room
 * only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_ENTRY_H
#define TCPTRIAGE_CORE_TRACKER_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

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

/** Direction of what an end of the flow (0 or 1) sends. */
static inline unsigned tcpt_ct_direction(const tcpt_ct_entry *entry, unsigned from)
{
    return from == entry->initiator ? TCPT_CT_ORIGINAL : TCPT_CT_REPLY;
}

#endif
