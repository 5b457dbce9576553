/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows come, and advance by the segments that were judged. For the analysis only, once the detectors have looked.
 */
#ifndef TCPTRIAGE_CORE_FLOW_COMMIT_H
#define TCPTRIAGE_CORE_FLOW_COMMIT_H

#include "tcptriage/blocks.h"
#include "core/flow/flow.h"
#include "core/flow/rst_again.h"
#include "tcptriage/icmp.h"

struct tcpt_records;
struct tcpt_findings;

/** All flows. */
typedef struct tcpt_flows tcpt_flows;

/** @param records, findings  what tcpt_flows_records() and tcpt_flows_findings() are to tell: the analysis's, which
 * this room knows nothing of */
tcpt_flows *tcpt_flows_new(const struct tcpt_records *records, struct tcpt_findings *findings);
void tcpt_flows_free(tcpt_flows *flows);

/** A flow of which only one segment was seen, an ordinary SYN: what is needed to make the flow of it. Of a flood there
 * are millions, so there are no holes; and wherever it lies, it takes two lines. */
typedef struct tcpt_lone {
    tcpt_flow_key key; /**< first, as a flow's */
    struct tcpt_point *at;
    tcpt_host *host;
    int64_t time_ns;
    uint32_t number; /**< the flow's */
    uint32_t record_number;
    uint32_t seq;
    uint32_t tsval;
    uint16_t piece;
    uint16_t window;
    uint16_t mss;
    uint16_t ip_id;
    uint16_t checksum;
    uint8_t flags;
    uint8_t ttl;
    uint8_t options;
    uint8_t fast_open_bytes;
    uint8_t wscale : 4;
    uint8_t header_words : 4;
    uint8_t from : 1;
    uint8_t crowd : 2;
    bool has_ip_id : 1;
    bool checksum_good : 1; /**< else nothing is known of it */
    bool tracked : 1;       /**< by the tracker's models */
} tcpt_lone;

/** What stands for a flow, as tcpt_record.owner has it, and back: NULL of a flow or of nothing. */
static inline void *tcpt_lone_owner(tcpt_lone *lone)
{
    return (char *)lone + 1;
}

static inline tcpt_lone *tcpt_lone_of(void *owner)
{
    return tcpt_is_lone(owner) ? (tcpt_lone *)((char *)owner - 1) : NULL;
}

/** The newest life of a 4-tuple or what stands for it, or NULL. `hash` is tcpt_key_hash() of the key. */
void *tcpt_flows_find(const tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash);

/** Begin the life of a 4-tuple that comes after `previous`, NULL if it is the first. */
tcpt_flow *tcpt_flows_open(tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash, const tcpt_segment *segment,
                           unsigned from, tcpt_flow *previous, struct tcpt_point *at);

/** The record of its first segment: before anything else is done with a flow that was opened. */
void tcpt_flows_record(tcpt_flows *flows, tcpt_flow *flow, tcpt_record *record);

/** Keep the newest flow, of which nothing was written yet, as a lone SYN: as yet key, number and point are filled in.
 */
tcpt_lone *tcpt_flows_rest(tcpt_flows *flows, tcpt_flow *flow);

/** Begin the life that a lone SYN stands for, and free that. */
tcpt_flow *tcpt_flows_wake(tcpt_lone *lone, const tcpt_segment *segment);

/**
 * Stow a flow away until somebody asks for it: tcpt_wake(). Nobody has its address but the list and the table of flows.
 *
 * @return what stands for it, for its records; NULL if it stays as it is
 */
void *tcpt_flows_stow(tcpt_flows *flows, tcpt_flow *flow);

/** The flow that was stowed away, with what has stood for it. */
tcpt_flow *tcpt_flows_unstow(void *owner);

/** Whether flows may be stowed away. */
bool tcpt_flows_may_stow(const tcpt_flows *flows);

/** Stow none away from now on: somebody knows them by address, or is going to look into each. */
void tcpt_flows_stow_none(tcpt_flows *flows);

/** The flows that something which stands for one, of either kind, belongs to. */
tcpt_flows *tcpt_flows_of(void *owner);

/** What tcpt_flows_new() was given. */
const struct tcpt_records *tcpt_flows_records(const tcpt_flows *flows);
struct tcpt_findings *tcpt_flows_findings(const tcpt_flows *flows);

