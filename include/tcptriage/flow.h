/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the capture has shown of one life of a 4-tuple at one capture point.
 */
#ifndef TCPTRIAGE_FLOW_H
#define TCPTRIAGE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/endpoint.h"
#include "tcptriage/finding.h"
#include "tcptriage/portable.h"
#include "tcptriage/record.h"
#include "tcptriage/segment.h"

struct tcpt_point;

/** What identifies a flow; the two ends are in a fixed order, not by role. */
typedef struct tcpt_flow_key {
    uint8_t address[2][16]; /**< zero-filled behind 4 bytes for IPv4 */
    uint16_t port[2];
    uint16_t point; /**< less than TCPT_POINTS_MOST, or that */
    uint8_t depth;
    uint8_t family; /* nothing lies between: the key is compared as bytes */
} tcpt_flow_key;

/** Packets remembered per flow to recognise second copies: a burst of one interrupt, which may be handed over before
 * its copies. */
#define TCPT_FINGERPRINTS 12

/** What tells a packet from another one. */
typedef struct tcpt_fingerprint {
    uint32_t hash;   /**< of end, SEQ, ACK, length and flags; 0 is an empty place */
    int32_t time_us; /**< capture time, less what seen_from stands for */
    uint32_t record; /**< number of its record */
    uint16_t ip_id;
    uint16_t sums; /**< checksum and window, mixed */
} tcpt_fingerprint;

/** Where the capture was taken, as far as the handshake tells. */
typedef enum TCPT_BYTE tcpt_side {
    TCPT_SIDE_UNKNOWN,
    TCPT_SIDE_CLIENT,
    TCPT_SIDE_SERVER,
    TCPT_SIDE_MIDDLE,
} tcpt_side;

/** Whether the client's port is taken by this flow. */
typedef enum TCPT_BYTE tcpt_port_use {
    TCPT_PORT_UNCOUNTED,
    TCPT_PORT_OPEN,
    TCPT_PORT_TIME_WAIT, /**< in the client's TIME-WAIT */
    TCPT_PORT_FREE,
} tcpt_port_use;

/** What a SYN belongs to, so many of its kind fail: told as one, not each. */
typedef enum TCPT_BYTE tcpt_crowd {
    TCPT_CROWD_NONE,
    TCPT_CROWD_FLOOD, /**< SYNs of many sources to one port */
    TCPT_CROWD_SWEEP, /**< one source asks many addresses for one port */
    TCPT_CROWD_PORTS, /**< one source asks one address for many ports */
} tcpt_crowd;

/** A run of acknowledged data sent again by one end. */
typedef struct tcpt_again {
    uint32_t count;
    uint32_t bytes;
    uint32_t seq; /**< of the newest */
    bool same;    /**< all of them begin there */
    uint8_t from;
    int64_t first_ns;
    int64_t last_ns;
    tcpt_record *first;
    tcpt_record *ignored_ack; /**< the ACK that covered the first of them */
} tcpt_again;

/** A SYN that does not belong to a flow's life: it begins the next one if it is answered. */
typedef struct tcpt_next_syn {
    int64_t time_ns;
    uint32_t seq;
    bool seen;
    uint8_t from;
    uint8_t options;
    uint8_t wscale;
    uint8_t fast_open_bytes;
} tcpt_next_syn;

/** A life's SYN was answered by an ACK of the life before, and what came of that. */
typedef struct tcpt_old_refusal {
    int64_t reset_ns; /**< time of the RST with the SEQ that this ACK asks for; valid with `reset` */
    uint32_t ack;     /**< of the newest one */
    bool seen;
    bool reset; /**< that RST was seen, and no SYN sent after it has been refused */
} tcpt_old_refusal;

/** A run of RSTs of one end and ACKs of the other that answer each other. */
typedef struct tcpt_rst_run {
    tcpt_record *first;    /**< RST */
    int64_t first_ns;      /**< its time */
    uint32_t seq;          /**< of the RSTs, but for the first; valid from the second round on */
    uint32_t ack;          /**< of the ACKs */
    uint32_t acked_before; /**< what their sender had acknowledged when the first RST came */
    uint32_t rounds;       /**< RSTs so far, 0 none: the rest means nothing then */
    uint8_t from;          /**< end that sends the RSTs */
    bool answered;         /**< the newest one was */
} tcpt_rst_run;

