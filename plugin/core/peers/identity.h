/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the tables know an end, a server's port, or a pair by. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_IDENTITY_H
#define TCPTRIAGE_CORE_PEERS_IDENTITY_H

#include "tcptriage/flow.h"

/** Hashes of a flow's ends at its capture point, none 0: made once for all tables that a segment is looked up in. */
typedef struct tcpt_identity {
    uint64_t source; /**< the client's address */
    uint64_t target; /**< the server's address */
    uint64_t server; /**< the server's address and port */
    uint64_t sweep;  /**< the client's address and the server's port */
    uint64_t pair;   /**< the client's address, the server's address and port */
    uint16_t port;   /**< the server's; no hash */
    uint8_t client;  /**< end of the flow that was taken for it */
} tcpt_identity;

tcpt_identity tcpt_identity_of(const tcpt_flow *flow);

/** The same, made when it is first asked for; `who->pair` is 0 before. */
static inline const tcpt_identity *tcpt_identify(tcpt_identity *who, const tcpt_flow *flow)
{
    if (!who->pair || who->client != flow->client)
        *who = tcpt_identity_of(flow);
    return who;
}

#endif
