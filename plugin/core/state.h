/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * All that an analysis has. For the files of plugin/core itself only.
 */
#ifndef TCPTRIAGE_CORE_STATE_H
#define TCPTRIAGE_CORE_STATE_H

#include "core/dispatch.h"
#include "core/finding/cases.h"
#include "core/finding/raising.h"
#include "core/finding/scenes.h"
#include "core/finding/store.h"
#include "core/flow/commit.h"
#include "core/peers/commit.h"
#include "core/points/commit.h"
#include "core/records.h"
#include "tcptriage/outcome.h"

struct tcpt_analysis {
    tcpt_settings settings;
    tcpt_flows *flows;
    tcpt_peers *peers;
    tcpt_points *points;
    tcpt_records records;
    tcpt_findings findings;
    tcpt_dispatch dispatch;
    tcpt_case_list cases;
    uint64_t generation;                /* segments and ICMP errors so far: what a settled flow is compared with */
    uint64_t icmp_errors;               /* of those */
    uint64_t flows_gone;                /* given back */
    uint64_t lones_gone[TCPT_OUTCOMES]; /* of those, lone SYNs: how they ended */
    uint32_t stowed_to;   /* number of the first flow that was not asked yet whether it may be stowed away */
    bool points_expected; /* several, for certain */
    bool watched;         /* by points or for pictures: more is to be noted than the flow itself */
    tcpt_scenes *scenes;  /* NULL where nobody asks for pictures */
};

/** A second capture point has shown, or is certain to: match what the points see. */
void tcpt_watch_points(tcpt_analysis *analysis);

#endif
