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

/** Give back, after a frame, the records that nobody refers to; and flows that are over, too. */
void scn_release_records(scn_run *test, unsigned index);
void scn_release_flows(scn_run *test, unsigned index);

/** Forget the newest packets, which copies are recognised by and which keep their records; and give records back, too.
 */
void scn_forget_newest(scn_run *test, unsigned index);
void scn_release_forgotten(scn_run *test, unsigned index);

/** Cases, and findings of the frames that have one, into test->described. */
void scn_describe_found_in(scn_run *test);

#endif
