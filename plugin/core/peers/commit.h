/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Facts across flows: the writers. For the analysis only, once the detectors have looked.
 */
#ifndef TCPTRIAGE_CORE_PEERS_COMMIT_H
#define TCPTRIAGE_CORE_PEERS_COMMIT_H

#include "tcptriage/blocks.h"
#include "core/peers/peers.h"

tcpt_peers *tcpt_peers_new(void);
void tcpt_peers_free(tcpt_peers *peers);

/** Call `visit` for each piece of memory that may refer to records or flows. */
void tcpt_peers_each_block(const tcpt_peers *peers, tcpt_block_visit visit, void *data);

/** A flow is given back: so is what is kept of its ends' addresses for it alone. */
void tcpt_peers_commit_gone(tcpt_peers *peers, const tcpt_flow *flow);

/** The same where only one host of it is known. */
void tcpt_peers_commit_host_gone(tcpt_peers *peers, tcpt_host *host);

/** Keep the ports in use over time, for pictures. */
void tcpt_peers_keep_curves(tcpt_peers *peers);

/**
 * What is kept of a source address, for the end of a flow that has nothing of it yet: what it has sent counts there.
 *
 * @param host  what is known of the address, or NULL: made where the end, or the one it answers, has spoken before. A
 *              source that sends one packet, without being asked, and never another gets none: a flood has millions.
 * @return the host, or NULL
 */
tcpt_host *tcpt_peers_commit_host(tcpt_peers *peers, tcpt_host *host, const tcpt_flow *flow, unsigned from);

/** Note at the host of an end a flow that may be the way back of another one of its connections. */
void tcpt_peers_commit_stray(tcpt_peers *peers, const tcpt_flow *flow, unsigned end);

/** What a flow was before a segment, as far as that counts across flows. */
typedef struct tcpt_flow_before {
    tcpt_port_use port_use;
    uint8_t padding_spent;
    bool asked_ecn; /**< the client's newest SYN did */
} tcpt_flow_before;

/** Note what a segment changed that was just taken into its flow: SYNs, their answers, closes.
 *  @param who  as tcpt_peers_observe() left it; `pair` 0 where it was not called */
void tcpt_peers_commit(tcpt_peers *peers, const tcpt_flow *flow, tcpt_identity *who, const tcpt_flow_before *before,
                       const tcpt_segment *segment, const tcpt_observation *seen, const tcpt_settings *settings,
                       tcpt_record *record);

#endif
