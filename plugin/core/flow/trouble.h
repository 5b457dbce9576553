/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What few flows ever need, made when it is written to. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TROUBLE_H
#define TCPTRIAGE_CORE_FLOW_TROUBLE_H

#include "tcptriage/flow.h"
#include "tcptriage/pieces.h"

/** Where all flows of an analysis have it. All zero to begin with, but for none.in. */
typedef struct tcpt_trouble_room {
    tcpt_trouble none; /**< what stands for none */
    tcpt_rarities no_rarities;
    tcpt_pieces pieces;
} tcpt_trouble_room;

void tcpt_trouble_room_open(tcpt_trouble_room *room);

/** Give a flow what stands for none, where it has NULL. */
void tcpt_trouble_open(tcpt_trouble_room *room, tcpt_flow *flow);

/** Give back what a flow has of its own. */
void tcpt_trouble_clear(tcpt_flow *flow);

/** A flow is stowed away, and comes back: give back its ends' troubles and the RSTs toward them, but not what hangs on
 * those, and let an end have a trouble again. */
void tcpt_trouble_give_back(tcpt_flow *flow);
void tcpt_trouble_set(tcpt_endpoint *end, const tcpt_trouble *trouble);

/** What a flow has of its own, NULL for none. */
const tcpt_trouble *tcpt_own_trouble(const tcpt_endpoint *end);
const tcpt_rarities *tcpt_own_rarities(const tcpt_flow *flow);

/** An end's trouble, to be written to. */
tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end);

/** A flow's rarities, to be written to. */
tcpt_rarities *tcpt_rarities_of(tcpt_flow *flow);

/** What was sent to an end and may reset it, to be written to. */
tcpt_rst_toward *tcpt_toward_of(tcpt_flow *flow, unsigned end);

/** A flow's run of acknowledged data sent again, to be written to. */
tcpt_again *tcpt_again_of(tcpt_flow *flow);

/** The room for what belongs to an end. */
static inline tcpt_pieces *tcpt_pieces_of(const tcpt_endpoint *end)
{
    return &end->trouble->in->pieces;
}

/** So many bytes are damages with room for so many. */
static inline size_t tcpt_damages_bytes(unsigned room)
{
    return sizeof(tcpt_damages) + room * sizeof(tcpt_damage);
}

#endif