/** What was judged of a RST, while the next one may be judged alike: plugin/core/flow/rst_again.h. */
typedef struct tcpt_rst_again {
    tcpt_record *last; /**< the newest of them, and of the flow; NULL: nothing is kept */
    tcpt_range alike;  /**< where the next one may lie: both are of it */
    uint32_t ack;      /**< that they carry, as the next four */
    uint16_t window;
    uint8_t flags;
    uint8_t ttl;
    uint8_t checksum_is; /**< tcpt_checksum */
    uint8_t from;
    uint8_t detector; /**< whose run each of them joins, by number plus one; 0 none */
    uint8_t verdict;  /**< tcpt_verdict of the chosen stack */
    uint8_t drop;     /**< tcpt_drop */
    bool over_limit;  /**< the verdict holds as long as the stack's limit does */
    bool counts;      /**< against that limit; the verdict is that nobody knows */
    bool provokes;    /**< see tcpt_provocation */
    bool by_data_too;
    uint8_t remembered; /**< how many of the newest packets in tcpt_flow.seen were judged so */
    bool shares;        /**< the next is valid */
    uint32_t shared;    /**< number of the record that those before them share (tcpt_share_records()) */
    uint32_t held;      /**< tcpt_records.held when the first of `remembered` came */
} tcpt_rst_again;

/** ICMP errors that quote what an end has sent, and that were in flight then. */
typedef struct tcpt_icmp_told {
    tcpt_record *record; /**< of the newest; NULL for none */
    int64_t time_ns;
    uint8_t kind;     /**< tcpt_icmp_kind */
    uint8_t from[16]; /**< who sent it, of the flow's family */
    uint32_t mtu;     /**< smallest that one of them has told, 0 none */
    tcpt_record *mtu_record;
} tcpt_icmp_told;

/** What few flows ever need. */
typedef struct tcpt_rarities {
    tcpt_icmp_told told[2]; /**< by the end that sent what is quoted */
    tcpt_next_syn next_syn;
    tcpt_old_refusal refusal;
    tcpt_record *gone_to; /**< of the flow in which an end goes on under another address or port: that one's other end
                             is the same. NULL for none */
    tcpt_rst_run rst_run;
    tcpt_rst_again rst_again;
    tcpt_record *early_record; /**< the first of early_data */
    tcpt_record
        *divergent[2]; /**< first segment of each end since scale_reset that only such a tracker calls invalid */
} tcpt_rarities;

/** A flow: one life of a 4-tuple at one capture point. Lives as long as the analysis, but may be stowed away between
 * two segments: who refers to it beyond a segment keeps its `record`. It begins with a line of the processor's cache
 * (64 bytes); where thousands of flows take turns each line that a segment asks for has to come from memory. */
