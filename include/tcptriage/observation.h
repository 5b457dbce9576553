/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A segment judged against its flow as it was before.
 */
#ifndef TCPTRIAGE_OBSERVATION_H
#define TCPTRIAGE_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/flow.h"

/** What a segment is: their positions (traits.def). */
enum {
#define TCPT_TRAIT(name) TCPT_TRAIT_AT_##name,
#include "tcptriage/traits.def"
#undef TCPT_TRAIT
    TCPT_TRAITS
};

/** The same as bits: detectors name those they want to be asked about. C11 promises no more than an int. */
__extension__ enum {
#define TCPT_TRAIT(name) TCPT_TRAIT_##name = UINT64_C(1) << TCPT_TRAIT_AT_##name,
#include "tcptriage/traits.def"
#undef TCPT_TRAIT
};

/** Where a RST's SEQ lies for its receiver (rule A.5); RFC 9293 section 3.10.7 and RFC 5961 section 3.2. */
typedef enum TCPT_BYTE tcpt_rst_position {
    TCPT_RST_NONE,          /**< no RST, or nothing to compare it with */
    TCPT_RST_EXACT,         /**< at the receiver's ACK, and nothing else is in flight */
    TCPT_RST_EXACT_UNACKED, /**< behind all that was sent, part of it not acknowledged */
    TCPT_RST_AT_ACK,        /**< at the receiver's ACK, but more was sent */
    TCPT_RST_OFF_BY_ONE_AFTER_FIN,
    TCPT_RST_OFF_BY_ONE_FIN_UNACKED,
    TCPT_RST_SACK_EDGE,
    TCPT_RST_IN_FLIGHT,
    TCPT_RST_IN_WINDOW,
    TCPT_RST_STALE,
    TCPT_RST_BEYOND_WINDOW,
    TCPT_RST_SYN_SENT_OK,
    TCPT_RST_SYN_SENT_BAD_ACK,
    TCPT_RST_SYN_SENT_NO_ACK,
} tcpt_rst_position;

/** What a receiver does with a segment. */
typedef enum TCPT_BYTE tcpt_verdict {
    TCPT_VERDICT_UNDETERMINED,
    TCPT_VERDICT_RESET,         /**< a RST that takes effect; anything else: answered with a RST */
    TCPT_VERDICT_CHALLENGE_ACK, /**< dropped, and its sender asked to confirm (RFC 5961) */
    TCPT_VERDICT_IGNORED,       /**< dropped without an answer */
    TCPT_VERDICT_ACCEPTED,      /**< taken: its ACK, bytes, window or flags count */
    TCPT_VERDICT_DUPLICATE_ACK, /**< dropped (its ACK may count), answered with the ACK sent last */
} tcpt_verdict;

/** Why a segment is not accepted, in the words of the Linux kernel (enum skb_drop_reason, net/dropreason-core.h). */
typedef enum TCPT_BYTE tcpt_drop {
    TCPT_DROP_NONE, /**< accepted, or no reason can be told */
#define TCPT_DROP(name) TCPT_DROP_##name,
#include "tcptriage/drops.def"
#undef TCPT_DROP
    TCPT_DROP_COUNT
} tcpt_drop;

/** "undetermined", "reset", "challenge_ack", "ignored", "accepted", "duplicate_ack". */
const char *tcpt_verdict_name(tcpt_verdict verdict);
/** "TCP_OLD_SEQUENCE" and so on; NULL for TCPT_DROP_NONE. */
const char *tcpt_drop_name(tcpt_drop drop);
/** "off_by_one_after_fin" and so on; "exact" for the exact ones. */
const char *tcpt_rst_position_name(tcpt_rst_position position);

/** At the receiver's ACK or behind all that was sent, whether or not the bytes between have arrived. */
static inline bool tcpt_rst_is_exact(unsigned position)
{
    return position == TCPT_RST_EXACT || position == TCPT_RST_EXACT_UNACKED || position == TCPT_RST_AT_ACK;
}

/** What a SYN-ACK tells of the tries before the one that it answers. */
typedef enum TCPT_BYTE tcpt_syn_delay {
    TCPT_SYN_DELAY_NONE,        /**< it answers the first try, or nobody knows which one */
    TCPT_SYN_DELAY_CERTAIN,     /**< it answers a retry, whose timestamp it echoes */
    TCPT_SYN_DELAY_LIKELY,      /**< it answers a retry, so soon does it come */
    TCPT_SYN_DELAY_ANSWER_LOST, /**< as LIKELY, but by the timestamp that it echoes the first try had arrived, too */
} tcpt_syn_delay;

/** The receiver's view of a RST. */
typedef struct tcpt_rst_view {
    tcpt_rst_position position;
    tcpt_verdict verdict; /**< by the chosen stack */
    tcpt_confidence confidence;
    uint32_t expected_seq;
    bool mismatch; /**< neither the receiver's ACK nor the sender's next */
} tcpt_rst_view;

/** What the chosen stack does with a segment, as far as the capture tells. */
typedef struct tcpt_receiver_view {
    tcpt_verdict verdict;
    tcpt_drop drop;             /**< may be known where the answer is not: Linux versions differ in the answer */
    tcpt_confidence confidence; /**< low where the verdict is undetermined */
    bool limited;               /**< the answer counts against the stack's limit, and is ignored while that lasts */
    bool over_limit;            /**< ignored for no other reason */
    int32_t tsval_delta;        /**< TSval minus TS.Recent; valid when PAWS refuses it (RFC 7323, section 5) */
} tcpt_receiver_view;

