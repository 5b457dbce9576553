/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The analysis of the open capture file: begun and ended with it, and what it knows besides of its own.
 */
#ifndef TCPTRIAGE_EPAN_FEED_H
#define TCPTRIAGE_EPAN_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <epan/packet.h>

#include "tcptriage/analysis.h"

/**
 * Say what is asked when a capture file is opened.
 *
 * @param proto     our protocol: disabling it means that no segment is watched
 * @param settings  what an analysis begins with
 */
void tcpt_feed_register(int proto, tcpt_settings (*settings)(void));

/** Begin an analysis, none going on. */
void tcpt_feed_begin(void);

/** End it, if there is one. */
void tcpt_feed_end(void);

/** A time as the core has it. */
int64_t tcpt_feed_time_ns(const nstime_t *time);

/** Note the time that Wireshark counts from: the file's first frame's as a rule, which need not be TCP. */
void tcpt_feed_note_zero(const packet_info *pinfo);

/** Say that each finding will be told of this capture file, as far as it is still to be read, and of all to come; or
 * that pictures will be drawn, too. */
void tcpt_feed_expect_report(bool draws);

/** The analysis of the open capture file, or NULL. */
tcpt_analysis *tcpt_feed_analysis(void);

/** Whether it tells capture points apart. */
bool tcpt_feed_has_points(void);

/** Bring the cases up to date (tcpt_cases()), not too often. */
void tcpt_feed_make_cases(void);

/** How many of them are warnings: the first ones. */
unsigned tcpt_feed_problems(void);

/** Why no segment can be seen, as a sentence's rest; NULL where they are watched. */
const char *tcpt_feed_unwatched(void);

/** The time that Wireshark counts from: the first frame's. */
int64_t tcpt_feed_zero_ns(void);

#endif
