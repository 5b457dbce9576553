/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A flow as it is: what a segment is to it. Nothing here writes to one; commit.h does.
 */
#ifndef TCPTRIAGE_CORE_FLOW_FLOW_H
#define TCPTRIAGE_CORE_FLOW_FLOW_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"
#include "tcptriage/settings.h"

/** Fill a key from a segment. @return index of the end that sent it. */
unsigned tcpt_flow_key_of(tcpt_flow_key *key, const tcpt_segment *segment);

/** @return never 0 */
uint32_t tcpt_key_hash(const tcpt_flow_key *key);

/** Whether a segment opens the 4-tuple's next life. */
bool tcpt_begins_life(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** What tells packets of a flow apart. */
typedef struct tcpt_packet_id {
    uint32_t hash;
    uint32_t original; /**< of a copy: number of the original's record */
} tcpt_packet_id;

/** Whether the segment is the second copy of a packet captured before. `id` is filled in. */
bool tcpt_is_copy(tcpt_packet_id *id, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Judge a segment against its flow. What tracker and peers know of it is left out, but for `host`: what is known of
 * its source address, or NULL. */
void tcpt_observe(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                  const tcpt_host *host, const tcpt_settings *settings);

/** tcpt_observe() for an ordinary SYN, the first of a 4-tuple (tcpt_is_lone_syn()). */
void tcpt_observe_first_syn(tcpt_observation *seen, unsigned from);

/** Whether what an ICMP error quotes of an end is in flight: sent and not acknowledged. */
bool tcpt_in_flight(const tcpt_flow *flow, unsigned from, uint32_t seq);

/** An end's state, were there no RST. */
tcpt_state tcpt_state_but_for_rst(const tcpt_flow *flow, unsigned end);

/** What an end's state is without the other one's FIN. */
tcpt_state tcpt_state_without_their_fin(tcpt_state state);

#endif
