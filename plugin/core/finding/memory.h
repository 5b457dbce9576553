/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What detectors note of a flow between its segments. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_MEMORY_H
#define TCPTRIAGE_CORE_FINDING_MEMORY_H

#include "tcptriage/blocks.h"
#include "tcptriage/detector.h"

/** One detector's memory of one flow; most flows have none, and those that have one rarely of more than two. */
typedef struct tcpt_memory {
    struct tcpt_memory *next;
    const tcpt_detector *detector;
    uint64_t number; /**< of it, in tcpt_detectors */
    uint64_t bytes[];
} tcpt_memory;

/** Keep what a detector, by its number in tcpt_detectors, has written for the first time. */
void tcpt_memory_keep(struct tcpt_findings *store, tcpt_flow *flow, unsigned number, const void *bytes);

/** Give back what detectors have noted of a flow that goes. */
void tcpt_memory_release(struct tcpt_findings *store, tcpt_flow *flow);

/** Call `visit` for what each detector has noted of a flow. */
void tcpt_memory_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data);

#endif
