/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Cases: one problem, one cause, one entry, over any number of flows.
 *
 * In a flow, and in the other lives and capture points of its 4-tuple, a finding that another one explains
 * (tcpt_detector.explains) is its consequence. Causes of one kind that blame one place are one case; so are
 * those that blame three ways and more of one host. A case of one listening port is part of another one of that port
 * that explains its cause.
 */
#ifndef TCPTRIAGE_CASES_H
#define TCPTRIAGE_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/detector.h"
#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

enum {
    /** Flows told of a case by name: a reader looks at a few. */
    TCPT_CASE_EXAMPLES = 5,
    /** Frames of causes that a case names. */
    TCPT_CASE_FRAMES = 16,
    /** Detectors that a set of them, as bits, has room for. */
    TCPT_DETECTORS_MOST = 64,
    /** Cases that are kept apart. What is beyond them is one case of its kind: a reader of so many asks how many more.
     */
    TCPT_CASES_MOST = 1 << 14,
};

/** A flow that a case has hit. */
typedef struct tcpt_case_example {
    const tcpt_flow *flow;
    const tcpt_diagnosis *cause;
    int64_t delay_ns; /**< what it cost this flow, 0 unknown */
} tcpt_case_example;

/** What the connections that a case has hit do not have in common, as bits. */
enum { TCPT_DIFFERENT_CLIENTS = 1, TCPT_DIFFERENT_SERVERS = 2, TCPT_DIFFERENT_PORTS = 4 };

/** One case. Lives until the cases are made anew. */
typedef struct tcpt_case {
    uint32_t number;               /**< from 1: the gravest */
    const tcpt_detector *detector; /**< of the cause */
    const tcpt_flow *flow;         /**< one that names the blamed place; NULL for what no flow has for itself */
    uint8_t blamed_end;            /**< where that is an end of it; TCPT_WAY_BLAMED for the way */
    struct tcpt_case *joined;      /**< the one that it is part of, while cases are made */
    uint8_t differs;               /**< TCPT_DIFFERENT_ bits */
    uint32_t ways_more;            /**< of the ways that it blames, behind the first */
    bool scattered;                /**< beyond TCPT_CASES_MOST: of several places */
    tcpt_severity severity;        /**< of the gravest finding in it */
    tcpt_confidence confidence;    /**< of the surest cause */
    uint32_t flow_count;           /**< connections, however many points have seen them */
    uint64_t cause_count;          /**< findings that are the cause */
    uint64_t finding_count;        /**< all of them, consequences included */
    int64_t delay_ns;              /**< what all of it cost, 0 unknown */
    int64_t first_ns;
    int64_t last_ns;
    uint32_t frame; /**< the first cause's */
    uint8_t example_count;
    uint8_t frame_count;
    tcpt_case_example examples[TCPT_CASE_EXAMPLES]; /**< the costliest first */
    const tcpt_record *frames[TCPT_CASE_FRAMES];    /**< that the first causes are on */
    int64_t frames_ns[TCPT_CASE_FRAMES];            /**< their times */
    uint64_t consequences[TCPT_DETECTORS_MOST];     /**< findings, by place in tcpt_detectors */
} tcpt_case;

struct tcpt_analysis;

/**
 * All cases, the gravest first: made anew when more was captured since. Everything is settled for that.
 *
 * @param count  set to how many there are
 * @return an array that is the analysis's own
 */
const tcpt_case *const *tcpt_cases(struct tcpt_analysis *analysis, unsigned *count);

/** The case that a finding is part of, NULL before tcpt_cases(). */
const tcpt_case *tcpt_case_of(const tcpt_diagnosis *diagnosis);

/** "cause" or "consequence". */
const char *tcpt_role_in_case(const tcpt_diagnosis *diagnosis);

/** The end of the flow that a finding blames; where it blames none, the one that sent its frame. */
unsigned tcpt_blamed_end(const tcpt_finding *finding);

/** Detectors that explain another one, as bits by place in tcpt_detectors. */
uint64_t tcpt_explained_by(unsigned detector);

/** @return a detector's place in tcpt_detectors; behind them for one that is not there */
unsigned tcpt_detector_number(const tcpt_detector *detector);

#endif
