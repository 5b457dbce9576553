/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Where a packet was captured: interfaces of the file, and those behind an "any" capture, as capture points.
 */
#ifndef TCPTRIAGE_EPAN_INTERFACES_H
#define TCPTRIAGE_EPAN_INTERFACES_H

#include <stdint.h>

#include <epan/packet.h>

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/**
 * The capture point of a packet. The first call also tells the analysis how many there may be.
 *
 * @param name  borrowed by the analysis: it lives until tcpt_interfaces_forget()
 */
uint32_t tcpt_interfaces_point(tcpt_analysis *analysis, const packet_info *pinfo, const char **name);

/** Number of a capture point's interface (frame.interface_id). */
uint32_t tcpt_interfaces_number(const tcpt_point *of);

/** Begin a file. */
void tcpt_interfaces_forget(void);

#endif
