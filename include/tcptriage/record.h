/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is kept of each segment, and the way from there to its flow.
 */
#ifndef TCPTRIAGE_RECORD_H
#define TCPTRIAGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/finding.h"
#include "tcptriage/portable.h"
#include "tcptriage/tracker.h"

/** RFC 9293, section 3.3.2. */
typedef enum TCPT_BYTE tcpt_state {
    TCPT_CLOSED,
    TCPT_LISTEN,
    TCPT_SYN_SENT,
    TCPT_SYN_RECEIVED,
    TCPT_ESTABLISHED,
    TCPT_FIN_WAIT_1,
    TCPT_FIN_WAIT_2,
    TCPT_CLOSE_WAIT,
    TCPT_CLOSING,
    TCPT_LAST_ACK,
    TCPT_TIME_WAIT,
} tcpt_state;

/** "CLOSED", "SYN-SENT", ... as RFC 9293 spells them. */
const char *tcpt_state_name(tcpt_state state);

/** In tcpt_record.shape, beside flags. */
enum { TCPT_HAS_PAYLOAD = 0x80 };

/** One per segment of a tracked flow; allocated by the analysis, lives as long as it. */
typedef struct tcpt_record {
    void *owner; /**< its flow, or what stands for that while it rests: tcpt_flow_of() */
    union {
        tcpt_finding *notes; /**< findings on this frame, and those on others that it proves (`on` tells); usually NULL.
                              * To be read by tcpt_each_finding() and the like: it may be no list, but a mark */
        uintptr_t mark;      /**< instead of a list (plugin/core/finding/notes.c): odd */
        struct tcpt_record *next_spare; /**< of one that was given back */
    };
    uint32_t frame;
    uint32_t same_as; /**< frame of the same segment at another capture point, or of the first copy; 0 none */
    uint8_t
        client_state : 4; /**< tcpt_state after this frame, as it was taken then and but for a RST: tcpt_state_in() */
    uint8_t server_state : 4;
    uint8_t pad_bytes;
    uint8_t from : 1;       /**< end that sent it: index into tcpt_flow.ends */
    bool copy : 1;          /**< second copy of a captured packet: changed nothing */
    uint8_t ct_current : 2; /**< tcpt_ct_verdict by the current rules */
    uint8_t ct_old : 2;     /**< by the rules before 5.18 */
    bool uncut_good : 1; /**< a verifier that leaves the padding in finds the checksum right (rare), or there is none */
    uint8_t ct_state;    /**< tcpt_ct_state after this frame, by the current rules */
    uint8_t ct_reason;   /**< tcpt_ct_reason, in the words of tcpt_ct_reason_rules(ct_current) */
    bool over_limit : 1; /**< receiver_verdict is "ignored" only for the stack's limit of answers */
    bool copied : 1;     /**< it is the first of the two: same_as comes behind it */
    bool icmp : 1;       /**< no segment: an ICMP error that quotes one, of which `from` is the sender */
    uint8_t inferred : 2; /**< by end: the states rest on a FIN of it that was not captured */
    uint8_t reset : 2;    /**< by end: a RST has closed it */
    uint8_t shape;        /**< what the segment is: its FIN, SYN, RST and ACK, and TCPT_HAS_PAYLOAD; 0 for ICMP */
    uint8_t receiver_verdict : 3; /**< tcpt_verdict of the chosen stack */
    uint8_t receiver_drop : 5;    /**< tcpt_drop */
} tcpt_record;

/** The state of an end after a frame, by all that is known now: it may have rested on a FIN that was refuted since. */
tcpt_state tcpt_state_in(const tcpt_record *record, unsigned end);

/** Make a flow of what stands for it. Nothing that is known changes by it. */
struct tcpt_flow *tcpt_wake(void *owner);

/** Whether a record's owner is what stands for a flow: marked in the lowest bits of the pointer. */
static inline bool tcpt_rests(const void *owner)
{
    return (uintptr_t)owner & 1;
}

/** Whether that is the only segment that was seen of it, a SYN: else it is all of the flow, stowed away. */
static inline bool tcpt_is_lone(const void *owner)
{
    return ((uintptr_t)owner & 3) == 1;
}

/** The flow that something is, or stands for. */
static inline struct tcpt_flow *tcpt_flow_owning(void *owner)
{
    return tcpt_rests(owner) ? tcpt_wake(owner) : (struct tcpt_flow *)owner;
}

/** The flow of a record. */
static inline struct tcpt_flow *tcpt_flow_of(const tcpt_record *record)
{
    return tcpt_flow_owning(record->owner);
}

#endif