typedef struct tcpt_flow {
    /* What every segment of an open connection asks for: two lines. */
    tcpt_flow_key key;
    struct tcpt_point *at;      /**< capture point */
    struct tcpt_memory *memory; /**< what detectors note; those that have noted something */
    uint8_t client;             /**< index of the end that sent the SYN, or is taken for it */
    bool client_known;          /**< a SYN or SYN-ACK settled that */
    bool handshake_done;        /**< the client's first ACK of the SYN-ACK was seen */
    bool ending;                /**< a FIN was seen or acknowledged, or a RST was seen */
    bool padded;                /**< a padded frame was seen */
    bool damaged;               /**< an end has damages of which more may be heard */
    bool synchronised;          /**< segments other than the opening ones were exchanged */
    bool short_way;             /**< open, and nothing is going on: the next segment may take the short way */

    int64_t last_ns;
    tcpt_record *last_record;
    tcpt_ack_exchange acks;       /**< newest run of pure ACKs */
    tcpt_fingerprint seen_newest; /**< of the newest packet; while seen_next is odd not yet in `seen`: tcpt_seen_at() */
    uint8_t seen_tag[TCPT_FINGERPRINTS]; /**< of the hashes in `seen`: all that is looked at as a rule */
    int32_t seen_from;     /**< what times in `seen` are counted from, in steps of 2^23 us: any time fits */
    uint16_t piece;        /**< of the capture, that holds its newest segment: tcpt_now_ns() */
    uint8_t seen_next;     /**< place of the next one in `seen` */
    uint8_t padding_spent; /**< frames of it that the budget for unfinished handshakes has paid for */
    tcpt_side side;
    tcpt_port_use port_use;
    bool duplicates : 1;    /**< second copies were recognised */
    bool early_data : 1;    /**< the server sent payload before that (handshake_done) */
    bool reordered : 1;     /**< time or handshake ran backwards */
    bool both_ways : 1;     /**< both ends were seen */
    bool scale_reset : 1;   /**< a tracker before 5.18 has lost a window scale in this flow */
    uint8_t crowd : 2;      /**< tcpt_crowd, of its newest SYN that belongs to one */
    bool asks_ecn : 1;      /**< the client's newest SYN does (RFC 3168, section 6.1.1) */
    bool options_cut : 1;   /**< the capture has cut options of a SYN off: whether windows are scaled is unknown */
    bool tracker_lags : 1;  /**< `tracker` has not taken the newest segments: the ends tell what it would be by now */
    bool tracker_blank : 1; /**< nor the SYN, and the SYN-ACK if there is one: the ends tell what they were */
    bool later : 1;         /**< there is a life before this one: previous */
    bool seen_over : 1;     /**< more packets came than `seen` has places */

    /* What opening and closing ask for besides. */
    struct tcpt_tracker *tracker;  /**< NULL where it has gone on to the next life */
    const tcpt_rarities *rare;     /**< never NULL: all zero until it is needed. Owned */
    const tcpt_rst_toward *toward; /**< RSTs, by the end that they were sent to; NULL before the first. Owned */
    tcpt_record *record;           /**< of its first segment */
    uint32_t number;               /**< in the order of appearance, from 0 */
    uint32_t settled_at;           /**< analysis generation they were made for, but for its upper half; 0 never */
    int64_t first_ns;
    tcpt_record *first_ack_record; /**< that ended the handshake */
    int64_t first_ack_ns;

    tcpt_fingerprint seen[TCPT_FINGERPRINTS]; /**< the newest packets', one line for four: tcpt_seen_at() */
    tcpt_endpoint ends[2];                    /**< in the order of the key */

    int64_t acks_first_ns;   /**< of the first of `acks`; valid from the second on, as the next one is */
    tcpt_record *acks_first; /**< the first of them */
    tcpt_record *previous;   /**< of the 4-tuple's life before this one, or NULL: tcpt_life_before() */
    int64_t port_free_ns;    /**< when the port entered TIME-WAIT */
    tcpt_again *again;       /**< newest run of acknowledged data sent again, owned; NULL before the first */
    tcpt_found *found;       /**< what was found; NULL for nothing */
    struct tcpt_flow *next;  /**< list of all flows, in order of appearance: tcpt_first_flow() makes it */
    tcpt_record *twin;       /**< of the next in the ring of its twins: tcpt_next_twin(); NULL: there is none */
} tcpt_flow;

/** What is remembered in a place of `seen`. They are put there two at a time, as each packet would ask for that line.
 */
static inline const tcpt_fingerprint *tcpt_seen_at(const tcpt_flow *flow, unsigned at)
{
    return flow->seen_next % 2 && at + 1 == flow->seen_next ? &flow->seen_newest : &flow->seen[at];
}

/** The record of that number, in the capture that a flow belongs to. */
tcpt_record *tcpt_record_beside(const tcpt_flow *flow, uint32_t number);

/** The ACK of a step of either end. */
static inline tcpt_record *tcpt_step_record(const tcpt_flow *flow, const tcpt_ack_step *step)
{
    return tcpt_record_beside(flow, step->record);
}

/** The next one in a ring of this 4-tuple's flows at all capture points and in all lives: behind the last this one. */
static inline const tcpt_flow *tcpt_next_twin(const tcpt_flow *flow)
{
    return flow->twin ? tcpt_flow_of(flow->twin) : flow;
}

/** The 4-tuple's life before this one, or NULL. */
static inline tcpt_flow *tcpt_life_before(const tcpt_flow *flow)
{
    return flow->later ? tcpt_flow_of(flow->previous) : NULL;
}

/** "client" or "server". */
static inline const char *tcpt_role(const tcpt_flow *flow, unsigned end)
{
    return end == flow->client ? "client" : "server";
}

/** Smallest round trip over the whole path, nanoseconds; 0 when neither half is known. */
static inline int64_t tcpt_rtt_ns(const tcpt_flow *flow)
{
    return flow->ends[0].rtt_ns + flow->ends[1].rtt_ns;
}

#endif
