/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * SYNs that were refused lately, by the server's port. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_REFUSALS_H
#define TCPTRIAGE_CORE_PEERS_REFUSALS_H

#include <stdint.h>

#include "tcptriage/flow.h"

/** Ports that are remembered: one takes the place of another. */
enum { TCPT_REFUSALS = 256 };

/** The newest of a port. */
typedef struct tcpt_refused_syn {
    uint64_t server; /**< as tcpt_identity has it; 0: no entry */
    tcpt_record *record;
    int64_t time_ns;
} tcpt_refused_syn;

typedef struct tcpt_refusals {
    tcpt_refused_syn of[TCPT_REFUSALS];
    uint32_t count; /**< taken */
} tcpt_refusals;

/** The frame of the newest one within TCPT_SIBLING_SECONDS before, that the port has not answered a SYN since; or NULL.
 */
tcpt_record *tcpt_refusals_find(const tcpt_refusals *refusals, uint64_t server, int64_t now_ns);

void tcpt_refusals_note(tcpt_refusals *refusals, uint64_t server, tcpt_record *record, int64_t now_ns);

/** The port has answered a SYN. */
void tcpt_refusals_forget(tcpt_refusals *refusals, uint64_t server);

#endif
