/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments whose timestamp a device between two capture points has changed, other than it does as a rule. Inside the
 * room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_RETIMED_H
#define TCPTRIAGE_CORE_POINTS_RETIMED_H

#include "core/points/sighting.h"

/** One segment, at two points. */
typedef struct tcpt_retimed_pair {
    tcpt_record *earlier; /**< as it was captured first */
    tcpt_record *later;
} tcpt_retimed_pair;

/** The newest of a connection, in turns: who refuses one does so at once. */
typedef struct tcpt_retimed {
    uint32_t count; /**< of all so far */
    tcpt_retimed_pair at[8];
} tcpt_retimed;

/** `now` is the same segment as `known`, at another point. Before the two are learned from. */
void tcpt_retimed_note(const tcpt_sighting *known, const tcpt_sighting *now);

#endif
