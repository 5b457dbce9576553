/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Giving back what nobody refers to any more: most records, and flows that are over and have no finding. For the
 * analysis only.
 *
 * Who refers to what is found by looking: each word in the rooms' blocks that may be a pointer to a record or a flow is
 * taken for one, as collectors of garbage for C do (H.-J. Boehm). So detectors may keep what they like in their
 * memories, and the worst that a number can do that looks like a pointer is to keep one record more.
 */
#ifndef TCPTRIAGE_CORE_RELEASE_H
#define TCPTRIAGE_CORE_RELEASE_H

#include "core/finding/store.h"
#include "core/flow/commit.h"
#include "core/peers/commit.h"
#include "core/points/commit.h"
#include "core/records.h"

/** What there is to look through, and who decides. */
typedef struct tcpt_release_from {
    tcpt_flows *flows;
    tcpt_records *records;
    const tcpt_peers *peers;
    const tcpt_points *points;
    const tcpt_findings *findings;
    bool (*may_go)(tcpt_flow *flow, void *data); /**< a flow, if nobody refers to it */
    void (*gone)(tcpt_flow *flow, void *data);   /**< before it is given back */
    void *data;
} tcpt_release_from;

/** Between two segments. */
void tcpt_release_unused(const tcpt_release_from *from);

#endif
