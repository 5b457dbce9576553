/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Packets in: a shim before the TCP dissector hands each segment to the core, and has shown what was found behind it.
 */
#ifndef TCPTRIAGE_EPAN_SHIM_H
#define TCPTRIAGE_EPAN_SHIM_H

/** Register the shim's protocol, and the routines that begin and end an analysis with each capture file. */
void tcpt_shim_register(void);

/** Put the shim before the TCP dissector. */
void tcpt_shim_handoff(void);

#endif
