/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Timestamp clocks of an address. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_CLOCKS_H
#define TCPTRIAGE_CORE_PEERS_CLOCKS_H

#include "tcptriage/peers.h"

/** Note the TSval of a SYN: a sample of the clock that it fits, or of a new one in the place of the one silent longest.
 */
void tcpt_clocks_note(tcpt_busy *busy, uint32_t tsval, int64_t time_ns);

#endif
