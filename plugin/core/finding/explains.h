/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which detectors explain which, from their rows. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_EXPLAINS_H
#define TCPTRIAGE_CORE_FINDING_EXPLAINS_H

#include <stdint.h>

/** Of the detectors in `present` (bits) the one at the root of what `detector` found: itself when none explains it. */
unsigned tcpt_root_of(unsigned detector, uint64_t present);

#endif
