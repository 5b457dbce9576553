/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Silences compared with timeouts people know.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_TIMEOUTS_H
#define TCPTRIAGE_DETECTORS_SHARED_TIMEOUTS_H

#include "tcptriage/flow.h"

/**
 * The well-known timeouts that a silence matches within 2 % or one second, whichever is more.
 *
 * @param end  that ended it: what only servers wait for explains no client
 * @return a text to g_free(), or NULL when none matches
 */
char *tcpt_timeout_hint(const tcpt_flow *flow, unsigned end, int64_t silence_ns);

/** Whether a silence is as long as one of them, to a tenth of a second: the clock has ended it, not a person. */
bool tcpt_is_timeout(const tcpt_flow *flow, unsigned end, int64_t silence_ns);

/**
 * The idle limits of devices that a gap has outlasted: the three nearest below it, without those that the connection
 * has outlived before.
 *
 * @param survived_ns  the longest gap that did no harm, 0 none
 * @return a text to g_free(), or NULL when the gap is shorter than all of them
 */
char *tcpt_idle_hint(int64_t gap_ns, int64_t survived_ns);

/** The nearest of them in a few words, to end a summary with; "" where the gap has outlasted it by half and more, or
 * another one before has done no harm.
 *  @return a text to g_free() */
char *tcpt_idle_limit_text(int64_t gap_ns, int64_t survived_ns);

#endif