/** There are several capture points: from now on flows of the same 4-tuple know each other (tcpt_flow.twin). */
void tcpt_flows_link_twins(tcpt_flows *flows);

/** There is one capture point after all: flows that come do not look for others until tcpt_flows_link_twins(). */
void tcpt_flows_forget_twins(tcpt_flows *flows);

/** The first of all flows, or NULL. Nothing is a lone SYN afterwards, and all flows are linked by `next`. */
tcpt_flow *tcpt_flows_first(tcpt_flows *flows);

/** The first of those that no lone SYN stands for, or NULL; they alone are linked by `next` afterwards, and by another
 * call of either when one of the others woke. From the first call of either on none is stowed away any more. */
tcpt_flow *tcpt_flows_first_awake(tcpt_flows *flows);

/** Call `visit` for each piece of memory that a flow owns, itself included, but for what detectors noted and found, and
 * who its next twin is. */
void tcpt_flow_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data);

/** Give back the flows that leave, and what stands for such: nobody refers to them. The others are numbered anew, in
 * the same order. Only while none is stowed away. */
void tcpt_flows_release(tcpt_flows *flows, bool (*leaves)(void *owner, void *data), void *data);

/** Whether flows that come look for their twins. */
bool tcpt_flows_know_twins(const tcpt_flows *flows);

/** What has a number, or what stands for it: see tcpt_record.owner. */
void *tcpt_flows_at(const tcpt_flows *flows, uint32_t number);
uint32_t tcpt_flows_count(const tcpt_flows *flows);

/** How many flows would take as much memory. */
uint32_t tcpt_flows_weight(const tcpt_flows *flows);

/** Key of the first of them; there is one. */
const tcpt_flow_key *tcpt_flows_first_key(const tcpt_flows *flows);

/** How many of them were looked through so far: tcpt_flows_moved_to(). */
uint64_t *tcpt_flows_looked(tcpt_flows *flows);

/**
 * The live connection that goes on under the addresses and ports of one that began without a SYN, or NULL.
 *
 * @param began     the end that sent its first segment
 * @param reset     whether the other end answers with a RST
 * @param segments  of the capture so far: what bounds the search
 * @param end       set to the end of the live one whose address or port is another now
 */
const tcpt_flow *tcpt_flows_moved_to(tcpt_flows *flows, const tcpt_flow *stray, unsigned began, bool reset,
                                     uint64_t segments, unsigned *end);

/** A flow goes on the numbers of another one, as was seen (TCPT_TRAIT_MOVED): that one is told. */
void tcpt_flow_commit_moved(const tcpt_flow *flow, const tcpt_observation *seen);

/** Take a second copy of a packet: it changes nothing else. */
void tcpt_flow_commit_copy(tcpt_flow *flow, unsigned from);

/** Remember a packet, so that its copies are recognised. `number` is its record's. */
void tcpt_flow_remember(tcpt_flow *flow, const tcpt_segment *segment, unsigned from, const tcpt_packet_id *id,
                        uint32_t number);

/** Note what an ICMP error says of what end `from` has sent: evidence, no state. */
void tcpt_flow_commit_icmp(tcpt_flow *flow, unsigned from, const tcpt_icmp *icmp, int64_t time_ns, tcpt_record *record);

/** Where the histories of acknowledgments are kept. */
struct tcpt_ack_step_room *tcpt_flows_ack_steps(tcpt_flows *flows);

/** Take a judged segment into its flow. `host` is what is kept of its source address, or NULL; `room` is
 * tcpt_flows_ack_steps(). */
void tcpt_flow_commit(struct tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                      const tcpt_observation *seen, tcpt_host *host, tcpt_record *record);

/** The same for an ordinary SYN that a flow begins with, and no host: what of all that comes into question then. */
void tcpt_flow_commit_lone_syn(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                               tcpt_record *record);

/** The same for one that goes the short way. */
void tcpt_flow_commit_short_way(struct tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                                const tcpt_observation *seen, tcpt_host *host, tcpt_record *record);

/** The same for the ACK that ends an ordinary handshake. */
void tcpt_flow_commit_opening(struct tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                              const tcpt_observation *seen, tcpt_host *host, tcpt_record *record);

#endif
