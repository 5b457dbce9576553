/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What detectors say that rest on something not having been seen, where the capture itself lacks packets.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_LACKING_H
#define TCPTRIAGE_DETECTORS_SHARED_LACKING_H

#include "tcptriage/flow.h"

/** "the end of the capture", or, where a hole of it has shown since, "the end of a capture that lacks 12 of 600
 *  segments": those that are known, at the least. To be freed. */
char *tcpt_end_of_capture(const tcpt_flow *flow, int64_t since_ns);

#endif
