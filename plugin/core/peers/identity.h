/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the tables know an end, a server's port, or a pair by. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_IDENTITY_H
#define TCPTRIAGE_CORE_PEERS_IDENTITY_H

#include "tcptriage/flow.h"

/** Of one end at a capture point, never 0; port 0 stands for any. */
uint64_t tcpt_end_hash(const tcpt_flow *flow, unsigned end, uint16_t port);

/** Of a flow's client address, server address and server port, never 0. */
uint64_t tcpt_pair_hash(const tcpt_flow *flow);

/** Of its server's port. */
static inline uint64_t tcpt_server_hash(const tcpt_flow *flow)
{
    return tcpt_end_hash(flow, !flow->client, flow->key.port[!flow->client]);
}

#endif
