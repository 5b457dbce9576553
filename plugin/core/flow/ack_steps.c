/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/ack_steps.h"

#include <string.h>

#include "tcptriage/portable.h"

G_STATIC_ASSERT(1 << (G_N_ELEMENTS(((tcpt_ack_step_room *)NULL)->spare) - 1) == TCPT_ACK_STEPS_MOST);
G_STATIC_ASSERT(sizeof(tcpt_spare_steps) == sizeof(tcpt_ack_step));

static unsigned logarithm(unsigned steps)
{
    return tcpt_highest_bit(steps);
}

static void give_back(tcpt_ack_step_room *room, tcpt_spare_steps *piece, unsigned steps)
{
    piece->next = room->spare[logarithm(steps)];
    room->spare[logarithm(steps)] = piece;
    tcpt_forbid(piece, steps * sizeof *piece);
}

static void open_slab(tcpt_ack_step_room *room)
{
    for (; room->fresh_steps; room->fresh_steps &= room->fresh_steps - 1) { /* what is left, in pieces */
        unsigned steps = room->fresh_steps & -room->fresh_steps;

        give_back(room, room->fresh, steps);
        room->fresh += steps;
    }
    if (!room->slabs)
        room->slabs = g_ptr_array_new_with_free_func(g_free);
    room->fresh = g_new(tcpt_spare_steps, TCPT_ACK_STEPS_SLAB);
    room->fresh_steps = TCPT_ACK_STEPS_SLAB;
    g_ptr_array_add(room->slabs, room->fresh);
}

static tcpt_ack_step *take(tcpt_ack_step_room *room, unsigned steps)
{
    tcpt_spare_steps *piece = room->spare[logarithm(steps)];

    if (piece) {
        tcpt_allow(piece, steps * sizeof *piece);
        room->spare[logarithm(steps)] = piece->next;
        return &piece->step;
    }
    if (room->fresh_steps < steps)
        open_slab(room);
    piece = room->fresh;
    room->fresh += steps;
    room->fresh_steps -= steps;
    return &piece->step;
}

static void thin(tcpt_endpoint *acker)
{
    unsigned half = acker->ack_step_count / 2, kept = 0;

    for (unsigned i = 1; i < half; i += 2)
        acker->ack_steps[kept++] = acker->ack_steps[i];
    memmove(acker->ack_steps + kept, acker->ack_steps + half,
            (acker->ack_step_count - half) * sizeof *acker->ack_steps);
    acker->ack_step_count = (uint16_t)(kept + acker->ack_step_count - half);
}

/* Room that others have given back is there for whoever needs it. */
static bool may_grow(const tcpt_ack_step_room *room, unsigned count)
{
    bool crowded = room->slabs && room->slabs->len >= TCPT_ACK_STEP_SLABS_MANY;

    if (count == TCPT_ACK_STEPS_MOST)
        return false;
    return !crowded || count < TCPT_ACK_STEPS_CROWDED || room->spare[logarithm(2 * count)];
}

void tcpt_ack_steps_grow(tcpt_ack_step_room *room, tcpt_endpoint *acker)
{
    tcpt_ack_step *before = acker->ack_steps;
    unsigned count = acker->ack_step_count;

    if (!may_grow(room, count)) {
        thin(acker);
        return;
    }
    acker->ack_steps = take(room, MAX(TCPT_ACK_STEPS_FIRST, 2 * count));
    for (unsigned i = 0; i < count; i++)
        acker->ack_steps[i] = before[i];
    if (count)
        give_back(room, (tcpt_spare_steps *)before, count);
}

unsigned tcpt_ack_steps_room(const tcpt_endpoint *acker)
{
    unsigned room = TCPT_ACK_STEPS_FIRST;

    while (room < acker->ack_step_count)
        room *= 2;
    return acker->ack_step_count ? room : 0;
}

void tcpt_ack_steps_give_back(tcpt_ack_step_room *room, tcpt_endpoint *acker)
{
    if (acker->ack_step_count)
        give_back(room, (tcpt_spare_steps *)acker->ack_steps, tcpt_ack_steps_room(acker));
    acker->ack_steps = NULL;
    acker->ack_step_count = 0;
}

void tcpt_ack_steps_set(tcpt_ack_step_room *room, tcpt_endpoint *acker, const tcpt_ack_step *steps)
{
    if (!acker->ack_step_count)
        return;
    acker->ack_steps = take(room, tcpt_ack_steps_room(acker));
    memcpy(acker->ack_steps, steps, acker->ack_step_count * sizeof *steps);
}

void tcpt_ack_step_room_clear(tcpt_ack_step_room *room)
{
    if (room->slabs)
        g_ptr_array_free(room->slabs, TRUE);
}
