/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Ports in TIME-WAIT. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_TIME_WAIT_PORTS_H
#define TCPTRIAGE_CORE_PEERS_TIME_WAIT_PORTS_H

#include "tcptriage/peers.h"

/** A port enters TIME-WAIT. */
void tcpt_time_wait_ports_add(tcpt_time_wait_ports *ports, int64_t now_ns, uint32_t time_wait_seconds);

/** It leaves before its time: taken again, or reset. `since_ns` is when it entered. */
void tcpt_time_wait_ports_remove(tcpt_time_wait_ports *ports, int64_t since_ns, uint32_t time_wait_seconds);

#endif
