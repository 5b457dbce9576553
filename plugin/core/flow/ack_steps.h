/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The history of an end's acknowledgments, and where it is kept. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_ACK_STEPS_H
#define TCPTRIAGE_CORE_FLOW_ACK_STEPS_H

#include <glib.h>

#include "tcptriage/flow.h"

/** Steps kept per end: a power of two. Beyond it every second of the older half goes: what remains still proves that
 * the bytes were acknowledged, only by a later frame. */
#define TCPT_ACK_STEPS_MOST 256

/** Kept per end where those of all flows take much room already (TCPT_ACK_STEP_SLABS_MANY): what is longer by then
 * stays as long as it is. A history keeps its records, too, so that a million of them would take ten gigabytes. */
#define TCPT_ACK_STEPS_CROWDED 8

#define TCPT_ACK_STEPS_SLAB 1024 /**< that they are taken of, 16 KiB */

/** So many slabs are much room: 256 MiB. */
#define TCPT_ACK_STEP_SLABS_MANY (256 * 1024 / 16)

/** Room is made for as many at first: nearly all ends have them, of their SYN and of what they ask for. */
#define TCPT_ACK_STEPS_FIRST 2

/** A piece of room that nobody has at the moment. */
typedef union tcpt_spare_steps {
    union tcpt_spare_steps *next;
    tcpt_ack_step step;
} tcpt_spare_steps;

/** Room for the histories of all flows, in pieces of 1, 2, 4, ... steps: each history grows several times, and nearly
 * all are short. All zero to begin with. */
typedef struct tcpt_ack_step_room {
    GPtrArray *slabs;        /**< NULL before the first */
    tcpt_spare_steps *fresh; /**< in the newest slab, never had by anybody */
    uint32_t fresh_steps;
    tcpt_spare_steps *spare[9]; /**< by the logarithm of their size */
} tcpt_ack_step_room;

/** How many steps an end has room for. Their number tells: room is doubled when it is full, and what is thinned then
 * keeps three quarters. */
unsigned tcpt_ack_steps_room(const tcpt_endpoint *acker);

/** Give back the history of an end that is not needed any more. */
void tcpt_ack_steps_give_back(tcpt_ack_step_room *room, tcpt_endpoint *acker);

/** Let an end have that history again, of as many steps as it says. */
void tcpt_ack_steps_set(tcpt_ack_step_room *room, tcpt_endpoint *acker, const tcpt_ack_step *steps);

void tcpt_ack_step_room_clear(tcpt_ack_step_room *room);

/** Make a history twice as long, or thin it where it is as long as it may become: it has no room left. */
void tcpt_ack_steps_grow(tcpt_ack_step_room *room, tcpt_endpoint *acker);

/** Note when the acknowledgment number of `acker` reached `ack`, with which record. */
static inline void tcpt_note_ack_step(tcpt_ack_step_room *room, tcpt_endpoint *acker, uint32_t ack, int64_t time_ns,
                                      uint32_t record)
{
    unsigned count = acker->ack_step_count;

    if (!(count & (count - 1)) && (!count || count >= TCPT_ACK_STEPS_FIRST)) /* as many as there is room for */
        tcpt_ack_steps_grow(room, acker);
    acker->ack_steps[acker->ack_step_count++] = (tcpt_ack_step){time_ns, ack, record};
}

#endif
