/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A crowd of attempts to connect that is told of while it goes on, and what it has come to at the end.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_CROWD_H
#define TCPTRIAGE_DETECTORS_SHARED_CROWD_H

#include "tcptriage/detector.h"
#include "tcptriage/peers.h"

/** What a detector remembers of it. */
typedef struct tcpt_told_crowd {
    tcpt_finding *finding;   /**< NULL: nothing is told of */
    const tcpt_tally *tally; /**< a place that another crowd may take */
    uint64_t hash;           /**< by which, with the time, it is known again */
    int64_t told_ns;
} tcpt_told_crowd;

/** What the crowd is so far that this SYN, included, has made one (tcpt_observation.crossing). */
tcpt_crowd_sum tcpt_crowd_so_far(const tcpt_context *context);

/** Raise the finding on this SYN, without words yet. */
void tcpt_crowd_tell(const tcpt_context *context, tcpt_told_crowd *told);

/** At the end: a finding in the place of that one, for the values of the whole; or none, as nearly all turned out well.
 *
 * @param whole  set to those values
 * @return NULL where that one stays as it is, or is taken back */
tcpt_finding *tcpt_crowd_settle(const tcpt_context *context, const tcpt_told_crowd *told, const tcpt_crowd_sum **whole);

#endif
