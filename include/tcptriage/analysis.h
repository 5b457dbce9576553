/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The one entry to the core: segments in, findings out.
 *
 * Not thread-safe; one analysis per capture file.
 */
#ifndef TCPTRIAGE_ANALYSIS_H
#define TCPTRIAGE_ANALYSIS_H

#include <stddef.h>
#include <stdint.h>

#include "tcptriage/detector.h"
#include "tcptriage/finding.h"
#include "tcptriage/flow.h"
#include "tcptriage/icmp.h"
#include "tcptriage/outcome.h"
#include "tcptriage/peers.h"
#include "tcptriage/segment.h"
#include "tcptriage/settings.h"

typedef struct tcpt_analysis tcpt_analysis;

/** @return an empty analysis; tcpt_analysis_free() it. */
tcpt_analysis *tcpt_analysis_new(const tcpt_settings *settings);

/** Free the analysis with all its flows, records and findings. NULL is fine. */
void tcpt_analysis_free(tcpt_analysis *analysis);

/** Say that the capture will have several capture points: segments are followed from one to the other from now on.
 *  Without it that begins when the second point shows. */
void tcpt_expect_points(tcpt_analysis *analysis);

/** Say that there may be several, which the capture does not tell: as tcpt_expect_points(), but until a second one
 * shows there is one (tcpt_has_points()). */
void tcpt_suspect_points(tcpt_analysis *analysis);

/** Say that pictures will be drawn (scene.h): what they need is kept from the next segment on. */
void tcpt_expect_pictures(tcpt_analysis *analysis);

/**
 * Judge a segment and advance its flow. Call it once per segment, in the order of the capture.
 *
 * @return the segment's record, never NULL
 */
tcpt_record *tcpt_analyse(tcpt_analysis *analysis, const tcpt_segment *segment);

/**
 * Look at an ICMP error. It changes no state: it is evidence, for its own finding and for others of the flow.
 *
 * @return a record of its frame (tcpt_record.icmp); NULL where what it quotes is not in flight on a flow that is known
 * (RFC 5927, section 4.1)
 */
tcpt_record *tcpt_analyse_icmp(tcpt_analysis *analysis, const tcpt_icmp *icmp);

/**
 * Say that nothing more was captured so far, so that a flow's end can be judged: raises its end findings.
 * Cheap when nothing came since the last call. More segments may follow.
 */
void tcpt_settle(tcpt_analysis *analysis, tcpt_flow *flow);

/** tcpt_settle() for the flow of a record. One of which only an ordinary SYN was seen and that has nothing to tell is
 * not made for that, here and below. */
void tcpt_settle_record(tcpt_analysis *analysis, const tcpt_record *record);

/** tcpt_settle() for every flow. */
void tcpt_settle_all(tcpt_analysis *analysis);

/**
 * Give back what nobody needs any more, for captures that memory could not hold: all records that nothing was found on
 * and that nothing known refers to, and the flows that are over and have no finding. Between two segments; no
 * tcpt_record, tcpt_flow or tcpt_case of before may be used any more, but for those that findings lead to. What is
 * found is the same, as long as a connection shows nothing more `quiet_ns` after its end.
 *
 * Where segments are followed from capture point to capture point a connection goes from all of them at once; where
 * pictures are drawn nothing goes.
 *
 * @param quiet_ns  how long a flow that is over has shown nothing
 * @param gone      called for each flow before it is given back, settled, but for those of which only a SYN was seen:
 *                  tcpt_count_lone_outcomes() tells of these. NULL for nobody
 */
void tcpt_release(tcpt_analysis *analysis, int64_t quiet_ns, void (*gone)(const tcpt_flow *flow, void *data),
                  void *data);

/** Say before the first segment that tcpt_release() will be called: as it looks into every flow, none is stowed away
 * until then. */
void tcpt_expect_release(tcpt_analysis *analysis);

