/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Asking the detectors. For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_DISPATCH_H
#define TCPTRIAGE_CORE_DISPATCH_H

#include "tcptriage/detector.h"

/** Who wants to be asked about what. */
typedef struct tcpt_dispatch {
    const tcpt_settings *settings;
    struct tcpt_findings *store;   /**< where what they raise is kept */
    unsigned count;                /**< of detectors */
    uint64_t wanting[TCPT_TRAITS]; /**< by trait: the detectors that want it, as bits */
    uint64_t wanted;               /**< traits that any detector wants */
    uint64_t followed;             /**< traits that any follows once it has noted something */
    uint64_t repeating;            /**< detectors that repeat themselves on RSTs alike */
    uint64_t settling;             /**< detectors that look at a flow's end */
    uint64_t settling_lone;        /**< those that look at the end of a flow that is a SYN alone, too */
    uint8_t *blank;                /**< memory for a detector that has none of the flow yet; zero between two calls */
    uint8_t *zeros;                /**< as many zeros */
} tcpt_dispatch;

/** Set it up; tcpt_dispatch_clear() it. */
void tcpt_dispatch_open(tcpt_dispatch *dispatch, const tcpt_settings *settings, struct tcpt_findings *store);
void tcpt_dispatch_clear(tcpt_dispatch *dispatch);

/** Whether any detector is to look at a segment of a flow. */
static inline bool tcpt_dispatch_asks(const tcpt_dispatch *dispatch, const tcpt_flow *flow, uint64_t traits)
{
    return (traits & dispatch->wanted) || ((traits & dispatch->followed) && flow->memory);
}

/** Let those detectors look at a segment that want one of its traits, or follow one. */
void tcpt_dispatch_judge(const tcpt_dispatch *dispatch, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_observation *seen, tcpt_record *record);

/** Whether all that look at such a RST do the same on the next one that is alike (tcpt_detector.repeats_itself). */
bool tcpt_dispatch_repeats(const tcpt_dispatch *dispatch, const tcpt_flow *flow, uint64_t traits);

/** Let all of them look at a flow as it is at the end of what was captured. */
void tcpt_dispatch_settle(const tcpt_dispatch *dispatch, tcpt_flow *flow);

/** Whether one of them may have something to say of a flow that is a SYN alone. */
bool tcpt_dispatch_settles(const tcpt_dispatch *dispatch, const tcpt_lone_syn *syn);

#endif
