/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A RST that its receiver has to treat as the one before it: of a flood all but a few are such. What was judged of the
 * first is not judged again, but for the tracker's entries, which learn from each; most of them by a short way of their
 * own (tcpt_tracks_rst_again()). It leaves exactly what the long way would: tests/unit/short_way_test.c compares the
 * two.
 */
#ifndef TCPTRIAGE_CORE_FLOW_RST_AGAIN_H
#define TCPTRIAGE_CORE_FLOW_RST_AGAIN_H

#include "tcptriage/observation.h"

/** What a RST may change of its flow, beside times and counts: the second of two alike changes nothing of it. */
typedef struct tcpt_rst_marks {
    uint8_t state[2]; /**< tcpt_state, by end */
    uint8_t reset[2];
    uint8_t reset_peer[2];
    uint8_t port_use; /**< tcpt_port_use */
} tcpt_rst_marks;

tcpt_rst_marks tcpt_rst_marks_of(const tcpt_flow *flow);

/** Whether the next RST might be judged as this one, which was taken into its flow; `before` are the flow's marks from
 * before that. What was found is the caller's to ask. */
bool tcpt_rst_may_come_again(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                             const tcpt_rst_marks *before);

/**
 * Keep its judgement for the next one.
 *
 * @param detector  the detector, by number plus one, whose run each of them joins; 0 for none
 * @param any_seq   what is found is the same wherever in the window the next one lies
 */
void tcpt_rst_keep(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record,
                   unsigned detector, bool any_seq);

/** Whether a segment is to be judged as what was kept. Asked of RSTs only. */
bool tcpt_rst_comes_again(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** What is seen of it, its tracker's view excepted. */
void tcpt_rst_observe_again(tcpt_observation *seen, const tcpt_rst_again *again);

/** Take it in, its tracker's view excepted. */
void tcpt_flow_commit_rst_again(tcpt_flow *flow, const tcpt_segment *segment, tcpt_record *record);

/**
 * Asked before such a one is remembered: whether nothing refers any more to the record of the packet that is forgotten
 * for it. So it is where that one and all that are remembered were judged as the one before.
 *
 * @param held    changes when something may refer to records for another reason
 * @param number  set to that record's
 */
bool tcpt_rst_leaves(tcpt_flow *flow, uint32_t held, uint32_t *number);

/** Keep the number of the record that the next ones may share. */
void tcpt_rst_share(tcpt_flow *flow, uint32_t number);

/** Something has happened that none of the above asks for. */
void tcpt_rst_forget(tcpt_flow *flow);

#endif
