/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the core finds in a scenario, as lines for update.py: values separated by tabs.
 *
 *   frame  FILE SCENARIO NUMBER LINE PART COPY LABEL                      where a frame number is written
 *   told   FILE SCENARIO LINE NTH ID OWN NAME HOLDS VALUE ...             what the expectation of a line met
 *
 * SCENARIO is the line that it begins on, NTH counts the expectations of a line from 0, OWN is 1 where the finding is
 * the script's own. NAMEs are those of said.h that the finding must say or the line says; HOLDS is 1 where that is
 * right.
 */
#ifndef TCPTRIAGE_TESTS_FACTS_H
#define TCPTRIAGE_TESTS_FACTS_H

#include "check.h"

/** After each frame: findings that will be taken back. */
void scn_tell_frame(scn_run *test, unsigned index);
/** When everything is settled: the others, and the frames. */
void scn_tell_end(scn_run *test);

#endif
