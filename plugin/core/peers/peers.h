/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The table of pairs. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_PEERS_H
#define TCPTRIAGE_CORE_PEERS_PEERS_H

#include <stddef.h>

#include "tcptriage/flow.h"
#include "tcptriage/observation.h"
#include "tcptriage/peers.h"
#include "tcptriage/settings.h"
#include "tcptriage/times.h"

/**
 * Pairs by (client address, server address, server port) at a capture point, listeners by server port. Bounded, and
 * hardened against floods: see peers.c for what is forgotten first.
 */
typedef struct tcpt_peers tcpt_peers;

tcpt_peers *tcpt_peers_new(void);
void tcpt_peers_free(tcpt_peers *peers);

/** The pair of a flow's client and server, or NULL. Valid until the next call that creates one. */
const tcpt_pair *tcpt_peers_find(const tcpt_peers *peers, const tcpt_flow *flow);

/** The server's port of a flow, or NULL. Valid until the next tcpt_peers_advance(). */
const tcpt_listener *tcpt_peers_listener(tcpt_peers *peers, const tcpt_flow *flow);

/** The highest port pressures, highest first; see tcpt_highest_pressures(). */
const tcpt_pressure *tcpt_peers_pressures(const tcpt_peers *peers, unsigned *count);

/** Bytes that the tables take. */
size_t tcpt_peers_bytes(const tcpt_peers *peers);

/** Note what a segment that was just taken into its flow changed: SYNs, their answers, closes. */
void tcpt_peers_advance(tcpt_peers *peers, tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                        const tcpt_settings *settings, tcpt_record *record);

#endif
