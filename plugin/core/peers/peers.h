/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Facts across flows. Nothing here writes to them; commit.h does.
 */
#ifndef TCPTRIAGE_CORE_PEERS_PEERS_H
#define TCPTRIAGE_CORE_PEERS_PEERS_H

#include <stddef.h>

#include "core/peers/identity.h"
#include "tcptriage/observation.h"
#include "tcptriage/peers.h"
#include "tcptriage/scene.h"
#include "tcptriage/settings.h"

typedef struct tcpt_peers tcpt_peers;

/** What is known of the source address of a flow's end, or NULL. */
tcpt_host *tcpt_peers_host(const tcpt_peers *peers, const tcpt_flow_key *key, unsigned end);

/**
 * When a host was heard last in connections that were given back.
 *
 * @return INT64_MIN never; INT64_MAX where that is not known, as there are more hosts than are told apart
 */
int64_t tcpt_peers_heard_ns(const tcpt_peers *peers, const tcpt_flow_key *key, unsigned end);

/** Fill in what other connections tell about a SYN or a padded frame: `pair`, `listener`, `ports_in_use`,
 * `padding_tells`. The pair is valid until the next commit.
 * @param who  for tcpt_peers_commit() */
void tcpt_peers_observe(const tcpt_peers *peers, tcpt_observation *seen, tcpt_identity *who, const tcpt_flow *flow,
                        const tcpt_segment *segment, const tcpt_settings *settings);

/** Whether a padded frame of this end may still be told of: otherwise nobody need ask. */
static inline bool tcpt_padding_may_tell(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return sender->padding_told == TCPT_PADDING_UNTOLD ||
           (sender->padding_told == TCPT_PADDING_FIRST && (segment->flags & TCPT_FIN));
}

/** The highest port pressures, highest first; see tcpt_highest_pressures(). */
const tcpt_pressure *tcpt_peers_pressures(const tcpt_peers *peers, unsigned *count);

/** See tcpt_pressure_curve_of(). */
const tcpt_pressure_curve *tcpt_peers_curve(const tcpt_peers *peers, const tcpt_flow *flow);

/** Bytes that the tables take. */
size_t tcpt_peers_bytes(const tcpt_peers *peers);

#endif
