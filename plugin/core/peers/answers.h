/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a SYN-ACK tells beside others of its port: ECN, SYN cookies. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_ANSWERS_H
#define TCPTRIAGE_CORE_PEERS_ANSWERS_H

#include "tcptriage/observation.h"
#include "tcptriage/peers.h"

/** Fill in `ecn_refused` and `syn_cookie` of the first SYN-ACK. */
void tcpt_observe_answer(tcpt_observation *seen, const tcpt_listener *listener, const tcpt_flow *flow,
                         const tcpt_segment *segment);

/** Note the first SYN-ACK. */
void tcpt_listener_note_answer(tcpt_listener *listener, const tcpt_flow *flow, const tcpt_segment *segment,
                               const tcpt_observation *seen, tcpt_record *record);

/** Note a SYN that asks for ECN. */
void tcpt_listener_note_ecn(tcpt_listener *listener, const tcpt_segment *segment, tcpt_record *record);

#endif
