/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows of which only a SYN was seen are kept small: a flood has millions of them, and most are never heard of again.
 * Such a flow is made of what is kept, by the same functions, as soon as somebody asks for it: tcpt_wake(). For the
 * analysis only.
 */
#ifndef TCPTRIAGE_CORE_LONE_H
#define TCPTRIAGE_CORE_LONE_H

#include "core/flow/commit.h"
#include "tcptriage/detector.h"

/** Whether a segment is an ordinary SYN, the first of a 4-tuple: tcpt_observe_first_syn() judges such. */
bool tcpt_is_lone_syn(const tcpt_flow *flow, const tcpt_segment *segment);

/** Whether a judged segment may be kept instead of its flow: an ordinary SYN, the first of a 4-tuple, that nothing is
 * to be said of. */
bool tcpt_may_rest(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen);

/**
 * Keep it: nothing of it was taken into the flow yet, which is gone afterwards.
 *
 * @param hash    of the flow's key
 * @param host    what is kept of its source address, or NULL
 * @param number  of its record
 */
void tcpt_rest(tcpt_flows *flows, tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
               tcpt_host *host, tcpt_record *record, uint32_t number, bool tracked);

/** Make the flow that it stands for. */
tcpt_flow *tcpt_wake_lone(tcpt_lone *at);

/** What it is at the end of what was captured. */
tcpt_lone_syn tcpt_lone_at_end(const tcpt_lone *lone);

#endif
