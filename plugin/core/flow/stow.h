/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows stowed away: what of one is not zero, until somebody asks for it. Of a connection of a few packets that is a
 * third. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STOW_H
#define TCPTRIAGE_CORE_FLOW_STOW_H

#include <glib.h>

#include "tcptriage/flow.h"

struct tcpt_flows;
struct tcpt_tracker;

enum {
    TCPT_STOW_MOST_BYTES = 1024, /**< what takes more is as well left where it is */
    TCPT_STOW_STEP_BYTES = 16,   /**< their sizes are multiples */
};

typedef struct tcpt_stowed tcpt_stowed;

/** Where they are kept. All zero to begin with. */
typedef struct tcpt_stow_room {
    GPtrArray *slabs; /**< NULL before the first */
    uint8_t *fresh;   /**< in the newest slab, never had by anybody */
    uint32_t fresh_bytes;
    tcpt_stowed *spare[TCPT_STOW_MOST_BYTES / TCPT_STOW_STEP_BYTES + 1]; /**< by their size */
} tcpt_stow_room;

/** @return what stands for a flow, with its tracker; NULL where that would not be small. Nothing changes of the flow.
 */
tcpt_stowed *tcpt_stow(tcpt_stow_room *room, tcpt_flow *flow, struct tcpt_flows *in);

/** Make it again. What comes behind it in the list of all flows is not told; of what few flows need NULL is what it has
 * not of its own. */
void tcpt_stow_read(const tcpt_stowed *stowed, tcpt_flow *flow, struct tcpt_tracker *tracker);

/** Free what it has elsewhere than in what goes with all flows at once. */
void tcpt_stow_clear(const tcpt_stowed *stowed);

/** All flows that it belongs to. */
struct tcpt_flows *tcpt_stowed_in(const tcpt_stowed *stowed);

/** What a flow's owner is while it is stowed, and back. */
static inline void *tcpt_stowed_owner(tcpt_stowed *stowed)
{
    return (char *)stowed + 3;
}

static inline tcpt_stowed *tcpt_stowed_of(void *owner)
{
    return (tcpt_stowed *)(void *)((char *)owner - 3);
}

void tcpt_stow_give_back(tcpt_stow_room *room, tcpt_stowed *stowed);
void tcpt_stow_room_clear(tcpt_stow_room *room);

#endif
