/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * All that is kept across flows. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_STATE_H
#define TCPTRIAGE_CORE_PEERS_STATE_H

#include "core/peers/hosts.h"
#include "core/peers/listeners.h"
#include "core/peers/padding.h"
#include "core/peers/pair_table.h"
#include "core/peers/pressure.h"
#include "core/peers/refusals.h"
#include "core/peers/tallies.h"

/**
 * Facts across flows. Pairs lie in two tables, because a flood invents addresses: those that were only answered, and
 * those that spoke on, completed the handshake or reset it, and so are real. Each table has two generations,
 * open-addressed: when the young one is full, or old enough, it becomes the old one and the old one is dropped; an
 * entry found in the old one moves to the young one. So memory is bounded, and the cost of a look-up does not depend on
 * how many addresses there are.
 *
 * What is forgotten first: an address whose SYN was not answered has no entry at all. Then go those that were answered
 * and never spoke on, the longest untouched first. A flood has hardly any other, so it does not push out real ones.
 * Those go when 64 Ki others of their kind were touched since, or after five minutes without a connection opened or
 * closed and with none open.
 */
typedef struct tcpt_peers {
    tcpt_pair_table proven;
    tcpt_pair_table fleeting;
    tcpt_listeners listeners;
    tcpt_refusals refusals;
    tcpt_tallies tallies;
    tcpt_padding_budget padding;
    tcpt_pressures pressures;
    tcpt_hosts hosts;
} tcpt_peers;

#endif
