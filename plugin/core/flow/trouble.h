/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What few flows ever need, made when it is written to. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TROUBLE_H
#define TCPTRIAGE_CORE_FLOW_TROUBLE_H

#include "tcptriage/flow.h"

/** Give a new flow what stands for none. */
void tcpt_trouble_open(tcpt_flow *flow);
void tcpt_trouble_clear(tcpt_flow *flow);

/** What a flow has of its own, NULL for none. */
const tcpt_trouble *tcpt_own_trouble(const tcpt_endpoint *end);
const tcpt_rarities *tcpt_own_rarities(const tcpt_flow *flow);

/** An end's trouble, to be written to. */
tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end);

/** A flow's rarities, to be written to. */
tcpt_rarities *tcpt_rarities_of(tcpt_flow *flow);

#endif
