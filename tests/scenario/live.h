/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The end of a capture judged while it goes on, as the GUI does, and all that was found in words to be compared.
 */
#ifndef TCPTRIAGE_TESTS_LIVE_H
#define TCPTRIAGE_TESTS_LIVE_H

#include "check.h"

/** Settle what there is after a frame: all flows, of many only the frame's own. */
void scn_settle_now(scn_run *test, unsigned index);

/** Findings and proofs of every frame, into test->described. */
void scn_describe(scn_run *test);

#endif
