/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Scans and floods: attempts to connect, counted by what they have in common. Inside the room only.
 *
 * A flood invents addresses, so the table is bounded: what is new takes the place of the least of a few.
 */
#ifndef TCPTRIAGE_CORE_PEERS_TALLIES_H
#define TCPTRIAGE_CORE_PEERS_TALLIES_H

#include "core/peers/identity.h"
#include "tcptriage/observation.h"
#include "tcptriage/peers.h"

#ifndef TCPT_FEW_PEERS
enum {
    TCPT_TALLIES = 1 << 11,
    TCPT_SOURCES = 1 << 12,
};
#else
enum { TCPT_TALLIES = 32, TCPT_SOURCES = 64 }; /* for the fuzzer, which fills no larger tables */
#endif

typedef struct tcpt_tallies {
    tcpt_tally places[TCPT_TALLIES];
    uint32_t sources[TCPT_SOURCES]; /**< that have sent a SYN, by hash: only the second one is counted for a scan. Those
                                       that a flood invents never send another */
} tcpt_tallies;

/** Fill in `crowd` and `crossing` of a client's SYN. */
void tcpt_tallies_observe(const tcpt_tallies *tallies, tcpt_observation *seen, const tcpt_flow *flow,
                          const tcpt_identity *who, int64_t now_ns);

/** Count a client's SYN, which its flow has taken in. */
void tcpt_tallies_note_syn(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who,
                           const tcpt_observation *seen, int64_t now_ns);

/** The SYN was answered, or refused. */
void tcpt_tallies_note_answer(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who, bool refused);

/** The handshake is complete. */
void tcpt_tallies_note_complete(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who);

#endif
