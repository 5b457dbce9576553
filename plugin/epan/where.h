/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points of the packets that Wireshark dissects (capture/interfaces.h).
 */
#ifndef TCPTRIAGE_EPAN_WHERE_H
#define TCPTRIAGE_EPAN_WHERE_H

#include <stdint.h>

#include <epan/packet.h>

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/**
 * The capture point of a packet. The first call also tells the analysis how many there may be.
 *
 * @param name  borrowed by the analysis: it lives until tcpt_where_forget()
 */
uint32_t tcpt_where_captured(tcpt_analysis *analysis, const packet_info *pinfo, const char **name);

/** Number of a capture point's interface (frame.interface_id). */
uint32_t tcpt_where_interface(const tcpt_point *of);

/** Begin a file. */
void tcpt_where_forget(void);

#endif
