/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How many of its ports a client has in use toward one server port. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_PRESSURE_H
#define TCPTRIAGE_CORE_PEERS_PRESSURE_H

#include "tcptriage/peers.h"
#include "tcptriage/scene.h"
#include "tcptriage/settings.h"

/** The highest pressures of all, highest first, each pair once. */
typedef struct tcpt_pressures {
    tcpt_pressure highest[TCPT_PRESSURES];
    unsigned count;
    tcpt_pressure_curve *curves; /**< TCPT_PRESSURES of them, owned; NULL where nobody asks for pictures */
} tcpt_pressures;

/** A pair has taken a port more, by the frame `at`: does it cross the line, and is it worth telling? */
void tcpt_pressures_note(tcpt_pressures *pressures, tcpt_pair *pair, const tcpt_settings *settings,
                         const struct tcpt_record *at, int64_t now_ns);

#endif
