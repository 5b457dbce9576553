/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Packets in: a shim before the TCP dissector hands each segment to the core.
 */
#ifndef TCPTRIAGE_EPAN_FEED_H
#define TCPTRIAGE_EPAN_FEED_H

#include <stdint.h>

#include <epan/packet.h>

#include "tcptriage/analysis.h"

/**
 * Register the shim's protocol and the routines that begin and end an analysis with each capture file.
 *
 * @param proto     our protocol: disabling it switches the feed off
 * @param settings  asked for when an analysis begins
 */
void tcpt_feed_register(int proto, tcpt_settings (*settings)(void));

/**
 * A protocol that only names what a dissector handle belongs to: no layer of frame.protocols, which costs book-keeping
 * too, and no row of Enabled Protocols.
 */
int tcpt_register_in_name_only(const char *name, const char *short_name, const char *filter_name);

/** Put the shim before the TCP dissector. */
void tcpt_feed_handoff(void);

/**
 * Take over the records of the frame being dissected.
 *
 * @param records  one per TCP layer, outermost first; the caller's until the next frame's dissection
 * @return their number, 0 on frames without TCP
 */
unsigned tcpt_feed_take(const packet_info *pinfo, tcpt_record ***records);

/** Say that each finding will be told of this capture file, as far as it is still to be read, and of all to come; or
 * that pictures will be drawn, too. */
void tcpt_feed_expect_report(bool draws);

/** The analysis of the open capture file, or NULL. */
tcpt_analysis *tcpt_feed_analysis(void);

/** Bring the cases up to date (tcpt_cases()), not too often. */
void tcpt_feed_make_cases(void);

/** How many of them are warnings: the first ones. */
unsigned tcpt_feed_problems(void);

/** Why no segment can be seen, as a sentence's rest; NULL where they are watched. */
const char *tcpt_feed_unwatched(void);

/** The time that Wireshark counts from: the first frame's. */
int64_t tcpt_feed_zero_ns(void);

#endif
