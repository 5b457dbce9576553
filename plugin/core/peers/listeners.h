/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Servers' ports, and how their handshakes lately ended. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_LISTENERS_H
#define TCPTRIAGE_CORE_PEERS_LISTENERS_H

#include "tcptriage/peers.h"

/** How many are remembered, each in one of few places: when all are taken it takes the oldest one's. */
#ifndef TCPT_FEW_PEERS
enum { TCPT_LISTENERS = 1 << 10 };
#else
enum { TCPT_LISTENERS = 16 }; /* for the fuzzer, which fills no larger tables */
#endif

typedef struct tcpt_listeners {
    tcpt_listener places[TCPT_LISTENERS];
} tcpt_listeners;

/** The listener, or NULL. Valid until the next tcpt_listeners_touch(). */
const tcpt_listener *tcpt_listeners_find(const tcpt_listeners *listeners, uint64_t hash);

/** The listener, made when it is new; its counts are those of the last minute at the most. */
tcpt_listener *tcpt_listeners_touch(tcpt_listeners *listeners, uint64_t hash, int64_t now_ns);

#endif
