/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows stowed away with what hangs on them: what of one is not zero, and cannot be told from the rest or from another
 * flow of its shape, until somebody asks for it. Of a connection of a few packets that is a fifth. Inside the room
 * only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STOW_H
#define TCPTRIAGE_CORE_FLOW_STOW_H

#include <glib.h>

#include "core/flow/ack_steps.h"
#include "core/flow/stow_shapes.h"
#include "core/flow/trouble.h"

struct tcpt_flows;
struct tcpt_tracker;

enum {
    TCPT_STOW_MOST_BYTES = 1024, /**< what takes more is as well left where it is */
    TCPT_STOW_STEP_BYTES = 8,    /**< their sizes are multiples */
    TCPT_STOW_PARTS_MOST = 255,
};

typedef struct tcpt_stowed tcpt_stowed;

/** Where they are kept. */
typedef struct tcpt_stow_room {
    GPtrArray *slabs; /**< NULL before the first */
    uint8_t *fresh;   /**< in the newest slab, never had by anybody */
    uint32_t fresh_bytes;
    tcpt_stowed *spare[TCPT_STOW_MOST_BYTES / TCPT_STOW_STEP_BYTES + 1]; /**< by their size */
    uint8_t like[TCPT_STOW_PARTS_MOST];                                  /**< tcpt_stow_alike() */
    tcpt_stow_shapes shapes;
} tcpt_stow_room;

/** @param room  all zero */
void tcpt_stow_room_open(tcpt_stow_room *room);

/** @return what stands for a flow and what hangs on it; NULL where that would not be small. Nothing changes of them. */
tcpt_stowed *tcpt_stow(tcpt_stow_room *room, tcpt_flow *flow, struct tcpt_flows *in);

/** The flow goes: give back what hangs on it and was stowed with it. */
void tcpt_stow_give_back_hanging(tcpt_flow *flow, tcpt_ack_step_room *ack_steps);

/** Make it again, and what hung on it. What comes behind it in the list of all flows is not told. */
void tcpt_stow_read(const tcpt_stow_room *room, const tcpt_stowed *stowed, tcpt_flow *flow,
                    struct tcpt_tracker *tracker, tcpt_trouble_room *troubles, tcpt_ack_step_room *ack_steps);

/** Free what it has elsewhere than in what goes with all flows at once. */
void tcpt_stow_clear(const tcpt_stow_room *room, const tcpt_stowed *stowed);

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