/** How many records there are: what to decide by when to call tcpt_release(). */
uint32_t tcpt_record_count(const tcpt_analysis *analysis);
/** And flows; those of which only a SYN was seen count as the few that would take as much memory. */
uint32_t tcpt_flow_weight(const tcpt_analysis *analysis);

/** First of all flows, linked by `next`, or NULL. */
tcpt_flow *tcpt_first_flow(const tcpt_analysis *analysis);

/** First of those of which more was seen than an ordinary SYN, or that were asked for: others have no findings. They
 * alone are linked by `next` until tcpt_first_flow() is called. */
tcpt_flow *tcpt_first_awake_flow(const tcpt_analysis *analysis);

/** Add up how all others ended, those that were given back included. */
void tcpt_count_lone_outcomes(const tcpt_analysis *analysis, uint64_t counts[TCPT_OUTCOMES]);

/** The number of the record that was made last: of what tcpt_analyse() or tcpt_analyse_icmp() has just returned. */
uint32_t tcpt_newest_record(const tcpt_analysis *analysis);

/** The record of such a number. */
tcpt_record *tcpt_record_numbered(const tcpt_analysis *analysis, uint32_t number);

/** A frame's record is another one from now on. */
typedef void tcpt_record_moved(uint32_t frame, uint32_t from, uint32_t to);

/**
 * Let the frames of a flood of RSTs share a record, all but the newest of a flow: it says of each of them what its own
 * one would, but for tcpt_record.frame and the time of its finding. Records are kept by number then, and `moved` tells
 * of those that change. Not where tcpt_each_found() is going to be called: it finds what they share once.
 */
void tcpt_share_records(tcpt_analysis *analysis, tcpt_record_moved *moved);

/** Call `visit` for each finding of a frame, gravest first, end findings included. Settle the flow first for those. */
void tcpt_each_finding(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data);

/** Call `visit` for each finding that names this frame as proof, TCPT_PROOFS_MOST of them at most. */
void tcpt_each_proven(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data);

/** Call `visit` for each finding of each frame, in the order of the frames, those of one gravest first. Settle
 * everything first. */
void tcpt_each_found(const tcpt_analysis *analysis, void (*visit)(const tcpt_finding *, void *), void *data);

/**
 * The highest port pressures of all clients, highest first: at most TCPT_PRESSURES of them, and none that has stayed
 * below both a tenth of the range and the share that port_exhaustion warns of.
 */
const tcpt_pressure *tcpt_highest_pressures(const tcpt_analysis *analysis, unsigned *count);

/** Bytes that the tables across flows take, at the most; flows and records not counted. */
size_t tcpt_bytes_across_flows(const tcpt_analysis *analysis);

/** What was found in a flow, oldest first, linked by `next`; of one sender TCPT_ALIKE_MOST of a kind and a run of all
 * others. Some may be told of no frame (tcpt_alike()). */
const tcpt_diagnosis *tcpt_first_diagnosis(const tcpt_flow *flow);

/** The same for end findings, since the flow was settled. */
const tcpt_diagnosis *tcpt_first_end_diagnosis(const tcpt_flow *flow);

/** Runs over all flows, one of a detector at most, linked by `next`. */
const tcpt_diagnosis *tcpt_first_wide_diagnosis(const tcpt_analysis *analysis);

/** Totals for reports. */
typedef struct tcpt_totals {
    uint64_t segments;
    uint64_t flows;
    int64_t first_ns; /**< capture time of the earliest and newest segment; 0 without any */
    int64_t newest_ns;
    uint64_t bare; /**< segments without payload */
    tcpt_folding folding;
    uint32_t kept;      /**< segments that may still show at another capture point: never more than 65,536 */
    bool points_joined; /**< there are more than TCPT_POINTS_MOST: those behind are one */
} tcpt_totals;

tcpt_totals tcpt_analysis_totals(const tcpt_analysis *analysis);

#endif