/** A segment judged against its flow as it was before. Counts are those with the segment. */
typedef struct tcpt_observation {
    uint64_t traits;
    uint8_t from;     /**< index of the sender in tcpt_flow.ends */
    bool pure_ack;    /**< ACK without payload, SYN, FIN, RST */
    bool probe;       /**< keep-alive or window probe: one below what the receiver has acknowledged, at most one byte */
    bool new_payload; /**< has payload not seen before */
    bool old_numbers; /**< an ACK that speaks of the 4-tuple's previous life */
    bool really_bad;  /**< the checksum is really bad: hosts drop it, state stays as it is */
    bool sum_explained; /**< the checksum is wrong, and that says nothing: joined segments, or a sum that follows the
                              length alone */
    bool sums_unusable; /**< with it, it is certain that the checksums of its host say nothing: see host_good */
    bool odd_ack;       /**< acknowledges bytes that cannot have been sent, or long forgotten ones: changes no state */
    bool infers_fin;    /**< acknowledges one more than was seen: a FIN that the capture lacks, it seems */
    bool other_syn;     /**< SYN or SYN-ACK in a live flow that is not its own handshake's */
    bool stale;         /**< its numbers are the previous life's: changes no state */
    bool short_way; /**< what nearly every segment is: judged and taken in by the short way (core/flow/short_way.h) */
    bool short_repeat;      /**< by that of acknowledged data sent again, in the same place */
    bool opens;             /**< by that of the ACK that ends an ordinary handshake, in the same place */
    bool fin_again;         /**< its sender's FIN, sent again for want of an ACK */
    bool new_round;         /**< sent again, or a probe, and not so soon that it may rightly go unanswered */
    bool provokes;          /**< its receiver, of whatever stack, may answer it with a challenge ACK */
    bool final_ack_ignored; /**< a SYN-ACK that comes again although the client's final ACK and data had been sent */
    bool timestamps_wanted; /**< the same, where they lack the timestamps agreed on: it may insist on them */
    bool padding_tells;     /**< a padded frame that is told of: one per direction, a FIN in the place of another one */
    bool older_goes_on; /**< on a SYN's second retry and later ones: an older connection to the same port, whose server
                             has said or acknowledged something new since */
    bool syn_cookie;    /**< a SYN-ACK that lacks what its SYN offers and others of its port had; once per port */
    uint8_t moved_end;  /**< of `moved`, the end whose address or port is another now */
    tcpt_crowd crowd;   /**< on a client's SYN */
    tcpt_syn_delay syn_delay; /**< on the first SYN-ACK */
    tcpt_rst_view rst;
    tcpt_receiver_view receiver;
    tcpt_ct_view tracker; /**< what connection tracking makes of it */

    uint16_t mended;     /**< the sender's damages (tcpt_trouble.damages, by place) whose bytes it carries, sound */
    uint16_t refuted[2]; /**< by end: the damages that are none after all */

    /* Of its sender. */
    uint32_t payload_segments;
    uint32_t syn_count;          /**< on SYNs */
    uint32_t fin_repeats;        /**< on repeats of its FIN; see fin_again */
    uint32_t checksums_wrong;    /**< with TCPT_TRAIT_CHECKSUM */
    uint32_t unanswered_repeats; /**< of payload, since the other end was last heard, in rounds; so do the next two */
    uint32_t unanswered_fins;
    uint32_t unanswered_probes;

    /* Of its source address, with sums_unusable. */
    uint32_t host_good;
    uint32_t host_unverifiable;

    /* Of the run that it belongs to. */
    uint32_t rst_rounds;  /**< RSTs of one end and pure ACKs of the other in turn, the RSTs counted; 0 outside of such a
                             run */
    uint32_t war_acks;    /**< pure ACKs to and fro; 0 outside of such a run */
    uint32_t again_count; /**< with TCPT_TRAIT_ACKED_AGAIN */
    uint32_t again_bytes;

    uint32_t ports_in_use; /**< on a client's SYN: ports of the pair, this one's included; 0 while they are few */
    int64_t since_ns;      /**< since the flow's previous segment, 0 for the first */
    int64_t acked_ago_ns;
    tcpt_record *quoted;          /**< what that is, or NULL where it cannot be told which of several */
    const struct tcpt_icmp *icmp; /**< with TCPT_TRAIT_ICMP, the only one then: `from` has sent what it quotes */
    const tcpt_flow *moved;       /**< the connection whose numbers its own goes on with, with TCPT_TRAIT_MOVED */
    tcpt_record *ecn_refused;     /**< on the SYN-ACK of a SYN without ECN: one with it that got none */
    tcpt_record *refused_before;  /**< on the first SYN-ACK: the newest RST of that port, to another SYN; or NULL */
    tcpt_record *acked_in;        /**< the ACK that covered its payload, with TCPT_TRAIT_ACKED_AGAIN */
    tcpt_record *refused;         /**< what it answers, with TCPT_TRAIT_PAWS_ANSWER */
    tcpt_record *challenged;      /**< what it answers, with TCPT_TRAIT_CHALLENGE */
    tcpt_record *outlived;        /**< that RST, with TCPT_TRAIT_OUTLIVED */
    int64_t outlived_ns;          /**< how long before it that came */
    const struct tcpt_tally *crossing; /**< the crowd that is one with this SYN, and not told of (peers.h), or NULL */
    const struct tcpt_pair *pair;      /**< on SYNs: what is known of its source and target (peers.h), or NULL */
    const struct tcpt_listener *listener; /**< on SYNs, the first SYN-ACK, and a RST that answers a SYN: what is
                                               known of the server's port, or NULL */
} tcpt_observation;

/** Whether the receiver drops it for its timestamp, whatever it brings, by what it has itself echoed. */
static inline bool tcpt_surely_too_old(const tcpt_observation *seen)
{
    return seen->receiver.drop == TCPT_DROP_TCP_RFC7323_PAWS && seen->receiver.tsval_delta;
}

#endif
