/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Acknowledged data sent again: what the detectors of single ones and of storms share.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_STORM_H
#define TCPTRIAGE_DETECTORS_SHARED_STORM_H

#include "tcptriage/detector.h"

/** What the sentence of a storm says besides the finding's values. */
typedef struct tcpt_storm_words {
    const char *role; /**< who sends; static */
    const char *note; /**< static; NULL with `divergent` */
    tcpt_record
        *divergent; /**< the first ACK that trackers before Linux 5.18 refuse, where it tells why; NULL for none */
} tcpt_storm_words;

/** Memory of a storm detector. */
typedef struct tcpt_storm {
    tcpt_finding *finding; /**< of the newest run, completed as the run goes on */
    tcpt_storm_words said;
} tcpt_storm;

/** Whether a storm on this flow may be the old tracker's: its SYN carried the Fast Open option, or the models saw a
 * tracker before 5.18 lose a window scale. */
bool tcpt_storm_of_tracker(const tcpt_flow *flow);

/** How sure it is that the sender's TCP, not the path behind the capture point, lost the ACK. */
tcpt_confidence tcpt_again_confidence(const tcpt_flow *flow, unsigned from);

/** Raise the calling detector's finding at the storm_count-th segment of a run, and complete it at later ones. */
void tcpt_judge_storm(const tcpt_context *context, tcpt_storm *memory);

#endif
